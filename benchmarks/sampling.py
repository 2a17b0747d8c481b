"""How fast signed distances are measured, beside libigl in the same run: python benchmarks/sampling.py [mesh …]

libigl gets every advantage: points already sorted in space, its tree built beforehand, and the time it takes to prepare
the winding number taken off. Both use all cores; rounds alternate and the median counts.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import igl
import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.morton import morton_order
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.shapes.surface_samples import sample_near

SPREADS = (0.0015, 0.0075, 0.025)
"""Standard deviations of the points near the surface, in diagonals."""
NEAR_SHARE = 0.8


def bumpy(triangles: int) -> Shape:
    """A closed ball of bumps with about that many triangles."""
    columns = round((triangles / 2) ** 0.5)
    tilt, turn = np.meshgrid(
        np.linspace(0, np.pi, columns + 1), np.linspace(0, 2 * np.pi, columns, endpoint=False), indexing="ij"
    )
    radius = 1 + 0.2 * np.sin(6 * tilt) ** 2 * np.sin(7 * turn)
    ball = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    vertices = (ball * radius[..., None]).reshape(-1, 3)
    index = np.arange(len(vertices), dtype=np.int32).reshape(columns + 1, columns)
    # All corners at a pole are one, so that the surface is closed.
    index[0], index[-1] = index[0, 0], index[-1, 0]
    a, b = index[:-1], index[1:]
    c, d = np.roll(b, -1, axis=1), np.roll(a, -1, axis=1)
    faces = np.concatenate(
        [np.stack([a, b, c], axis=-1)[:-1].reshape(-1, 3), np.stack([a, c, d], axis=-1)[1:].reshape(-1, 3)]
    )
    return Shape(f"bumpy ball {len(faces):,}", vertices, faces)


def probes(shape: Shape, count: int, near: float, rng: np.random.Generator) -> NDArray[np.float64]:
    close = round(near * count)
    low, high = shape.bounds
    margin = 0.1 * shape.diagonal
    spreads = [spread * shape.diagonal for spread in SPREADS]
    return np.concatenate(
        [
            sample_near(shape.vertices, shape.triangles, close, spreads, rng),
            rng.uniform(low - margin, high + margin, (count - close, 3)),
        ]
    )


@dataclass(frozen=True)
class Duration:
    """Of one task: seconds on the clock, and seconds of all cores together, which other programs disturb less."""

    wall: float
    cpu: float

    def __add__(self, other: Duration) -> Duration:
        return Duration(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: Duration) -> Duration:
        return Duration(self.wall - other.wall, self.cpu - other.cpu)


@dataclass(frozen=True)
class Comparison:
    """Ours against libigl, on the same points."""

    ours: Duration
    theirs: Duration
    difference: float
    """Largest difference of unsigned distances, in diagonals."""
    sides: int
    """Points that lie on another side."""


def timed(task: Callable[[], object]) -> Duration:
    wall, cpu = time.perf_counter(), time.process_time()
    task()
    return Duration(time.perf_counter() - wall, time.process_time() - cpu)


def median(durations: list[Duration]) -> Duration:
    return Duration(statistics.median(d.wall for d in durations), statistics.median(d.cpu for d in durations))


def compare(shape: Shape, points: NDArray[np.float64], rounds: int, device: str) -> Comparison:
    faces = shape.triangles.astype(np.int64)
    field = DistanceField(shape.vertices, shape.triangles, device=device)
    tree = igl.AABB()
    tree.init(shape.vertices, faces)
    ordered = points[morton_order(points)]
    field.signed(points)
    ours, preparing, distances, windings = [], [], [], []
    for _ in range(rounds):
        ours.append(timed(lambda: field.signed(points)))
        preparing.append(timed(lambda: igl.fast_winding_number(shape.vertices, faces, ordered[:1])))
        distances.append(timed(lambda: tree.squared_distance(shape.vertices, faces, ordered)))
        windings.append(timed(lambda: igl.fast_winding_number(shape.vertices, faces, ordered)))
    squared, _, _ = tree.squared_distance(shape.vertices, faces, ordered)
    inside = igl.fast_winding_number(shape.vertices, faces, ordered) > 0.5
    mine, theirs = field.signed(ordered), np.sqrt(squared)
    # A point closer than single precision can tell has no side.
    sides = int((((mine < 0) != inside) & (theirs > 1e-6 * shape.diagonal)).sum())
    return Comparison(
        median(ours),
        median(distances) + median(windings) - median(preparing),
        float(np.abs(np.abs(mine) - theirs).max() / shape.diagonal),
        sides,
    )


def million(device: str) -> Duration:
    """From a mesh of 50,000 triangles to a million signed distances: samples, tree and all."""
    shape = bumpy(50_000)

    def task() -> None:
        points = probes(shape, 1_000_000, NEAR_SHARE, np.random.default_rng(0))
        DistanceField(shape.vertices, shape.triangles, device=device).signed(points)

    return median([timed(task) for _ in range(3)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("meshes", nargs="*", type=Path, help="mesh files; default: cat.obj of ../shared/data if there")
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    options = parser.parse_args()
    cat = Path(__file__).parents[2] / "shared" / "data" / "cat.obj"
    files = options.meshes or ([cat] if cat.is_file() else [])
    shapes = [*(read_shape(path) for path in files), bumpy(50_000), bumpy(500_000)]

    print(f"{options.points:,} points, median of {options.rounds} alternating rounds, thousand points a second")
    print(f"{'':36}{'on the clock':^24}{'per CPU second':^24}{'largest':>12}{'other':>7}")
    print(f"{'shape':<22}{'points':<14}{'ours  libigl  ratio':>22}{'ours  libigl  ratio':>24}{'error':>14}{'side':>7}")
    for shape in shapes:
        for name, near in (("recipe", NEAR_SHARE), ("near only", 1.0), ("uniform", 0.0)):
            points = probes(shape, options.points, near, np.random.default_rng(0))
            found = compare(shape, points, options.rounds, options.device)
            rates = ""
            for ours, theirs in ((found.ours.wall, found.theirs.wall), (found.ours.cpu, found.theirs.cpu)):
                thousands = options.points / 1e3
                rates += f"{thousands / ours:>9.0f}{thousands / theirs:>8.0f}{theirs / ours:>7.2f}"
            print(f"{shape.name:<22}{name:<14}{rates}{found.difference:>12.1e}{found.sides:>7}", flush=True)
    whole = million(options.device)
    print(
        f"a million points of the 50,000-triangle shape, drawn and measured: {whole.wall:.2f} s on the clock, "
        f"{whole.cpu:.2f} CPU seconds"
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"peak memory {peak / 1024:.0f} MB")


if __name__ == "__main__":
    main()
