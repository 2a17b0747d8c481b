"""Whole jobs in processes of their own: how long, how true, whether twice the same, and what a full card does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
CAPPED = "benchmarks.gpu.capped"


class PartFailed(Exception):
    """What a part of the run did not do, in a sentence."""


@dataclass(frozen=True)
class Bench:
    """What all jobs have in common: the device, the two shapes, a folder, and the end of the time there is."""

    device: str
    shapes: tuple[Path, Path]
    folder: Path
    deadline: float
    small: tuple[str, ...] = ()
    """Options that make any job a matter of seconds, for a rehearsal without a card."""

    @property
    def left(self) -> float:
        return self.deadline - time.monotonic()


def whole_job(bench: Bench, name: str, *options: str, program: tuple[str, ...] = ("lipmlp_engine",)) -> dict[str, Any]:
    """Run a job to its end; gives its seconds, what its phases took and how true its ends are."""
    out = bench.folder / name
    command = [sys.executable, "-m", *program, "morph", *map(str, bench.shapes), "--out", str(out)]
    command += ["--device", bench.device, *bench.small, *options]
    began = time.monotonic()
    run(command, bench.left)
    seconds = time.monotonic() - began
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return {
        "seconds": round(seconds, 2),
        "seconds_to_frames": round(seconds - report["phase_seconds"]["measure"] - report["phase_seconds"]["write"], 2),
        "phases": {phase: round(taken, 2) for phase, taken in report["phase_seconds"].items()},
        "device": report["device"],
        "chamfer_percent": max((end["chamfer"] for end in report["ends"]), default=None),
        "least_volume": report["middle"]["least_volume"],
        "frames": len(report["frame_vertices"]),
        "vertices": max(report["frame_vertices"], default=0),
        "out_of_memory": [note for note in report["notes"] if "ran out of memory" in note],
    }


def same_seed_twice(bench: Bench) -> dict[str, Any]:
    """Whether two runs of one job leave the same frames, and how far apart they are where not."""
    for name in ("first", "second"):
        whole_job(bench, name, "--preset", "draft", "--no-pictures")
    pairs = [
        (path, bench.folder / "second" / "frames" / path.name)
        for path in sorted((bench.folder / "first" / "frames").glob("frame_*.npz"))
    ]
    farthest = [_apart(*pair) for pair in pairs]
    return {"frames": len(pairs), "same": farthest.count(0.0), "farthest": max(farthest)}


def _apart(first: Path, second: Path) -> float:
    """The largest difference between any two numbers of two frames; endless where they have not as many."""
    with np.load(first) as one, np.load(second) as other:
        if set(one.files) != set(other.files) or any(one[name].shape != other[name].shape for name in one.files):
            return float("inf")
        if all(np.array_equal(one[name], other[name]) for name in one.files):
            return 0.0
        return max(
            float(np.abs(one[name].astype(np.float64) - other[name]).max(initial=0.0))
            for name in one.files
            if one[name].dtype.kind in "fiub"
        )


def full_card(bench: Bench, gigabytes: float, batch: int) -> dict[str, Any]:
    """A job whose batch does not fit into the memory that it is left; it is to finish all the same, and to say so."""
    options = ("--preset", "draft", "--no-pictures", f"--set=training.batch={batch}")
    found = whole_job(bench, "full", *options, program=(CAPPED, str(gigabytes), str(batch)))
    if not found["out_of_memory"]:
        raise PartFailed(f"A batch of {batch} fitted into {gigabytes:g} GB, so nothing was shown.")
    return found


def gpu_tests(bench: Bench, where: str) -> dict[str, Any]:
    """The tests that are marked as a card's, by their outcomes."""
    command = [sys.executable, "-m", "pytest", where, "-m", "gpu", "-q", "-p", "no:cacheprovider"]
    said = run(command, bench.left)
    return {"summary": said.strip().splitlines()[-1]}


def run(command: list[str], seconds: float) -> str:
    """What a command prints; one that fails, or needs longer than there is, fails the part with its last words."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=max(1.0, seconds),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PartFailed(f"Not finished within the {max(1.0, seconds):.0f} s that were left.") from None
    if done.returncode:
        last = " / ".join(done.stdout.strip().splitlines()[-3:])
        raise PartFailed(f"Ended with exit code {done.returncode}: {last}")
    return done.stdout
