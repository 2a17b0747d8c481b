"""Reads .npz files that a stranger may have written: every array by kind, size and range; knows no shape and no frame.

Needs numpy, nothing else. An array's header is held against the bytes that are there before any memory is asked for.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..job.hearsay import HearsayError, parsed, shown

MOST_ARRAYS = 200
LARGEST_UNPACKED = 1 << 30
"""Bytes that compressed arrays may become; ours are not compressed."""
LONGEST_TITLES = 200_000
LONGEST_HEADER = 4000
MOST_AXES = 6


class ArrayFile:
    """The arrays of a file by name; raises OSError, or HearsayError for whatever it holds instead."""

    def __init__(self, path: Path, only: Collection[str] | None = None) -> None:
        """Read the file, or of it the arrays of these names ``only``; the others are known to be there."""
        try:
            with zipfile.ZipFile(path) as archive:
                entries = archive.infolist()
                if len(entries) > MOST_ARRAYS:
                    raise HearsayError(f"it holds more than {MOST_ARRAYS} arrays")
                packed = [entry for entry in entries if entry.compress_type != zipfile.ZIP_STORED]
                if sum(entry.file_size for entry in packed) > LARGEST_UNPACKED:
                    raise HearsayError("it would become too large")
                self._names = [entry.filename.removesuffix(".npy") for entry in entries]
                self._arrays = {}
                for name, entry in zip(self._names, entries, strict=True):
                    if only is None or name in only:
                        with archive.open(entry) as stream:
                            self._arrays[name] = _read(stream, entry.file_size)
        except (HearsayError, OSError, MemoryError):
            raise
        except Exception as error:
            # What zipfile and numpy raise on damaged bytes is no closed list: struct.error, zlib.error, SyntaxError …
            raise HearsayError(shown(f"it is no .npz file: {error}", 200)) from error

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def size(self, name: str, axis: int) -> int:
        """How long the array is along an axis; 0 where it has no such axis."""
        values = self._arrays.get(name)
        return values.shape[axis] if values is not None and values.ndim > axis else 0

    def number(self, name: str) -> float:
        """A finite number."""
        value = float(self._array(name, (), "iuf"))
        if not math.isfinite(value):
            raise HearsayError(f"{name} is no finite number")
        return value

    def count(self, name: str, most: int = 1_000_000) -> int:
        """A whole number from 0 on."""
        value = int(self._array(name, (), "iu"))
        if not 0 <= value <= most:
            raise HearsayError(f"{name} is {value} and must lie between 0 and {most}")
        return value

    def text(self, name: str) -> str:
        return shown(str(self._array(name, (), "U")), 1000)

    def told(self, name: str, largest: int) -> Any:
        """Values kept as JSON, so many characters at most."""
        return parsed(str(self._array(name, (), "U")), largest)

    def titles(self, name: str, words: int) -> list[list[str]]:
        """Rows of so many words, kept as JSON; none where there is no such array."""
        rows = self.told(name, LONGEST_TITLES) if name in self else []
        if not isinstance(rows, list) or len(rows) > MOST_ARRAYS:
            raise HearsayError(f"{name} is no list of titles")
        for row in rows:
            if not isinstance(row, list) or len(row) != words or not all(isinstance(word, str) for word in row):
                raise HearsayError(f"{name} has a title that does not have {words} words")
        return [[shown(word, 200) for word in row] for row in rows]

    def real(self, name: str, *sizes: int | None) -> NDArray[np.float32]:
        """Real numbers of the given sizes, None for an axis of any length; they may be infinite or no number."""
        with np.errstate(over="ignore"):
            return self._array(name, sizes, "iuf").astype(np.float32, copy=False)

    def real_of_any_size(self, name: str) -> NDArray[np.float32]:
        """Real numbers whose sizes are held against what they belong to by whoever asks."""
        axes = [index for index in range(MOST_AXES) if self.size(name, index)]
        return self.real(name, *[None] * len(axes))

    def double(self, name: str, *sizes: int | None) -> NDArray[np.float64]:
        """The same in double precision."""
        return self._array(name, sizes, "iuf").astype(np.float64, copy=False)

    def whole(self, name: str, *sizes: int | None, least: int = 0, most: int = 2**31 - 1) -> NDArray[np.int32]:
        """Whole numbers within a range, of the given sizes."""
        values = self._array(name, sizes, "iu")
        if values.size and not (int(values.min()) >= least and int(values.max()) <= most):
            raise HearsayError(f"{name} holds a number that does not lie between {least} and {most}")
        return values.astype(np.int32, copy=False)

    def _array(self, name: str, sizes: tuple[int | None, ...], kinds: str) -> NDArray[Any]:
        values = self._arrays.get(name)
        if values is None:
            raise HearsayError(f"it has no {name}")
        if values.dtype.kind not in kinds:
            raise HearsayError(f"{name} is of the type {values.dtype}")
        fits = len(values.shape) == len(sizes) and all(
            size is None or size == found for size, found in zip(sizes, values.shape, strict=True)
        )
        if not fits:
            wanted = "(" + ", ".join("any" if size is None else f"{size}" for size in sizes) + ")"
            raise HearsayError(f"{name} is of size {values.shape} instead of {wanted}")
        return values


def _read(stream: IO[bytes], length: int) -> NDArray[Any]:
    version = np.lib.format.read_magic(stream)
    reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if reader is None:
        raise HearsayError(f"an array is of version {version}")
    shape, by_columns, kind = reader(stream, LONGEST_HEADER)
    if (
        kind.hasobject
        or kind.kind not in "iufU"
        or not kind.itemsize
        or len(shape) > MOST_AXES
        or any(size < 0 for size in shape)
    ):
        raise HearsayError(f"an array is of the type {kind} and of size {shape}")
    wanted = math.prod(shape) * kind.itemsize
    if stream.tell() + wanted != length:
        raise HearsayError(f"an array of size {shape} is cut short or too long")
    data = stream.read(wanted)
    if len(data) != wanted:
        raise HearsayError("an array is cut short")
    return np.frombuffer(bytearray(data), kind).reshape(shape, order="F" if by_columns else "C")
