"""What handing out a task costs in itself: Dask, which the batch uses, beside Ray.

    PYTHON benchmarks/crews.py --tasks 2000 --rounds 2      a Python with distributed, ray and psutil; Linux

Each task starts a process that does nothing, as each morph of a batch starts one; two workers. Seconds of processor are
those of the crew (scheduler, workers, who asks); memory is what all of them hold together, nothing counted twice.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable

import psutil

WORKERS = 2
CREWS = "dask", "ray"


def task(number: int) -> int:
    subprocess.run(["true"], check=True)
    return number


def held() -> tuple[float, float]:
    """Seconds of processor and megabytes of this process and all that it has started."""
    seconds = memory = 0.0
    own = psutil.Process()
    for process in (own, *own.children(recursive=True)):
        times = process.cpu_times()
        seconds += times.user + times.system
        memory += process.memory_full_info().pss / 1e6
    return seconds, memory


def by_dask() -> Callable[[int], int]:
    from distributed import Client, LocalCluster, as_completed

    client = Client(LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None))
    return lambda count: sum(1 for _ in as_completed(client.map(task, range(count), pure=False)))


def by_ray() -> Callable[[int], int]:
    import ray

    ray.init(num_cpus=WORKERS, include_dashboard=False, logging_level="ERROR")
    remote = ray.remote(task)

    def hand_out(count: int) -> int:
        waiting, done = [remote.remote(number) for number in range(count)], 0
        while waiting:
            ready, waiting = ray.wait(waiting, num_returns=min(50, len(waiting)))
            done += len(ray.get(ready))
        return done

    return hand_out


def measure(crew: str, count: int) -> None:
    began = time.perf_counter()
    hand_out = {"dask": by_dask, "ray": by_ray}[crew]()
    hand_out(2 * WORKERS)
    start, (before, _), began = time.perf_counter() - began, held(), time.perf_counter()
    if (done := hand_out(count)) != count:
        raise SystemExit(f"{crew}: {done} of {count} tasks came back")
    clock, (after, memory) = time.perf_counter() - began, held()
    print(
        f"{crew:4}  start {start:5.1f} s   a task {1e3 * clock / count:6.2f} ms, "
        f"{1e3 * (after - before) / count:5.2f} ms of processor   {memory:4.0f} MB",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=2, help="turns of both")
    parser.add_argument("--crew", choices=CREWS, help="this one alone, in this process")
    wanted = parser.parse_args()
    if wanted.crew:
        measure(wanted.crew, wanted.tasks)
        return
    for _ in range(wanted.rounds):
        for crew in CREWS:
            subprocess.run([sys.executable, __file__, "--crew", crew, "--tasks", str(wanted.tasks)], check=True)


if __name__ == "__main__":
    main()
