"""Reads the positions of shape keys and what belongs to them; numpy arrays throughout, no Blender data."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..lipmlp_engine.frames import FrameLayer
from .errors import BrokenFrameError

Number = TypeVar("Number", np.float32, np.int32)

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
        with np.load(path, allow_pickle=False) as arrays:
            keys = KeysFile(
                np.asarray(arrays["positions"], np.float32),
                np.asarray(arrays["times"], np.float64),
                arrays.get("faces", None),
                arrays.get("trouble", None),
                _numbered(arrays, "colors", np.float32),
                _numbered(arrays, "materials", np.int32),
                _layers(arrays),
                arrays.get("triangles", None),
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise BrokenFrameError(f"{path} holds no shape keys: {error}.") from error
    if keys.positions.ndim != 3 or len(keys.positions) != len(keys.times) or len(keys.times) < 2:
        raise BrokenFrameError(f"{path} does not hold one set of positions for each of at least two times.")
    if not np.isfinite(keys.positions).all() or (np.diff(keys.times) <= 0).any():
        raise BrokenFrameError(f"{path} holds positions that are not finite numbers, or times that do not rise.")
    count = keys.positions.shape[1]
    per_vertex = [*keys.colors.values(), *([] if keys.trouble is None else [keys.trouble])]
    if any(len(values) != count for values in per_vertex):
        raise BrokenFrameError(f"{path} holds colours or marks for another number of vertices.")
    if keys.faces is not None and (keys.faces.min(initial=0) < 0 or keys.faces.max(initial=0) >= count):
        raise BrokenFrameError(f"{path} has faces without vertices.")
    return keys


def _layers(arrays: Mapping[str, NDArray[Any]]) -> dict[int, list[FrameLayer]]:
    found = {}
    for entry in arrays:
        start, _, shape = entry.partition(".")
        if start == "layers" and shape.isdigit():
            titles = enumerate(json.loads(str(arrays[entry])))
            found[int(shape)] = [
                FrameLayer("source", name, kind, domain, np.asarray(arrays[f"layer.{shape}.{number}"], np.float32))
                for number, (name, kind, domain) in titles
            ]
    return found


def _numbered(arrays: Mapping[str, NDArray[Any]], name: str, kind: type[Number]) -> dict[int, NDArray[Number]]:
    found = {}
    for entry in arrays:
        start, _, number = entry.partition(".")
        if start == name and number.isdigit():
            found[int(number)] = np.asarray(arrays[entry], kind)
    return found
