"""Bodies that points fill, beside the truth: python -m benchmarks.points.bodies [--shapes …]"""

from __future__ import annotations

import argparse
import time

import numpy as np
from numpy.typing import NDArray

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape

from .data import shape
from .measures import compare

SHAPES = ("cat", "spot", "torus", "holes")
COUNTS = (2_000, 20_000)
STEPS = 60
"""Steps of a lattice along the diagonal."""


def inside(truth: Shape, count: int) -> NDArray[np.float64]:
    """So many points in no order throughout a shape, or those of a lattice where none are asked for."""
    field, (low, high) = DistanceField(truth.vertices, truth.triangles), truth.bounds
    if count == 0:
        step = truth.diagonal / STEPS
        axes = [np.arange(start + step / 2, end, step) for start, end in zip(low, high, strict=True)]
        places = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    else:
        places = np.random.default_rng(0).uniform(low, high, (12 * count, 3))
    return places[field.signed(places) < 0][: count or None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shapes", nargs="*", default=SHAPES)
    for name in parser.parse_args().shapes:
        truth = shape(name)
        for count in (*COUNTS, 0):
            begun = time.process_time()
            found = reconstruct(Cloud(inside(truth, count)), name, Points(), threads=1)
            spent = time.process_time() - begun
            told = compare(truth, found.vertices, found.triangles)
            print(
                f"{name:8} {'random' if count else 'lattice':8} {found.report.used:6,} points by {found.report.method}"
                f"  Chamfer {told.chamfer:.2f} %, spacing {found.report.spacing:.2f} %  parts {told.parts}"
                f"  handles {'open' if told.handles is None else format(told.handles, '+d')}  volume {told.volume:.2f}"
                f"  {spent:.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
