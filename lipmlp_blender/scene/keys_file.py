"""Reads the positions of shape keys and what belongs to them; numpy arrays throughout, no Blender data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..lipmlp_engine.files.array_file import ArrayFile
from ..lipmlp_engine.files.mesh_frame import MOST_SLOTS, FrameLayer
from .errors import BrokenFrameError

SERIOUS = 0.5
"""Trouble from which on a vertex is worth showing."""


@dataclass
class KeysFile:
    """One mesh at several times."""

    positions: NDArray[np.float32]
    """(K, n, 3), in the world."""
    times: NDArray[np.float64]
    faces: NDArray[np.int32] | None = None
    """The topology, where it is not the source's own."""
    trouble: NDArray[np.float32] | None = None
    """(n,), how badly each vertex fares at its worst key, 0 to 1."""
    colors: dict[int, NDArray[np.float32]] = field(default_factory=dict)
    """By the shape's number in the chain: RGBA for each vertex."""
    materials: dict[int, NDArray[np.int32]] = field(default_factory=dict)
    """By the shape's number in the chain: the material slot of each triangle."""
    layers: dict[int, list[FrameLayer]] = field(default_factory=dict)
    """By the shape's number in the chain: what it has on it by name, at the corners of the faces or triangles."""
    triangles: NDArray[np.int32] | None = None
    """What the faces consist of, in an order of their own."""

    @property
    def fractions(self) -> NDArray[np.float64]:
        """The keys' places between 0 and 1."""
        return np.asarray((self.times - self.times[0]) / (self.times[-1] - self.times[0]), np.float64)


def read_keys(path: Path | None) -> KeysFile:
    """Read the keys and refuse what would make Blender stumble."""
    if path is None:
        raise BrokenFrameError("There are no shape keys to write: the tracking has not been run.")
    try:
        arrays = ArrayFile(path)
        positions = arrays.real("positions", None, None, 3)
        count = positions.shape[1]
        triangles = arrays.whole("triangles", None, 3, most=count - 1) if "triangles" in arrays else None
        corners = 4 if arrays.size("faces", 1) == 4 else 3
        keys = KeysFile(
            positions,
            arrays.double("times", None),
            arrays.whole("faces", None, corners) if "faces" in arrays else None,
            arrays.real("trouble", None) if "trouble" in arrays else None,
            {number: arrays.real(name, None, 4) for number, name in _numbered(arrays, "colors")},
            {number: arrays.whole(name, None, most=MOST_SLOTS) for number, name in _numbered(arrays, "materials")},
            _layers(arrays),
            triangles,
        )
    except (OSError, ValueError) as error:
        raise BrokenFrameError(f"{path} holds no shape keys: {error}.") from error
    if len(keys.positions) != len(keys.times) or len(keys.times) < 2:
        raise BrokenFrameError(f"{path} does not hold one set of positions for each of at least two times.")
    finite = np.isfinite(keys.positions).all() and np.isfinite(keys.times).all()
    if not finite or (np.diff(keys.times) <= 0).any():
        raise BrokenFrameError(f"{path} holds positions that are not finite numbers, or times that do not rise.")
    per_vertex = [*keys.colors.values(), *([] if keys.trouble is None else [keys.trouble])]
    if any(len(values) != count for values in per_vertex):
        raise BrokenFrameError(f"{path} holds colours or marks for another number of vertices.")
    if keys.faces is not None and (keys.faces.min(initial=0) < 0 or keys.faces.max(initial=0) >= count):
        raise BrokenFrameError(f"{path} has faces without vertices.")
    return keys


def _layers(arrays: ArrayFile) -> dict[int, list[FrameLayer]]:
    return {
        shape: [
            FrameLayer("source", name, kind, domain, arrays.real_of_any_size(f"layer.{shape}.{number}"))
            for number, (name, kind, domain) in enumerate(arrays.titles(entry, 3))
        ]
        for shape, entry in _numbered(arrays, "layers")
    }


def _numbered(arrays: ArrayFile, kind: str) -> list[tuple[int, str]]:
    """The numbers and names of arrays that there are one of for each shape."""
    parts = [(name, *name.partition(".")[::2]) for name in arrays]
    return [(int(number), name) for name, start, number in parts if start == kind and re.fullmatch(r"\d{1,3}", number)]
