"""A morph that begins with a cloud beside one from the mesh that it was taken from: python -m benchmarks.points.morphs

Both are measured against the meshes, on the measures of benchmarks/inbetweens; *hkr* is a network that takes nothing
but labels, inside or outside, from the surface.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

from benchmarks.inbetweens.learned import morphed, ours
from benchmarks.inbetweens.measures import measure
from benchmarks.inbetweens.pairs import Pair, build
from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.reading.load import prepare, with_surface
from lipmlp_engine.shapes.cloud import Cloud

from .data import Case, cloud

WAYS = ("mesh", "cloud", "hkr mesh", "hkr cloud")
FRAMES, CELLS = 9, 96


def scanned(pair: Pair, case: Case, threads: int) -> Pair:
    """The pair whose first shape is what is found through points on it."""
    points, _ = cloud(pair.first, case)
    found = reconstruct(Cloud(points), pair.first.name, Points(), threads=threads)
    return replace(pair, first=prepare(with_surface(pair.first, found), Sampling()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pair", default="cat to koala")
    parser.add_argument("--ways", nargs="*", default=WAYS, choices=WAYS)
    parser.add_argument("--preset", default="draft")
    parser.add_argument("--points", type=int, default=20_000)
    parser.add_argument("--noise", type=float, default=0.0, help="%% of the diagonal")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[3] / "shared" / "data")
    given = parser.parse_args()
    pair = build(given.pair, given.data)
    if pair is None:
        parser.error(f"the files of '{given.pair}' are not in {given.data}")
    times = [index / (FRAMES - 1) for index in range(FRAMES)]
    for way in given.ways:
        case = Case(points=given.points, noise=given.noise)
        job = ours(given.preset, 0)
        if way.startswith("hkr"):
            job.training = replace(job.training, loss="hkr")
        frames, seconds = morphed(
            job, pair if way.endswith("mesh") else scanned(pair, case, given.threads), times, CELLS, given.threads
        )
        figures = measure(frames, pair, given.threads)
        told = {name: None if value is None else round(value, 3) for name, value in figures.items()}
        print(f"{given.pair}, {given.preset}, {way}: {seconds:.0f} s {json.dumps(told)}", flush=True)


if __name__ == "__main__":
    main()
