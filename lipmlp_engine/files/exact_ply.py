"""Writes a mesh as a PLY of doubles: of a survey's millions of metres floats keep but half a metre."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .whole_file import written_whole


def write_exact_ply(
    path: Path,
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    shades: NDArray[np.uint8] | None = None,
) -> None:
    """Vertices (n, 3), triangles (m, 3), and a colour of four bytes a vertex where there is one."""
    tints = [] if shades is None else ["red", "green", "blue", "alpha"]
    rows = np.empty(len(vertices), [("place", "<f8", (3,)), *((tint, "u1") for tint in tints)])
    rows["place"] = vertices
    if shades is not None:
        for tint, column in zip(tints, shades.T, strict=True):
            rows[tint] = column
    faces = np.empty(len(triangles), [("count", "u1"), ("corners", "<i4", (3,))])
    faces["count"], faces["corners"] = 3, triangles
    header = [
        "ply",
        "format binary_little_endian 1.0",
        f"element vertex {len(rows)}",
        *(f"property double {axis}" for axis in "xyz"),
        *(f"property uchar {tint}" for tint in tints),
        f"element face {len(faces)}",
        "property list uchar int vertex_indices",
        "end_header\n",
    ]
    with written_whole(path) as stream:
        stream.write("\n".join(header).encode())
        stream.write(rows.tobytes())
        stream.write(faces.tobytes())
