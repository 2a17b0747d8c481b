"""Bars that hold on to pieces that would float: across the gaps between them, in one frame; knows no time and no shape.

What has no counterpart in the other shape may come off before it is gone. Where a surface is in more pieces than the
shapes about it, a thin bar from each piece too many to the nearest other one keeps the whole together; what is too
small to be worth a bar is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import Tensor

from ..guide.thin_parts import THIN
from .detail import DetailedField
from .field import Enclosure, Field
from .parts import volumes_of_parts

if TYPE_CHECKING:
    from ..guide import CarriedBlend
    from ..guide.exact_morph import ExactBlend

THICKNESS = 1.0
"""Radius of a bar, in cells: the least that is found however it lies between the corners.

Follows from half of a cell's diagonal, 0.87, and a little.
"""
ROUNDING = 1.5
"""Cells over which a bar runs into the surface. Chosen."""
LEAST_HELD = 0.002
"""Share of the volume; a smaller piece goes without anyone's seeing it, and a bar to it would be seen. Chosen."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Bars:
    """Round bars in the training frame, which are joined smoothly to what a function encloses."""

    starts: Tensor
    ends: Tensor
    radius: float
    rounding: float

    def __len__(self) -> int:
        return len(self.starts)

    def to(self, device: torch.device) -> Bars:
        return replace(self, starts=self.starts.to(device), ends=self.ends.to(device))

    def with_more(self, others: Bars) -> Bars:
        return replace(self, starts=torch.cat([self.starts, others.starts]), ends=torch.cat([self.ends, others.ends]))

    def distance(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """From points to the nearest bar, negative inside, and the directions away from it."""
        along = self.ends - self.starts
        offset = points[:, None] - self.starts
        part = ((offset * along).sum(2) / along.square().sum(1).clamp(min=1e-12)).clamp(0, 1)
        ways = offset - part[..., None] * along
        reach = ways.norm(dim=2)
        nearest = reach.argmin(1)
        rows = torch.arange(len(points), device=points.device)
        reach = reach[rows, nearest]
        return reach - self.radius, ways[rows, nearest] / reach.clamp(min=1e-9)[:, None]

    def joined(self, values: Tensor, points: Tensor) -> Tensor:
        """A function's values with the bars added to what it encloses."""
        return self._lesser(values, self.distance(points)[0])[0]

    def joined_with_gradient(self, values: Tensor, gradient: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        distance, away = self.distance(points)
        joined, near = self._lesser(values, distance)
        part = near / (2 * self.rounding)
        part = torch.where(distance < values, 1 - part, part)
        return joined, torch.lerp(gradient, away, part[:, None])

    def _lesser(self, values: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
        """The lesser of both, rounded where they are about the same, and how far within the rounding they are."""
        near = (self.rounding - (values - distance).abs()).clamp(min=0)
        return torch.minimum(values, distance) - near.square() / (4 * self.rounding), near

    def about(self, points: Floats) -> NDArray[np.bool_]:
        """Which points are on a bar, or where it runs into the surface."""
        found = self.distance(torch.from_numpy(points).to(self.starts.device))[0]
        return np.asarray((found < self.rounding / 2).cpu().numpy())


def bars_between(vertices: Floats, faces: NDArray[np.int32], normals: Floats, most: int, cell: float) -> Bars | None:
    """The bars that a surface needs to be in no more than ``most`` pieces; None where it needs none."""
    if most <= 0 or not len(faces):
        return None
    part, volumes = volumes_of_parts(vertices, faces)
    order = np.argsort(-volumes, kind="stable")
    held = [int(number) for number in order if volumes[number] > LEAST_HELD * volumes[volumes > 0].sum()]
    starts: list[Floats] = []
    ends: list[Floats] = []
    together = np.isin(part, held[:most])
    radius = THICKNESS * cell
    for island in held[most:]:
        own, rest = np.flatnonzero(part == island), np.flatnonzero(together)
        length, nearest = KDTree(vertices[rest]).query(vertices[own])
        first = int(length.argmin())
        for side, row in ((starts, own[first]), (ends, rest[nearest[first]])):
            side.append(vertices[row] - radius * normals[row])
        together[own] = True
    if not starts:
        return None
    places = [torch.from_numpy(np.stack(side).astype(np.float32)) for side in (starts, ends)]
    return Bars(places[0], places[1], radius, ROUNDING * cell)


def barred(field: Field, bars: Bars) -> Field:
    """The field with bars in it, of its own kind."""
    bars = bars.to(field.device)
    return _BarredDetail(field, bars) if isinstance(field, DetailedField) else _Barred(field, bars)


class _Barred:
    """A trained function with bars."""

    def __init__(self, field: Field, bars: Bars) -> None:
        self._field, self._bars = field, bars
        self.device = field.device

    def values(self, points: Tensor) -> Tensor:
        return self._bars.joined(self._field.values(points), points)

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        return self._bars.joined_with_gradient(*self._field.values_and_gradient(points), points)

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        found = self._field.enclose(centre, half)
        reach = half.norm(dim=1)
        distance, _ = self._bars.distance(centre)
        low, high = found.range(half)
        touched = distance - reach - self._bars.rounding < high
        # Where a bar may count, the bounds are those of the lesser of both, which is no longer linear.
        low = torch.minimum(low, distance - reach) - self._bars.rounding / 4
        high = torch.minimum(high, distance + reach)
        return Enclosure(
            torch.where(touched, (low + high) / 2, found.value),
            torch.where(touched[:, None], 0.0, found.slope),
            torch.where(touched, (high - low) / 2, found.error),
        )

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)


class _BarredDetail(DetailedField):
    """A function with detail from the shapes, with bars: they are added to what is shown, whatever the network says."""

    def __init__(self, field: DetailedField, bars: Bars) -> None:
        super().__init__(_Barred(field.network, bars), field.exact, field.bound)
        self._shown, self._bars = field, bars
        self.exact = _BarredExact(field.exact, bars)  # type: ignore[assignment]

    def values_for_cells(self, points: Tensor, cell: float) -> Tensor:
        return self._bars.joined(self._shown.values_for_cells(points, cell), points)

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        return self._bars.joined_with_gradient(*self._shown.values_and_gradient(points), points)


class _BarredExact:
    """What cells are left open by."""

    def __init__(self, exact: ExactBlend | CarriedBlend, bars: Bars) -> None:
        self._exact, self._bars = exact, bars
        self.share = exact.share

    def too_thin_for(self, cell: float) -> bool:
        """A bar always is."""
        return True

    def thin_at(self, points: Floats, cell: float) -> NDArray[np.bool_]:
        """Where points are about such parts."""
        distance, _ = self._bars.distance(torch.from_numpy(points))
        about = np.asarray(distance.numpy() < THIN * cell)
        return about | self._exact.thin_at(points, cell) if self._exact.too_thin_for(cell) else about

    def values(self, points: Floats, cell: float = 0.0, scattered: bool = False) -> tuple[Floats, Floats]:
        values, trust = self._exact.values(points, cell, scattered)
        joined = self._bars.joined(torch.from_numpy(values), torch.from_numpy(points))
        return joined.numpy(), trust

    def values_and_gradient(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        *found, trust = self._exact.values_and_gradient(points)
        values, gradient = (torch.from_numpy(part) for part in found)
        joined, slope = self._bars.joined_with_gradient(values, gradient, torch.from_numpy(points))
        return joined.numpy(), slope.numpy(), trust
