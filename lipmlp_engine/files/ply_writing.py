"""Writes binary PLY: whatever columns of vertices, and faces. Knows no frames and no shapes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from .whole_file import written_whole

TYPES = {"float": "<f4", "double": "<f8", "uchar": "u1"}
"""What numpy calls PLY's types. Follows from the format."""
TINTS = ("red", "green", "blue", "alpha")

Block = tuple[Sequence[str], str, NDArray[Any]]
"""Columns of one type: their names, PLY's type, and the values (n, names)."""


def write_ply(stream: IO[bytes], blocks: Sequence[Block], faces: NDArray[np.integer], comment: str = "") -> None:
    """Vertices with all these columns, and faces (m, k) of as many corners each."""
    count, corners = len(blocks[0][2]), faces.shape[1]
    rows = np.empty(count, [(name, TYPES[kind]) for names, kind, _ in blocks for name in names])
    for names, _, values in blocks:
        for name, column in zip(names, values.T, strict=True):
            rows[name] = column
    cells = np.empty(len(faces), [("count", "u1"), ("corners", "<i4", (corners,))])
    cells["count"], cells["corners"] = corners, faces
    header = [
        "ply",
        "format binary_little_endian 1.0",
        *([f"comment {comment}"] if comment else []),
        f"element vertex {count}",
        *(f"property {kind} {name}" for names, kind, _ in blocks for name in names),
        f"element face {len(cells)}",
        "property list uchar int vertex_indices",
        "end_header\n",
    ]
    stream.write("\n".join(header).encode())
    stream.write(rows.tobytes())
    stream.write(cells.tobytes())


def write_exact_ply(
    path: Path,
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    shades: NDArray[np.uint8] | None = None,
) -> None:
    """In doubles: of a survey's millions of metres floats keep but half a metre. Colours have four bytes a vertex."""
    blocks: list[Block] = [("xyz", "double", vertices)]
    if shades is not None:
        blocks.append((TINTS, "uchar", shades))
    with written_whole(path) as stream:
        write_ply(stream, blocks, triangles)
