"""Reads PLY files, ascii and binary, with all their properties; knows nothing of what the numbers are used for.

Lists may differ in length from row to row, as the faces do that Blender writes. Nothing in a file is believed before
it has been held against the bytes that are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..job.errors import ShapeError
from .ply_numbers import Column, Element, Lists, Octets, Property, Source, Words

_KINDS = {
    **{"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4"},
    **{"float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2"},
    **{"int32": "i4", "uint32": "u4", "int64": "i8", "uint64": "u8", "float32": "f4", "float64": "f8"},
}
_BYTE_ORDERS = {"ascii": "", "binary_little_endian": "<", "binary_big_endian": ">"}
_LONGEST_HEADER = 1 << 20
_MOST_PROPERTIES = 1000
_CORNERS = ("vertex_indices", "vertex_index")
_END = re.compile(rb"(?:^|[\r\n])end_header[ \t]*(\r\n|\n|\r)")


@dataclass(frozen=True)
class Ply:
    """What a PLY file holds."""

    vertices: NDArray[np.float64]
    """(n, 3)"""
    faces: Lists
    """The vertices around each polygon, int64, not checked against how many vertices there are."""
    vertex: dict[str, Column]
    """Every property of the vertices that is one number each, x, y and z among them, as the file types them."""
    face: dict[str, Column | Lists]
    """Every property of the faces but their corners."""
    others: dict[str, dict[str, Column | Lists]] = field(default_factory=dict)
    """All other elements, such as edges."""
    comments: tuple[str, ...] = ()


def read_ply(path: Path) -> Ply:
    """Read a PLY file; raises ShapeError where it is none, is damaged or cut short, OSError where it cannot be read."""
    data = path.read_bytes()
    try:
        order, elements, comments, start = _header_of(data)
        source: Source = Octets(data[start:], order) if order else Words(data[start:])
        content: dict[str, dict[str, Column | Lists]] = {}
        for element in elements:
            content[element.name] = source.read(element)
        return _ply_of(content, comments)
    except (ValueError, OverflowError) as error:
        raise ShapeError(f"{path} is a damaged PLY file ({error}); export it again.") from error


def _ply_of(content: dict[str, dict[str, Column | Lists]], comments: tuple[str, ...]) -> Ply:
    vertex = {name: column for name, column in content.pop("vertex", {}).items() if not isinstance(column, Lists)}
    if any(name not in vertex for name in "xyz"):
        raise ValueError("it has no vertices with x, y and z")
    face = content.pop("face", {})
    name = next((name for name in _CORNERS if isinstance(face.get(name), Lists)), None)
    corners = face.pop(name) if name is not None else Lists(np.zeros(1, np.int64), np.zeros(0, np.int64))
    assert isinstance(corners, Lists)
    if not np.isfinite(corners.values).all():
        raise ValueError("a face's corner is no number")
    faces = Lists(corners.offsets, corners.values.astype(np.int64))
    with np.errstate(invalid="ignore"):
        vertices = np.stack([np.asarray(vertex[axis], np.float64) for axis in "xyz"], axis=1)
    return Ply(vertices, faces, vertex, face, content, comments)


def _header_of(data: bytes) -> tuple[str, list[Element], tuple[str, ...], int]:
    """The byte order (empty for ascii), the elements, the comments, and where the numbers begin."""
    end = _END.search(data, 0, _LONGEST_HEADER)
    if not data.startswith(b"ply") or end is None:
        raise ValueError("it has no complete header")
    stop = end.end()
    if end[1] == b"\r\n" and not re.match(rb"ply[ \t]*\r\n", data):
        stop -= 1  # an old Mac's line end, and a number that begins with the byte of a new line
    order: str | None = None
    elements: list[Element] = []
    comments: list[str] = []
    for line in re.split(r"\r\n|\n|\r", data[: end.start()].decode("utf-8", "replace"))[1:]:
        match line.split():
            case ["format", name, _]:
                order = _BYTE_ORDERS.get(name)
            case ["comment" | "obj_info", *_]:
                comments.append(line.strip().partition(" ")[2])
            case ["element", name, count] if count.isdecimal() and len(count) < 16:
                if any(name == other.name for other in elements):
                    raise ValueError(f"it has the element '{name[:40]}' twice")
                elements.append(Element(name, int(count)))
            case ["property", "list", counts, kind, name] if elements and {counts, kind} <= set(_KINDS):
                _add(elements[-1], Property(name, _KINDS[kind], _KINDS[counts]))
            case ["property", kind, name] if elements and kind in _KINDS:
                _add(elements[-1], Property(name, _KINDS[kind]))
            case []:
                pass
            case _:
                raise ValueError(f"its header says {line.strip()[:60]!r}")
    if order is None:
        raise ValueError("it is in no known format")
    return order, elements, tuple(comments), stop


def _add(element: Element, entry: Property) -> None:
    if any(entry.name == other.name for other in element.properties):
        raise ValueError(f"it has the property '{entry.name[:40]}' twice")
    if len(element.properties) >= _MOST_PROPERTIES:
        raise ValueError(f"it has more than {_MOST_PROPERTIES} properties")
    if entry.counts.startswith("f"):
        raise ValueError("a list's length is no whole number")
    element.properties.append(entry)
