"""Bars that hold on to pieces that would float: across the gaps between them, in one frame; knows no time and no shape.

What has no counterpart in the other shape may come off before it is gone. Where a surface is in more pieces than the
shapes about it, a bar from each piece too many to the nearest other one keeps the whole together; what is too
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
"""Least radius of a bar, in cells: the least that is found however it lies between the corners.

Follows from half of a cell's diagonal, 0.87, and a little.
"""
THICKER, THICKEST = 0.25, 0.5
"""Shares of the gap by which a bar is thicker than that, and of the radius of a ball like the piece by which it is at
most: what has just come off hangs by a thread, and what is far off by a limb. Chosen by looking at camel → elephant."""
ROUNDING = 1.5
"""Radii of a bar over which it runs into the surface. Chosen."""
LEAST_HELD = 0.002
"""Share of the volume; a smaller piece goes without anyone's seeing it, and a bar to it would be seen. Chosen."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Bars:
    """Round bars in the training frame, which are joined smoothly to what a function encloses."""

    starts: Tensor
    ends: Tensor
    radii: Tensor

    def __len__(self) -> int:
        return len(self.starts)

    def to(self, device: torch.device) -> Bars:
        return replace(self, starts=self.starts.to(device), ends=self.ends.to(device), radii=self.radii.to(device))

    def with_more(self, others: Bars) -> Bars:
        return Bars(
            torch.cat([self.starts, others.starts]),
            torch.cat([self.ends, others.ends]),
            torch.cat([self.radii, others.radii]),
        )

    def distance(self, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """From points to the nearest bar, negative inside, the directions away from it, and its rounding."""
        along = self.ends - self.starts
        offset = points[:, None] - self.starts
        part = ((offset * along).sum(2) / along.square().sum(1).clamp(min=1e-12)).clamp(0, 1)
        ways = offset - part[..., None] * along
        reach = ways.norm(dim=2)
        nearest = (reach - self.radii).argmin(1)
        rows = torch.arange(len(points), device=points.device)
        reach, radius = reach[rows, nearest], self.radii[nearest]
        return reach - radius, ways[rows, nearest] / reach.clamp(min=1e-9)[:, None], ROUNDING * radius

    def joined(self, values: Tensor, points: Tensor) -> Tensor:
        """A function's values with the bars added to what it encloses."""
        distance, _, rounding = self.distance(points)
        return rounded_least(values, distance, rounding)

    def joined_with_gradient(self, values: Tensor, gradient: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        distance, away, rounding = self.distance(points)
        part = part_of_second(values, distance, rounding)
        return rounded_least(values, distance, rounding), torch.lerp(gradient, away, part[:, None])

    def range(self, low: Tensor, high: Tensor, centre: Tensor, reach: Tensor) -> tuple[Tensor, Tensor]:
        """The least and the most over boxes whose corners are ``reach`` away, with the bars in it."""
        return bounds_with(low, high, self.distance(centre)[0], reach, ROUNDING * float(self.radii.max()))

    def about(self, points: Floats) -> NDArray[np.bool_]:
        """Which points are on a bar, or where it runs into the surface."""
        distance, _, rounding = self.distance(torch.from_numpy(points).to(self.starts.device))
        return np.asarray((distance < rounding / 2).cpu().numpy())

    def thin_at(self, points: Floats, cell: float) -> NDArray[np.bool_]:
        """Which points are about a bar, which may be as thin as cells can show."""
        found = self.distance(torch.from_numpy(points).to(self.starts.device))[0]
        return np.asarray((found < THIN * cell).cpu().numpy())


def bars_between(
    vertices: Floats,
    faces: NDArray[np.int32],
    normals: Floats,
    most: int,
    cell: float,
    at_ends: Floats,
    groups: NDArray[np.int64] | None = None,
) -> Bars | None:
    """The bars that a surface needs to be in no more than ``most`` pieces; None where it needs none.

    at_ends: where the vertices' matter is at both ends, (n, 6). A bar leads to what is near then as well: what is
    nearest in one frame alone may be another limb in the next. Of a group of pieces only one is left to itself, and
    the others are held by what is of their group.
    """
    if most <= 0 or not len(faces):
        return None
    part, volumes = volumes_of_parts(vertices, faces)
    of = np.arange(len(volumes)) if groups is None else groups
    order = np.argsort(-volumes, kind="stable")
    held = [int(number) for number in order if volumes[number] > LEAST_HELD * volumes[volumes > 0].sum()]
    _, first_of_group = np.unique(of[held], return_index=True)
    free = [held[index] for index in np.sort(first_of_group)[:most].tolist()]
    starts: list[Floats] = []
    ends: list[Floats] = []
    radii: list[float] = []
    together = np.isin(part, free)
    always = np.hstack([vertices, at_ends])
    for island in [number for number in held if number not in free]:
        own, akin = np.flatnonzero(part == island), together & (of[part] == of[island])
        rest = np.flatnonzero(akin if akin.any() else together)
        farness, nearest = KDTree(always[rest]).query(always[own])
        first = int(farness.argmin())
        length = float(np.linalg.norm(vertices[own[first]] - vertices[rest[nearest[first]]]))
        ball = float(3 * volumes[island] / (4 * np.pi)) ** (1 / 3)
        radius = THICKNESS * cell + min(THICKER * length, THICKEST * ball)
        radii.append(radius)
        for side, row in ((starts, own[first]), (ends, rest[nearest[first]])):
            side.append(vertices[row] - radius * normals[row])
        together[own] = True
    if not starts:
        return None
    places = [torch.from_numpy(np.stack(side).astype(np.float32)) for side in (starts, ends)]
    return Bars(places[0], places[1], torch.tensor(radii, dtype=torch.float32))
