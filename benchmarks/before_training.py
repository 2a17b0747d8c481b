"""What a job's time goes into before it trains: python -m benchmarks.before_training cat.obj koala.obj

Seconds on the clock and of processor, all threads together, medians over the runs. In another version's checkout the
same is said of that: python FOLDER/benchmarks/before_training.py, from there.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STAGES = ("matched and placed", "flow roughly known", "flow known", "blend settled, samples taken", "in all")
"""What has been done when a progress of so much is told; the second one only where a flow is looked for."""
TOLD = {("guide", 0.2): 0, ("guide", 0.56): 1, ("guide", 0.8): 2}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shapes", nargs=2, type=Path)
    parser.add_argument("--preset", default="draft")
    parser.add_argument("--guide", default="auto")
    parser.add_argument("--runs", type=int, default=3, help="after one that is not counted")
    given = parser.parse_args()

    import torch

    from lipmlp_engine.job.description import Job
    from lipmlp_engine.reading.load import load_shapes
    from lipmlp_engine.running.method import prepared
    from lipmlp_engine.training.follower import Follower

    values = Job.preset(given.preset).to_dict()
    values["shapes"] = [{"path": str(path.resolve()), "name": path.stem} for path in given.shapes]
    values["guide"]["kind"] = given.guide
    job = Job.from_dict(values)
    shapes = load_shapes(job, Path(), lambda note: None)

    def once(follower: Any) -> None:
        prepared(job, shapes, torch.device("cpu"), Follower(follower, lambda: False))

    once(lambda event: None)
    runs = [_timed(once) for _ in range(given.runs)]
    for index, name in enumerate(STAGES):
        found = [run[index] for run in runs if index in run]
        if found:
            clock, processor = (statistics.median(part) for part in zip(*found, strict=True))
            print(f"{name:32}{clock:8.2f} s {processor:8.2f} CPU-s", flush=True)


def _timed(once: Callable[[Any], None]) -> dict[int, tuple[float, float]]:
    """How long after the one before each stage was done, and in the end after the beginning."""
    began = before = time.perf_counter(), time.process_time()
    found: dict[int, tuple[float, float]] = {}

    def passed(index: int, since: tuple[float, float]) -> tuple[float, float]:
        now = time.perf_counter(), time.process_time()
        found[index] = now[0] - since[0], now[1] - since[1]
        return now

    def told(event: Any) -> None:
        nonlocal before
        place = getattr(event, "phase", ""), round(getattr(event, "fraction", 0.0), 2)
        if place in TOLD and TOLD[place] not in found:
            before = passed(TOLD[place], before)

    once(told)
    passed(3, before)
    passed(4, began)
    return found


if __name__ == "__main__":
    main()
