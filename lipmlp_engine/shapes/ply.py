"""Reads PLY files, ascii and binary, with all their properties; knows nothing of what the numbers are used for.

Lists may differ in length from row to row, as the faces do that Blender writes. Nothing in a file is believed before
it has been held against the bytes that are there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError

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

Column = NDArray[Any]


@dataclass(frozen=True)
class Lists:
    """One list for every row, all in one array: row k's is ``values[offsets[k]:offsets[k + 1]]``."""

    offsets: NDArray[np.int64]
    """(rows + 1,), rising from 0."""
    values: Column

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)


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

    def columns(self, *names: str) -> NDArray[np.float64] | None:
        """Properties of the vertices side by side, (n, len(names)); None where the file lacks one of them."""
        if any(name not in self.vertex for name in names):
            return None
        return np.stack([np.asarray(self.vertex[name], np.float64) for name in names], axis=1)


@dataclass(frozen=True)
class _Property:
    name: str
    kind: str
    counts: str = ""
    """The type of a list's length; empty for a single number."""


@dataclass
class _Element:
    name: str
    rows: int
    properties: list[_Property] = field(default_factory=list)


def read_ply(path: Path) -> Ply:
    """Read a PLY file; raises ShapeError where it is none, is damaged or cut short, OSError where it cannot be read."""
    data = path.read_bytes()
    try:
        order, elements, comments, start = _header_of(data)
        source: _Source = _Bytes(data[start:], order) if order else _Words(data[start:])
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
    vertices = np.stack([np.asarray(vertex[axis], np.float64) for axis in "xyz"], axis=1)
    return Ply(vertices, faces, vertex, face, content, comments)


def _header_of(data: bytes) -> tuple[str, list[_Element], tuple[str, ...], int]:
    """The byte order (empty for ascii), the elements, the comments, and where the numbers begin."""
    end = _END.search(data, 0, _LONGEST_HEADER)
    if not data.startswith(b"ply") or end is None:
        raise ValueError("it has no complete header")
    stop = end.end()
    if end[1] == b"\r\n" and not re.match(rb"ply[ \t]*\r\n", data):
        stop -= 1  # an old Mac's line end, and a number that begins with the byte of a new line
    order: str | None = None
    elements: list[_Element] = []
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
                elements.append(_Element(name, int(count)))
            case ["property", "list", counts, kind, name] if elements and {counts, kind} <= set(_KINDS):
                _add(elements[-1], _Property(name, _KINDS[kind], _KINDS[counts]))
            case ["property", kind, name] if elements and kind in _KINDS:
                _add(elements[-1], _Property(name, _KINDS[kind]))
            case []:
                pass
            case _:
                raise ValueError(f"its header says {line.strip()[:60]!r}")
    if order is None:
        raise ValueError("it is in no known format")
    return order, elements, tuple(comments), stop


def _add(element: _Element, entry: _Property) -> None:
    if any(entry.name == other.name for other in element.properties):
        raise ValueError(f"it has the property '{entry.name[:40]}' twice")
    if len(element.properties) >= _MOST_PROPERTIES:
        raise ValueError(f"it has more than {_MOST_PROPERTIES} properties")
    if entry.counts.startswith("f"):
        raise ValueError("a list's length is no whole number")
    element.properties.append(entry)


class _Source:
    """The numbers behind the header, element after element, counted in steps: bytes, or the words of a text."""

    end: int
    at = 0

    def length(self, entry: _Property, at: int) -> tuple[int, int]:
        """A list's length, which stands at a step, and the step after it."""
        raise NotImplementedError

    def step(self, kind: str) -> int:
        """How many steps a number takes."""
        raise NotImplementedError

    def taken(self, places: NDArray[np.int64], kind: str) -> Column:
        """The numbers that begin at the given steps."""
        raise NotImplementedError

    def alike(self, element: _Element) -> dict[str, Column | Lists] | None:
        """The element where every list is as long as in the first row, in one go; None where one is not."""
        raise NotImplementedError

    def read(self, element: _Element) -> dict[str, Column | Lists]:
        if not element.properties:
            return {}
        least = sum(self.step(entry.counts or entry.kind) for entry in element.properties)
        if element.rows * least > self.end - self.at:
            raise ValueError(f"it ends before its {element.rows:,} rows of '{element.name[:40]}'")
        if element.rows == 0:
            nothing = np.zeros(1, np.int64)
            empty = {entry.name: np.zeros(0, entry.kind) for entry in element.properties}
            return {e.name: Lists(nothing, empty[e.name]) if e.counts else empty[e.name] for e in element.properties}
        return self.alike(element) or self._row_by_row(element)

    def _row_by_row(self, element: _Element) -> dict[str, Column | Lists]:
        """One walk over the lengths, then every column at once."""
        plan = [(entry, self.step(entry.kind)) for entry in element.properties]
        at, starts, lengths = self.at, [], []
        for _ in range(element.rows):
            for entry, step in plan:
                count = 1
                if entry.counts:
                    count, at = self.length(entry, at)
                starts.append(at)
                lengths.append(count)
                at += count * step
            if at > self.end:
                raise ValueError(f"it ends amid its rows of '{element.name[:40]}'")
        self.at = at
        places = np.array(starts, np.int64).reshape(-1, len(plan))
        counts = np.array(lengths, np.int64).reshape(-1, len(plan))
        columns: dict[str, Column | Lists] = {}
        for number, (entry, step) in enumerate(plan):
            offsets = np.concatenate(([0], np.cumsum(counts[:, number])))
            within = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts[:, number])
            values = self.taken(np.repeat(places[:, number], counts[:, number]) + within * step, entry.kind)
            columns[entry.name] = Lists(offsets, values) if entry.counts else values
        return columns


