"""The numbers of a PLY file, as bytes or as words, element after element; knows no header and no meaning."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

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
class Property:
    """A column of an element, of single numbers or of lists."""

    name: str
    kind: str
    counts: str = ""
    """The type of a list's length; empty for a single number."""


@dataclass
class Element:
    """What the header says of one kind of rows."""

    name: str
    rows: int
    properties: list[Property] = field(default_factory=list)


class Source:
    """The numbers behind the header, element after element, counted in steps: bytes, or the words of a text."""

    end: int
    at = 0

    def length(self, entry: Property, at: int) -> tuple[int, int]:
        """A list's length, which stands at a step, and the step after it."""
        raise NotImplementedError

    def step(self, kind: str) -> int:
        """How many steps a number takes."""
        raise NotImplementedError

    def taken(self, places: NDArray[np.int64], kind: str) -> Column:
        """The numbers that begin at the given steps."""
        raise NotImplementedError

    def alike(self, element: Element) -> dict[str, Column | Lists] | None:
        """The element where every list is as long as in the first row, in one go; None where one is not."""
        raise NotImplementedError

    def read(self, element: Element) -> dict[str, Column | Lists]:
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

    def _row_by_row(self, element: Element) -> dict[str, Column | Lists]:
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


class Octets(Source):
    """A binary file, in bytes."""

    def __init__(self, data: bytes, order: str) -> None:
        self.raw = data
        self.order = order
        self.end = len(data)

    def step(self, kind: str) -> int:
        return int(kind[1])

    def length(self, entry: Property, at: int) -> tuple[int, int]:
        after = at + int(entry.counts[1])
        order: Literal["little", "big"] = "little" if self.order == "<" else "big"
        length = int.from_bytes(self.raw[at:after], order, signed=entry.counts[0] == "i")
        if after > self.end or not 0 <= length <= self.end - after:
            raise ValueError(f"it ends amid a list of '{entry.name[:40]}'")
        return length, after

    def taken(self, places: NDArray[np.int64], kind: str) -> Column:
        octets = np.frombuffer(self.raw, np.uint8)[places[:, None] + np.arange(self.step(kind))]
        return _native(np.ascontiguousarray(octets).view(self.order + kind).reshape(-1))

    def alike(self, element: Element) -> dict[str, Column | Lists] | None:
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


class Words(Source):
    """An ascii file; where its lines end is not looked at."""

    def __init__(self, data: bytes) -> None:
        self.numbers = np.array(data.split(), np.float64)
        self.end = len(self.numbers)

    def step(self, kind: str) -> int:
        return 1

    def length(self, entry: Property, at: int) -> tuple[int, int]:
        length = self.numbers[at] if at < self.end else -1.0
        if not 0 <= length <= self.end or length % 1:
            raise ValueError(f"it ends amid a list of '{entry.name[:40]}'")
        return int(length), at + 1

    def taken(self, places: NDArray[np.int64], kind: str) -> Column:
        return _typed(self.numbers[places], kind)

    def alike(self, element: Element) -> dict[str, Column | Lists] | None:
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
