"""Many morphs: what the batch costs over its bare jobs, what it survives, and how its memory grows with the queue.

    python benchmarks/batch.py overhead          the same jobs bare and in a batch
    python benchmarks/batch.py queue             10,000 simulated jobs: does the main process grow?
    python benchmarks/batch.py kills             a Dask scheduler and three workers, killed at random
    python benchmarks/batch.py slurm             a real Slurm on this machine (Debian's slurm-wlm and munge, as root);
                                                 with --every its jobs are killed at random, and its controller once

Linux. The jobs are of the Draft preset, made tiny unless --draft is given: a box, a ball and a ring with 2,000 samples,
a network of 3 x 16, 40 steps and three frames of 32 cells, so that hundreds of processes are affordable.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import trimesh  # noqa: E402

from benchmarks.batch_watch import while_it_runs  # noqa: E402
from benchmarks.dask_here import Farm  # noqa: E402
from benchmarks.slurm_here import Slurm, why_no_slurm  # noqa: E402
from lipmlp_engine.batch.capacity import Capacity  # noqa: E402
from lipmlp_engine.batch.conduct import conduct  # noqa: E402
from lipmlp_engine.batch.listing import read_list  # noqa: E402
from lipmlp_engine.batch.local import LocalCrew  # noqa: E402
from lipmlp_engine.batch.steps import Steps  # noqa: E402
from lipmlp_engine.batch.story import Story  # noqa: E402
from lipmlp_engine.batch.tasks import Outcome, Task  # noqa: E402

TINY: dict[str, dict[str, Any]] = {
    "sampling": {"points": 2000},
    "network": {"width": 16, "depth": 3},
    "guide": {"kind": "none"},
    "training": {"steps": 40, "batch": 256, "device": "cpu"},
    "extraction": {"resolution": 32, "frames": 3},
    "output": {"pictures": False},
}
PORT = 18791


def surroundings() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def engine(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", "lipmlp_engine", *map(str, arguments)]


def write_list(place: Path, morphs: int, draft: bool) -> Path:
    """A list of so many morphs between three shapes."""
    shapes = place / "shapes"
    shapes.mkdir(parents=True)
    trimesh.creation.box((1.0, 1.0, 1.0)).export(shapes / "box.stl")
    trimesh.creation.icosphere(subdivisions=3, radius=0.6).export(shapes / "ball.stl")
    trimesh.creation.torus(0.7, 0.25).export(shapes / "ring.stl")
    pairs = ["ball", "box", "ring"]
    entries = []
    for number in range(morphs):
        first, last = pairs[number % 3], pairs[(number + 1) % 3]
        settings = {"training.seed": number}
        paths = [f"shapes/{first}.stl", f"shapes/{last}.stl"]
        entries.append({"name": f"morph_{number:05d}", "shapes": paths, "settings": settings})
    path = place / "morphs.json"
    settings = {"training.device": "cpu"} if draft else TINY
    path.write_text(json.dumps({"preset": "draft", "out": "results", "settings": settings, "morphs": entries}))
    return path


def overhead(options: argparse.Namespace) -> dict[str, Any]:
    """The same jobs as bare processes, as many side by side as the batch has, and in a batch, in turn."""
    place = Path(options.place)
    source = write_list(place, options.morphs, options.draft)
    orders = read_list(source).orders

    def bare(name: str) -> float:
        folder = place / name
        jobs = []
        for order in orders:
            job = order.job()
            job.training.threads, job.output.folder = 1, str(folder / order.name)
            path = folder / f"{order.name}.json"
            path.parent.mkdir(parents=True, exist_ok=True)
            job.write(path)
            jobs.append(engine("run", path))
        began = time.monotonic()

        def run(command: list[str]) -> None:
            subprocess.run(command, env=surroundings(), check=True, capture_output=True)

        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(run, jobs))
        return time.monotonic() - began

    def batch(name: str) -> float:
        began = time.monotonic()
        command = engine("batch", source, "--out", place / name, "--jobs", options.jobs, "--cores", options.jobs)
        subprocess.run(command, env=surroundings(), check=True, capture_output=True)
        return time.monotonic() - began

    def measured(what: Any, name: str) -> tuple[float, float]:
        before = os.times()
        seconds = what(name)
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        return seconds, spent

    rounds = []
    for number in range(options.rounds):
        rounds.append((measured(bare, f"bare{number}"), measured(batch, f"batch{number}")))
    wall = [sum(pair[k][0] for pair in rounds) for k in (0, 1)]
    cpu = [sum(pair[k][1] for pair in rounds) for k in (0, 1)]
    return {
        "morphs": options.morphs, "side by side": options.jobs, "rounds": options.rounds,
        "bare, s": round(wall[0], 1), "batch, s": round(wall[1], 1),
        "overhead, %": round(100 * (wall[1] / wall[0] - 1), 1),
        "bare, CPU s": round(cpu[0], 1), "batch, CPU s": round(cpu[1], 1),
        "overhead in CPU, %": round(100 * (cpu[1] / cpu[0] - 1), 1),
    }  # fmt: skip


class _Silent:
    def hear(self, event: Any) -> None:
        pass

    def overall(self, done: float, counts: Counter[str]) -> None:
        pass


def queue_of(place: Path, morphs: int, looks: int = 10) -> dict[str, Any]:
    """Simulated jobs through the real list, queue, crew, story and record; memory after every tenth of them."""
    source = write_list(place, morphs, draft=False)
    began = time.monotonic()
    listing = read_list(source)
    read = time.monotonic() - began
    memory: list[float] = []
    count = [0]

    def simulated(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        return Outcome("done", seconds=0.0, figures={"chamfer": 0.01, "frames": 3.0})

    story = Story(morphs, place / "record.jsonl", _Silent())
    orders = listing.orders[::-1]
    listing.orders.clear()

    def handed() -> Any:
        while orders:
            if count[0] % max(1, morphs // looks) == 0:
                memory.append(_resident())
            count[0] += 1
            yield orders.pop()

    steps = Steps(handed(), retries=2, gpus=lambda job: 0)
    began = time.monotonic()
    crew = LocalCrew(Capacity(2, 1e12), simulated)
    conduct(steps, crew, story, lambda: False, lambda: len(orders))
    crew.close()
    story.close()
    spent = time.monotonic() - began
    memory.append(_resident())
    return {
        "morphs": morphs, "done": story.counts["done"], "list read in, s": round(read, 1),
        "ms a job": round(1000 * spent / morphs, 2), "resident MB": [round(value, 1) for value in memory],
        "growth from the first tenth on, MB": round(memory[-1] - memory[1], 1),
    }  # fmt: skip


def _resident() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def kills(options: argparse.Namespace) -> dict[str, Any]:
    """A batch on a real scheduler and real workers, one of which dies now and then, and once the scheduler."""
    place = Path(options.place)
    source = write_list(place, options.morphs, options.draft)
    farm = Farm(place, options.workers, PORT, surroundings())
    results = place / "results"
    options.every = options.every or 30.0
    began = time.monotonic()
    command = engine("batch", source, "--scheduler", farm.address, "--retries", 20, "--wait", 300, "--patience", 300)
    with open(place / "client.log", "wb") as log:
        client = subprocess.Popen(command, stdout=log, stderr=log, env=surroundings())
    try:
        marks = while_it_runs(
            client, results, options, lambda draws: farm.kill(draws.randint(1, options.workers)), lambda: farm.kill(0)
        )
    finally:
        farm.close()
    seconds = time.monotonic() - began
    left = list(results.rglob("*.part"))
    record = [json.loads(line) for line in (results / "lipmorph-batch.jsonl").read_text().splitlines()]
    return {
        "morphs": options.morphs, "workers": options.workers, "exit code": client.returncode, "done": len(marks.stamps),
        "kills": dict(farm.kills), "done twice": len(marks.twice), "drafts left": len(left), "seconds": round(seconds),
        "tasks begun anew": dict(Counter(line["event"] for line in record if line["event"] != "morph")),
        "attempts": dict(Counter(str(line["attempts"]) for line in record if line["event"] == "morph")),
    }  # fmt: skip


def slurm(options: argparse.Namespace) -> dict[str, Any]:
    """A batch whose workers are started by a real Slurm on this machine."""
    reason = why_no_slurm()
    if reason:
        return {"skipped": reason}
    place = Path(options.place)
    source = write_list(place, options.morphs, options.draft)
    with Slurm(place) as cluster:
        began = time.monotonic()
        command = engine(
            "batch", source, "--cluster", "slurm", "--workers", options.workers, "--worker-memory", 2, "--queue", "all",
            "--walltime", options.walltime, "--wait", 300, "--interface", "lo",
        )  # fmt: skip
        command += ["--retries", 20, "--patience", 300] if options.every else []
        words = place / "client.log"
        with open(words, "wb") as log:
            around = {**surroundings(), **cluster.environment}
            client = subprocess.Popen([*map(str, command)], env=around, stdout=log, stderr=log, cwd=place)
        marks = while_it_runs(client, place / "results", options, cluster.kill_a_job, cluster.kill_controller)
        seconds = time.monotonic() - began
        jobs = cluster.jobs_seen()
    return {
        "morphs": options.morphs, "exit code": client.returncode, "done": len(marks.stamps), "Slurm jobs": jobs,
        "killed": dict(cluster.kills), "done twice": len(marks.twice), "seconds": round(seconds),
        "drafts left": len(list((place / "results").rglob("*.part"))),
        "said": words.read_text(errors="replace").strip().splitlines()[-2:],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="queue", choices=["overhead", "queue", "kills", "slurm"])
    parser.add_argument("--morphs", type=int, help="how many (12 bare, 10,000 simulated, 60 with kills, 6 with Slurm)")
    parser.add_argument("--draft", action="store_true", help="the Draft preset as it is, and not made tiny")
    parser.add_argument("--jobs", type=int, default=2, help="processes side by side")
    parser.add_argument("--rounds", type=int, default=2, help="bare and batch in turn")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--walltime", default="00:30:00", help="of a worker, as Slurm takes it; less lets workers end")
    parser.add_argument("--every", type=float, help="seconds between two kills, about (30 with Dask, none with Slurm)")
    parser.add_argument("--seed", type=int, default=16)
    parser.add_argument("--place", help="a new folder to work in, which is kept (default one that is not)")
    options = parser.parse_args()
    options.morphs = options.morphs or {"overhead": 12, "queue": 10_000, "kills": 60, "slurm": 6}[options.what]
    with tempfile.TemporaryDirectory() as temporary:
        options.place = options.place or temporary
        if options.what == "queue":
            made = queue_of(Path(options.place), options.morphs)
        else:
            made = {"overhead": overhead, "kills": kills, "slurm": slurm}[options.what](options)
    print(json.dumps(made, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
