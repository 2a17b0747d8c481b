"""A function with something put in that its surface lacks, in one frame: bars and plugs; knows no time and no shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .detail import DetailedField
from .field import Enclosure, Field

if TYPE_CHECKING:
    from ..guide import CarriedBlend
    from ..guide.exact_morph import ExactBlend

Floats = NDArray[np.float32]


class Mend(Protocol):
    """What is put in."""

    def to(self, device: torch.device) -> Self:
        """The same on a device."""

    def joined(self, values: Tensor, points: Tensor) -> Tensor:
        """A function's values at points with it put in."""

    def joined_with_gradient(self, values: Tensor, gradient: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        """Values and gradient with it put in."""

    def range(self, low: Tensor, high: Tensor, centre: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        """The least and the most over boxes whose corners are ``reach`` away; the same where it does not count."""

    def about(self, points: Floats) -> NDArray[np.bool_]:
        """Which points of the surface are its own."""

    def thin_at(self, points: Floats, cell: float) -> NDArray[np.bool_]:
        """Where it is so thin that all cells about it are to be looked at."""


def mended(field: Field, mend: Mend) -> Field:
    """The field with it put in, of its own kind."""
    mend = mend.to(field.device)
    return _MendedDetail(field, mend) if isinstance(field, DetailedField) else _Mended(field, mend)


class _Mended:
    """A trained function."""

    def __init__(self, field: Field, mend: Mend) -> None:
        self._field, self._mend = field, mend
        self.device = field.device

    def values(self, points: Tensor) -> Tensor:
        return self._mend.joined(self._field.values(points), points)

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        return self._mend.joined_with_gradient(*self._field.values_and_gradient(points), points)

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        found = self._field.enclose(centre, half)
        before = found.range(half)
        low, high = self._mend.range(*before, centre, half.norm(dim=1))
        # Where it may count the function is no longer linear, and bounds are all that is known.
        counts = (low != before[0]) | (high != before[1])
        return Enclosure(
            torch.where(counts, (low + high) / 2, found.value),
            torch.where(counts[:, None], 0.0, found.slope),
            torch.where(counts, (high - low) / 2, found.error),
        )

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)


class _MendedDetail(DetailedField):
    """A function with detail from the shapes: what is put in is shown, whatever the network says."""

    def __init__(self, field: DetailedField, mend: Mend) -> None:
        super().__init__(_Mended(field.network, mend), field.exact, field.bound)
        self._shown, self._mend = field, mend
        self.exact = _MendedExact(field.exact, mend)  # type: ignore[assignment]

    def values_for_cells(self, points: Tensor, cell: float) -> Tensor:
        return self._mend.joined(self._shown.values_for_cells(points, cell), points)

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        return self._mend.joined_with_gradient(*self._shown.values_and_gradient(points), points)


class _MendedExact:
    """What cells are left open by."""

    def __init__(self, exact: ExactBlend | CarriedBlend, mend: Mend) -> None:
        self._exact, self._mend = exact, mend
        self.share = exact.share

    def too_thin_for(self, cell: float) -> bool:
        """What is put in always is."""
        return True

    def thin_at(self, points: Floats, cell: float, steep: Floats) -> NDArray[np.bool_]:
        """Where points are about such parts."""
        about = self._mend.thin_at(points, cell)
        return about | self._exact.thin_at(points, cell, steep) if self._exact.too_thin_for(cell) else about

    def freedom(self, points: Floats) -> Floats:
        """How much of the surface is no shape's own."""
        return self._exact.freedom(points)

    def values(self, points: Floats, cell: float = 0.0, scattered: bool = False) -> tuple[Floats, Floats]:
        values, trust = self._exact.values(points, cell, scattered)
        joined = self._mend.joined(torch.from_numpy(values), torch.from_numpy(points))
        return joined.numpy(), trust

    def values_and_gradient(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        *found, trust = self._exact.values_and_gradient(points)
        values, gradient = (torch.from_numpy(part) for part in found)
        joined, slope = self._mend.joined_with_gradient(values, gradient, torch.from_numpy(points))
        return joined.numpy(), slope.numpy(), trust
