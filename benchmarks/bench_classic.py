"""The classic demonstrations of 1-Lipschitz networks, with plots: python benchmarks/bench_classic.py [--out FOLDER]"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.classic import koch, two_moons, wasserstein


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/classic"), help="folder of the plots")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)

    started = time.perf_counter()
    for name, signs in (("two sets", (1.0,)), ("square of either sign", (1.0, -1.0))):
        images = wasserstein.run(signs)
        print(f"Wasserstein, toy images, {name}: {images.distance:.4f} of {wasserstein.TRUE_DISTANCE:.0f}", flush=True)
    wasserstein.plot(images, folder / "wasserstein.png")
    print(f"  {time.perf_counter() - started:.1f} s", flush=True)

    started = time.perf_counter()
    moons = two_moons.run()
    two_moons.plot(moons, folder / "two_moons.png")
    low, quarter, middle, high = moons.gradient
    print(
        f"Two moons, HKR: accuracy {moons.accuracy:.4f}, |∇f| median {middle:.3f} "
        f"(5 % {low:.3f}, 25 % {quarter:.3f}, 95 % {high:.3f})"
    )
    print(f"  {time.perf_counter() - started:.1f} s", flush=True)

    started = time.perf_counter()
    snow = koch.run()
    koch.plot(snow, folder / "koch.png")
    print(
        f"Koch snowflake, generation {koch.GENERATIONS}: {snow.unseen_errors} of {snow.unseen} unseen points wrong, "
        f"{snow.training_errors} of {snow.trained} trained ones beside it, none farther from it than "
        f"{snow.farthest:.4f}; certified slope {snow.steepest:.7f}"
    )
    print(f"  {time.perf_counter() - started:.1f} s", flush=True)


if __name__ == "__main__":
    main()
