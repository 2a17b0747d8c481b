"""Remembers what a detailed function is at points of one frame, whose surface may be looked for again; knows no mesh.

Where a handle is closed or a piece is held, all but a few places are asked for what they have said before.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..guide.carried_mesh import as_array
from .detail import DetailedField

if TYPE_CHECKING:
    from ..guide import CarriedBlend
    from ..guide.exact_morph import ExactBlend

MOST = 4_000_000
"""Points of a kind that are remembered: of more, none. Chosen: 110 MB of values with their slopes."""
MIXING = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], np.uint64)
"""Odd factors that make a point's bits a key. Chosen: any serve, since what has a point's key is held against it."""

Floats = NDArray[np.float32]


class RememberedDetail(DetailedField):
    """A field that is asked as ever, and from `recall` on looks at no point twice."""

    def __init__(self, field: DetailedField) -> None:
        super().__init__(field.network, field.exact, field.bound)
        self._field = field
        self._for_cells: dict[float, _Known] = {}
        self._sloped = _Known(self._look_with_gradient)
        self._remembered = _RememberedExact(field.exact)
        self.exact = self._remembered  # type: ignore[assignment]

    def recall(self) -> None:
        """What has been asked so far is what will be asked again."""
        for known in (*self._for_cells.values(), self._sloped, self._remembered.scattered, self._remembered.sloped):
            known.recall()

    def values_for_cells(self, points: Tensor, cell: float) -> Tensor:
        known = self._for_cells.setdefault(cell, _Known(partial(self._look_for_cells, cell)))
        return torch.from_numpy(known(as_array(points))[0]).to(points.device)

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        values, gradient = (torch.from_numpy(part).to(points.device) for part in self._sloped(as_array(points)))
        return values, gradient

    def _look_for_cells(self, cell: float, points: Floats) -> tuple[Floats, ...]:
        return (as_array(self._field.values_for_cells(torch.from_numpy(points).to(self.device), cell)),)

    def _look_with_gradient(self, points: Floats) -> tuple[Floats, ...]:
        return tuple(map(as_array, self._field.values_and_gradient(torch.from_numpy(points).to(self.device))))


class _RememberedExact:
    """What cells are left open by."""

    def __init__(self, exact: ExactBlend | CarriedBlend) -> None:
        self._exact = exact
        self.share = exact.share
        self.scattered = _Known(partial(exact.values, scattered=True))
        self.sloped = _Known(exact.values_and_gradient)

    def too_thin_for(self, cell: float) -> bool:
        return self._exact.too_thin_for(cell)

    def thin_at(self, points: Floats, cell: float, steep: Floats) -> NDArray[np.bool_]:
        return self._exact.thin_at(points, cell, steep)

    def freedom(self, points: Floats) -> Floats:
        return self._exact.freedom(points)

    def values(self, points: Floats, cell: float = 0.0, scattered: bool = False) -> tuple[Floats, ...]:
        return self._exact.values(points, cell, scattered) if cell or not scattered else self.scattered(points)

    def values_and_gradient(self, points: Floats) -> tuple[Floats, ...]:
        return self.sloped(points)


class _Known:
    """Points and what was found at each."""

    def __init__(self, look: Callable[[Floats], tuple[Floats, ...]]) -> None:
        self._look = look
        self._asked: list[Floats] = []
        self._found: list[tuple[Floats, ...]] = []
        self._count = 0
        self._keys: NDArray[np.uint64] | None = None
        self._whole = False

    def __call__(self, points: Floats) -> tuple[Floats, ...]:
        if self._whole and self._asked:
            return self._recalled(points)
        found = self._look(points)
        self._count += len(points)
        if self._count <= MOST:
            self._asked.append(points)
            self._found.append(found)
        else:
            self._asked, self._found = [], []
        return found

    def recall(self) -> None:
        self._whole = True

    def _recalled(self, points: Floats) -> tuple[Floats, ...]:
        if self._keys is None:
            asked = np.concatenate(self._asked)
            keys = _keys(asked)
            order = np.argsort(keys, kind="stable")
            self._keys, self._asked = keys[order], [asked[order]]
            self._found = [tuple(np.concatenate(part)[order] for part in zip(*self._found, strict=True))]
        rows = np.minimum(np.searchsorted(self._keys, _keys(points)), len(self._keys) - 1)
        unknown = np.flatnonzero((self._asked[0][rows] != points).any(1))
        found = tuple(part[rows] for part in self._found[0])
        if len(unknown):
            for whole, part in zip(found, self._look(points[unknown]), strict=True):
                whole[unknown] = part
        return found


def _keys(points: Floats) -> NDArray[np.uint64]:
    first, second, third = points.view(np.uint32).astype(np.uint64).T
    return np.asarray(first * MIXING[0] + second * MIXING[1] + third * MIXING[2])
