"""An L-shaped prism as each kind of PLY, of polygons that are not convex; knows no reader."""

from __future__ import annotations

import struct
from pathlib import Path

CORNERS = [[0, 0, 0], [2, 0, 0], [2, 1, 0], [1, 1, 0], [1, 2, 0], [0, 2, 0]]
FLOOR = [5, 4, 3, 2, 1, 0]
PRISM = [*CORNERS, *([x, y, 1] for x, y, _ in CORNERS)]
"""An L of height 1: its floor and ceiling are no convex polygons. Volume 3."""
FACES = [
    FLOOR,
    [6, 7, 8, 9, 10, 11],
    *([a, b, b + 6, a + 6] for a, b in [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]),
    [5, 0, 6],
    [5, 6, 11],
]


def prism(path: Path, kind: str, newline: str = "\n", counts: str = "uchar") -> Path:
    """The prism, its corners coloured and its faces numbered, as one of the three kinds of PLY."""
    order = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}[kind]
    header = [
        *("ply", f"format {kind} 1.0", "comment made by hand", f"element vertex {len(PRISM)}"),
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {name}" for name in ("red", "green", "blue")),
        *(f"element face {len(FACES)}", f"property list {counts} int vertex_indices", "property double number"),
        *("element edge 1", "property int vertex1", "property int vertex2", "end_header"),
    ]
    rows: list[tuple[str, list[float]]] = [("fffBBB", [*place, 255, 0, 51]) for place in PRISM]
    count = {"uchar": "B", "ushort": "H", "int": "i"}[counts]
    rows += [(f"{count}{len(f)}id", [len(f), *f, n / 2]) for n, f in enumerate(FACES)]
    rows.append(("ii", [3, 4]))
    if order:
        body = b"".join(struct.pack(order + form, *values) for form, values in rows)
    else:
        body = newline.join(" ".join(f"{value:g}" for value in values) for _, values in rows).encode()
    path.write_bytes(newline.join([*header, ""]).encode() + body)
    return path
