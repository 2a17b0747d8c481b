"""Whole jobs, as a user starts them: time, memory and truth of the ends, beside the paper's recipe at equal time.

    python benchmarks/engine.py                         the three pairs, Standard and Draft, then the paper's recipe
    python benchmarks/engine.py --presets final --device cuda
    python benchmarks/engine.py --paper-seconds 300     how far the paper's recipe comes in five minutes
    python benchmarks/engine.py --sheets sheets         keep the contact sheets
    python benchmarks/engine.py --guide-cost --runs 3   what the guide adds to motion, samples and training

Each job is a process of its own, from start to the last written file, with 24 frames of ``--resolution`` cells.
Needs the example shapes (``../shared/data`` or LIPMORPH_DATA).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAIRS = (("cat", "koala"), ("spot", "penguin"), ("fish", "cat"))


@dataclass(frozen=True)
class Outcome:
    """What one finished job cost and reached; distances are the worse end's, in % of that shape's diagonal."""

    seconds: float
    frames_seconds: float
    """From the start to the last frame, with the process's end counted in."""
    megabytes: float
    training_seconds: float
    fitting_seconds: float
    """From the shapes read to the network trained: motion, samples and training."""
    chamfer: float
    percentile_95: float
    least_volume: float

    def row(self) -> str:
        return (
            f"{self.frames_seconds:6.1f} s to frames, {self.seconds:.1f} s in all, {self.training_seconds:.1f} s fit"
            f"{self.megabytes:6.0f} MB"
            f"   Chamfer {self.chamfer:.3f} %   95 % {self.percentile_95:.2f} %   least volume {self.least_volume:.2f}"
        )


def run_job(
    pair: tuple[str, str], data: Path, options: list[str], common: list[str], sheets: Path | None = None
) -> Outcome:
    """Run one job and read its report; keep its contact sheet where a folder for it is given."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lipmlp_engine", "morph", *(str(data / f"{name}.obj") for name in pair)]
        command += ["--out", folder, "--frames", "24", *common, *options]
        started = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        if status:
            raise SystemExit(f"{' '.join(command)} failed with status {os.waitstatus_to_exitcode(status)}.")
        if sheets is not None:
            sheets.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(folder) / "contact_sheet.png", sheets / f"{options[1]}_{pair[0]}_{pair[1]}.png")
        report = json.loads((Path(folder) / "report.json").read_text())
        phases = report["phase_seconds"]
        return Outcome(
            seconds,
            seconds - phases["measure"] - phases["write"],
            usage.ru_maxrss / 1024,
            phases["train"],
            sum(phases.get(phase, 0.0) for phase in ("guide", "sample", "train")),
            max(end["chamfer"] for end in report["ends"]),
            max(end["percentile_95"] for end in report["ends"]),
            report["middle"]["least_volume"],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--presets", nargs="+", default=["standard", "draft"])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--resolution", type=int, default=128)
    parser.add_argument("--runs", type=int, default=1, help="runs of each job; the medians are shown")
    parser.add_argument("--paper-seconds", type=float, default=0.0, help="train the paper's recipe this long instead")
    parser.add_argument("--sheets", type=Path, help="folder for the contact sheets")
    parser.add_argument("--guide-cost", action="store_true", help="measure each preset with and without the guide")
    parser.add_argument("--no-paper", action="store_true", help="leave the paper's recipe out")
    options = parser.parse_args()
    data = Path(os.environ.get("LIPMORPH_DATA", ROOT.parent / "shared" / "data"))
    if not data.is_dir():
        raise SystemExit(f"There are no example shapes in {data}; LIPMORPH_DATA names another folder.")
    common = ["--device", options.device, "--resolution", str(options.resolution)]
    if options.guide_cost:
        for preset in options.presets:
            _guide_cost(PAIRS[0], data, preset, common, options.runs)
        return
    for pair in PAIRS:
        ours: list[Outcome] = []
        for preset in options.presets:
            ours = [run_job(pair, data, ["--preset", preset], common, options.sheets) for _ in range(options.runs)]
            print(f"{pair[0]} → {pair[1]:8s} {preset:9s} {_median(ours).row()}", flush=True)
            if preset == "standard" and not options.no_paper:
                _paper(pair, data, common, options.paper_seconds or _median(ours).training_seconds, _median(ours))


def _guide_cost(pair: tuple[str, str], data: Path, preset: str, common: list[str], runs: int) -> None:
    guided, free = (
        _median([run_job(pair, data, ["--preset", preset, "--guide", kind], common) for _ in range(runs)])
        for kind in ("transport", "none")
    )
    print(
        f"{pair[0]} → {pair[1]:8s} {preset:9s} {guided.fitting_seconds:6.1f} s with the guide, "
        f"{free.fitting_seconds:6.1f} s without: {guided.fitting_seconds / free.fitting_seconds:.2f} times; "
        f"Chamfer {guided.chamfer:.3f} and {free.chamfer:.3f} %",
        flush=True,
    )


def _paper(pair: tuple[str, str], data: Path, common: list[str], seconds: float, ours: Outcome) -> None:
    settings = ["--preset", "paper", "--set", f"training.seconds={seconds:.1f}"]
    paper = run_job(pair, data, settings, common)
    print(f"{pair[0]} → {pair[1]:8s} {'paper':9s} {paper.row()}   {paper.chamfer / ours.chamfer:.1f} times ours")


def _median(outcomes: list[Outcome]) -> Outcome:
    names = Outcome.__dataclass_fields__
    return Outcome(*(statistics.median(getattr(outcome, name) for outcome in outcomes) for name in names))


if __name__ == "__main__":
    main()
