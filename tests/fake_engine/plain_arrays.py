"""Arrays in files as numpy has them, without numpy: it would take two thirds of the stand-in's start."""

from __future__ import annotations

import ast
import io
import struct
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

KINDS = {"f4": "f", "f8": "d", "i4": "i", "i8": "q"}
"""What numpy calls a kind of number, and what ``struct`` does."""


@dataclass(frozen=True)
class Numbers:
    """An array: numbers in the order of its last axis, and how many there are along each."""

    kind: str
    values: Iterable[float]
    shape: tuple[int, ...] = ()

    def npy(self) -> bytes:
        header = repr({"descr": f"<{self.kind}", "fortran_order": False, "shape": self.shape}).encode()
        header += b" " * (-(len(header) + 11) % 64) + b"\n"
        values = list(self.values)
        content = struct.pack(f"<{len(values)}{KINDS[self.kind]}", *values)
        return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def npz(arrays: Mapping[str, Numbers]) -> bytes:
    """The whole file."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, numbers in arrays.items():
            archive.writestr(f"{name}.npy", numbers.npy())
    return stream.getvalue()


def numbers_in(path: Path, name: str) -> Numbers:
    """One array of such a file."""
    with zipfile.ZipFile(path) as archive:
        whole = archive.read(f"{name}.npy")
    start = 10 + int.from_bytes(whole[8:10], "little")
    header = ast.literal_eval(whole[10:start].decode())
    assert not header["fortran_order"]
    kind, content = header["descr"][1:], whole[start:]
    return Numbers(kind, struct.unpack(f"<{len(content) // int(kind[1:])}{KINDS[kind]}", content), header["shape"])