class _Bytes(_Source):
    """A binary file."""

    def __init__(self, data: bytes, order: str) -> None:
        self.raw = data
        self.order = order
        self.end = len(data)

    def step(self, kind: str) -> int:
        return int(kind[1])

    def length(self, entry: _Property, at: int) -> tuple[int, int]:
        after = at + int(entry.counts[1])
        order: Literal["little", "big"] = "little" if self.order == "<" else "big"
        length = int.from_bytes(self.raw[at:after], order, signed=entry.counts[0] == "i")
        if after > self.end or not 0 <= length <= self.end - after:
            raise ValueError(f"it ends amid a list of '{entry.name[:40]}'")
        return length, after

    def taken(self, places: NDArray[np.int64], kind: str) -> Column:
        octets = np.frombuffer(self.raw, np.uint8)[places[:, None] + np.arange(self.step(kind))]
        return _native(np.ascontiguousarray(octets).view(self.order + kind).reshape(-1))

    def alike(self, element: _Element) -> dict[str, Column | Lists] | None:
        fields: list[tuple[str, str] | tuple[str, str, tuple[int]]] = []
        lengths = {}
        at = self.at
        for number, entry in enumerate(element.properties):
            count = 1
            if entry.counts:
                count, at = self.length(entry, at)
                lengths[number] = count
                fields.append((f"length {number}", self.order + entry.counts))
            fields.append((str(number), self.order + entry.kind, (count,)))
            at += count * self.step(entry.kind)
        if self.at + (at - self.at) * element.rows > self.end:
            return None
        rows = np.frombuffer(self.raw, np.dtype(fields), element.rows, self.at)
        if any((rows[f"length {number}"] != length).any() for number, length in lengths.items()):
            return None
        self.at += rows.nbytes
        columns: dict[str, Column | Lists] = {}
        for number, entry in enumerate(element.properties):
            values = _native(rows[str(number)].reshape(-1))
            offsets = np.arange(element.rows + 1, dtype=np.int64) * lengths.get(number, 1)
            columns[entry.name] = Lists(offsets, values) if entry.counts else values
        return columns


class _Words(_Source):
    """An ascii file; where its lines end is not looked at."""

    def __init__(self, data: bytes) -> None:
        self.numbers = np.array(data.split(), np.float64)
        self.end = len(self.numbers)

    def step(self, kind: str) -> int:
        return 1

    def length(self, entry: _Property, at: int) -> tuple[int, int]:
        length = self.numbers[at] if at < self.end else -1.0
        if not 0 <= length <= self.end or length % 1:
            raise ValueError(f"it ends amid a list of '{entry.name[:40]}'")
        return int(length), at + 1

    def taken(self, places: NDArray[np.int64], kind: str) -> Column:
        return _typed(self.numbers[places], kind)

    def alike(self, element: _Element) -> dict[str, Column | Lists] | None:
        if any(entry.counts for entry in element.properties):
            return None
        width = len(element.properties)
        rows = self.numbers[self.at : self.at + element.rows * width].reshape(element.rows, width)
        self.at += rows.size
        return {entry.name: _typed(rows[:, number], entry.kind) for number, entry in enumerate(element.properties)}


def _typed(values: NDArray[np.float64], kind: str) -> Column:
    if kind.startswith("f"):
        return values.astype(kind)
    limits = np.iinfo(kind)
    if not ((values >= limits.min) & (values <= limits.max)).all():
        raise ValueError("a number does not fit its type")
    return values.astype(kind)


def _native(values: Column) -> Column:
    """A copy in this machine's byte order, so that nothing keeps the file's bytes alive."""
    return values.astype(values.dtype.newbyteorder("="))
