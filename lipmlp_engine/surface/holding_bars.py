"""Bars that hold on to pieces that would float: across the gaps between them, in one frame; knows no time and no shape.

What has no counterpart in the other shape may come off before it is gone. Where a surface is in more pieces than the
shapes about it, a thin bar from each piece too many to the nearest other one keeps the whole together; what is too
small to be worth a bar is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import Tensor

from ..guide.rounded_union import bounds_with, part_of_second, rounded_least
from ..guide.thin_parts import THIN
from .parts import volumes_of_parts

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
        return rounded_least(values, self.distance(points)[0], self.rounding)

    def joined_with_gradient(self, values: Tensor, gradient: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        distance, away = self.distance(points)
        part = part_of_second(values, distance, self.rounding)
        return rounded_least(values, distance, self.rounding), torch.lerp(gradient, away, part[:, None])

    def range(self, low: Tensor, high: Tensor, centre: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        """The least and the most over boxes whose corners are ``reach`` away, with the bars in it."""
        return bounds_with(low, high, self.distance(centre)[0], reach, self.rounding)

    def about(self, points: Floats) -> NDArray[np.bool_]:
        """Which points are on a bar, or where it runs into the surface."""
        return self._within(points, self.rounding / 2)

    def thin_at(self, points: Floats, cell: float) -> NDArray[np.bool_]:
        """Which points are about a bar, which is as thin as cells can show."""
        return self._within(points, THIN * cell)

    def _within(self, points: Floats, reach: float) -> NDArray[np.bool_]:
        found = self.distance(torch.from_numpy(points).to(self.starts.device))[0]
        return np.asarray((found < reach).cpu().numpy())


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
