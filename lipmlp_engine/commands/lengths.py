"""``lipmorph lengths``: in-betweens of two poses of one mesh that keep its lengths; trains nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..files.whole_file import written_whole
from ..job.errors import ShapeError


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "lengths",
        help="in-betweens of two poses of one mesh that keep its lengths",
        description="Read an .npz with first and last (n, 3), triangles (m, 3) and shares (k,), and write an .npz with "
        "positions (k, n, 3): where the vertices are at each share of the way.",
    )
    parser.add_argument("poses", type=Path, metavar="POSES", help=".npz with both poses")
    parser.add_argument("positions", type=Path, metavar="POSITIONS", help=".npz to write")
    parser.set_defaults(command=lengths)


def lengths(given: argparse.Namespace) -> int:
    import numpy as np

    from ..files.array_file import ArrayFile
    from ..poses.length_keeping import LengthPath

    try:
        stored = ArrayFile(given.poses)
        first = stored.double("first", None, 3)
        last = stored.double("last", len(first), 3)
        triangles = stored.whole("triangles", None, 3, most=max(len(first) - 1, 0))
        shares = stored.double("shares", None)
    except (OSError, ValueError) as error:
        raise ShapeError(
            f"{given.poses} does not hold two poses of one mesh, with the same vertices; make it anew."
        ) from error
    if not len(triangles):
        raise ShapeError("The mesh of the poses has no faces; give it some.")
    if not (np.isfinite(first).all() and np.isfinite(last).all()):
        raise ShapeError("A pose has coordinates that are not finite numbers.")
    path = LengthPath(first, last, triangles)
    positions = np.stack([path.at(float(share)) for share in shares]).astype(np.float32)
    with written_whole(given.positions) as stream:
        np.savez(stream, positions=positions)
    return 0
