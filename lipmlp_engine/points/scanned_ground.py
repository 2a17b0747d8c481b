"""Finds the ground that a thing was scanned with, and gives it an underside, so that both together enclose something.

A scanned ground is a sheet, and what hangs together with it was one as well: hollow, and torn where nobody saw it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import (
    binary_closing,
    binary_dilation,
    binary_fill_holes,
    binary_opening,
    gaussian_filter,
    label,
    map_coordinates,
)
from scipy.spatial import cKDTree

from ..shapes.cloud import Cloud
from ..shapes.mesh_topology import vertex_parts
from .oriented_samples import Samples
from .winding_grid import summed_number

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

AROUND, LINKS, TRIED = 24, 8, 48
"""Neighbours that tell a point's plane, those of them that it hangs together with, and points whose planes are tried as
the ground's. Chosen."""
LEVEL, UPRIGHT = 0.01, 0.9
"""Of the diagonal: how far off its plane ground may lie, and the cosine between both normals. Chosen."""
LEAST, BELOW = 0.2, 0.01
"""Share of the area that a ground has at least, and of the points that may lie below it. Chosen."""
STANDS, TOUCHES, FEW = 0.05, 0.03, 0.01
"""Of the diagonal: what does not reach so high above the ground is of the ground, and some of what does comes down so
far; and the share of the points from which it is something. Chosen."""
CELL, CLOSED = 2.0, 3
"""Spacings along a cell of the ground's plan, and cells up to which chance leaves gaps. Chosen."""
NARROW, SMOOTHED = 2, 1.0
"""Cells up to which what juts out of that plan is left out, and by which its outline is smoothed. Chosen."""
EVEN = 0.8
"""Of their distance: how close points of a rim may come to each other. Chosen."""
ROUGH = 3.0
"""Times what is usual that what was added may be rough, as there are no things and edges on it. Chosen."""
NEAR_RIM, ON_RIM, STEPS = 0.15, 0.02, 4
"""Of what the smoothed plan falls by at its outline: from where places are led onto that, and how close they come in so
many steps. Chosen."""
SURROUNDED = 0.6
"""Share of what lies around a thing, in plan, that must be ground for the thing to stand on it: beside a wall at the
ground's end there is half. Chosen."""
JITTER = 0.3
"""Of their distance: by how much points of the underside lie off a lattice, which none of a scan's are. Chosen."""
THICK, PEAKED = 0.1, 2.0
"""Spacings by which a ground's heights vary that may have two layers, and the kurtosis of their heights below which it
has. Chosen the first; the other lies between that of two peaks, which is one, and noise's, three."""
ASKED, LEAST_NUMBER = 200, 0.3
"""Points of both at which the winding number is asked, and what it is at least in the mean of what encloses
something. Chosen."""
DEEP = 4.0
"""Spacings from the ground down to its underside. Chosen: the sides of walls thinner than two may be mistaken."""


@dataclass
class Ground:
    """A ground with what stands on it."""

    stands: Flags
    """(n,), which points are of what stands on the ground."""
    kept: Flags
    """(n,), these and the ground's, but for what its ragged rim leaves beside it."""
    added: Array
    """(m, 3), points of an underside and a rim that nobody saw."""
    deep: float
    """How far below the ground its underside is."""

    def laid_under(self, cloud: Cloud) -> Cloud:
        """The points that are kept, and behind these what was added."""
        rows = np.flatnonzero(self.kept)
        _, beside = cKDTree(cloud.points[rows]).query(self.added)
        whole = cloud.taken(np.append(rows, rows[beside]))
        whole.points[len(rows) :] = self.added
        if whole.normals is not None:
            whole.normals[len(rows) :] = 0
        return whole

    def encloses(self, samples: Samples) -> bool:
        """Whether things and ground are walls of what they enclose together with what was added."""
        stands = self.stands[self.kept]
        number = [
            summed_number(samples.points[some], samples.points, samples.walls)
            for some in (_some(np.flatnonzero(chosen)) for chosen in (stands, ~stands))
        ]
        return all(LEAST_NUMBER < float(each.mean()) < 1 - LEAST_NUMBER for each in number)


def ground_below(points: Array, threads: int = 0) -> Ground | None:
    """The ground that what was scanned stands on, all around which it goes; None where there is none."""
    distance, nearest = cKDTree(points).query(points, k=min(AROUND, len(points)), workers=threads or -1)
    spacing = np.sqrt(np.pi / distance.shape[1]) * distance[:, -1]
    local = points[nearest] - points[nearest].mean(axis=1, keepdims=True)
    normals = np.linalg.eigh(np.einsum("nki,nkj->nij", local, local))[1][:, :, 0]
    plane = _ground_plane(points, normals, spacing**2)
    if plane is None:
        return None
    up, level = plane
    height = points @ up - level
    ground = _level(height, normals @ up)
    first, second = np.repeat(np.arange(len(points)), LINKS), nearest[:, 1 : LINKS + 1].ravel()
    both = ~ground[first] & ~ground[second]
    _, part = vertex_parts(np.stack([first[both], second[both]], axis=1), len(points))
    reaching = np.zeros(len(points))
    np.maximum.at(reaching, part, height)
    stands = np.asarray(~ground & (reaching[part] > STANDS))
    ground = ~stands
    apart = float(np.sqrt((spacing[ground] ** 2).mean()))
    if _layered(points[ground], up, apart):
        return None
    plan = _Plan(points, up, CELL * apart)
    seen = plan.closed(plan.cells(ground))
    count = np.bincount(part[stands], minlength=len(points))
    things = np.flatnonzero(count > FEW * len(points))
    lowest = np.full(len(points), np.inf)
    np.minimum.at(lowest, part, height)
    if not (lowest[things] < TOUCHES).any() or not all(
        plan.surrounded(plan.cells(part == thing), seen) for thing in things
    ):
        return None
    plan.draw(seen | plan.cells(stands))
    kept = stands | plan.within(points)
    deep = DEEP * apart
    under = level + float(np.quantile(height[ground], BELOW)) - deep
    flat, rim = plan.spread(apart), plan.rim(apart)
    _, beside = cKDTree(points[ground & kept]).query(rim + level * up)
    steps = np.arange(0.5, DEEP) / DEEP
    over = (points[ground & kept] @ up)[beside] - under
    wall = rim[:, None] + (under + steps * over[:, None])[:, :, None] * up
    added = np.concatenate([flat + under * up, wall.reshape(-1, 3)])
    # As rough as the ground is, for by its noise a cloud is judged.
    rough = np.einsum("ni,ni->n", local[:, 0], normals)[ground & kept]
    most = ROUGH * float(np.median(np.abs(rough)))
    rough = np.resize(np.clip(rough, -most, most), len(added))
    outwards = np.concatenate([np.tile(up, (len(flat), 1)), np.repeat(plan.outwards(rim), len(steps), axis=0)])
    return Ground(stands, kept, added + rough[:, None] * outwards, deep)


def _layered(ground: Array, up: Array, apart: float) -> bool:
    """Whether a ground was seen from below as well: there heights have two peaks, and in noise they have one."""
    height = ground @ up
    _, beside = cKDTree(ground - np.outer(height, up)).query(ground - np.outer(height, up), k=min(AROUND, len(ground)))
    off = height - height[beside].mean(axis=1)
    spread = float((off**2).mean())
    return spread > (THICK * apart) ** 2 and float((off**4).mean()) < PEAKED * spread**2


def _some(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    return numbers[:: max(1, len(numbers) // ASKED)]


def _ground_plane(points: Array, normals: Array, area: Array) -> tuple[Array, float] | None:
    """Which way is up from the largest plane that next to nothing lies below, and how high up it is."""
    best, found = LEAST * float(area.sum()), None
    for tried in range(0, len(points), max(1, len(points) // TRIED)):
        upright = normals @ normals[tried]
        height = (points - points[tried]) @ normals[tried]
        there = _level(height, upright)
        if area[there].sum() <= best:
            continue
        for side in (1.0, -1.0):
            if (side * height < -LEVEL).mean() < BELOW:
                best = float(area[there].sum())
                mean = (normals[there] * np.sign(upright[there])[:, None]).sum(axis=0)
                up = side * mean / np.linalg.norm(mean)
                found = up, float(np.median(points[there] @ up))
    return found


def _level(height: Array, upright: Array) -> Flags:
    return np.asarray((np.abs(height) < LEVEL) & (np.abs(upright) > UPRIGHT))


class _Plan:
    """What is seen from above, in cells; places there lie on the plane through the origin."""

    def __init__(self, points: Array, up: Array, cell: float) -> None:
        _, _, axes = np.linalg.svd(up[None])
        self._axes, self._cell = axes[1:], cell
        flat = points @ self._axes.T
        self._low = flat.min(axis=0) - (2 * CLOSED + 1) * cell
        self._at = np.floor((flat - self._low) / cell).astype(np.int64)
        self._inside: Array = np.zeros(self._at.max(axis=0) + 2 * CLOSED + 2)

    def cells(self, chosen: Flags) -> Flags:
        """Those that the chosen points lie in."""
        seen: Flags = np.zeros(self._inside.shape, np.bool_)
        seen[tuple(self._at[chosen].T)] = True
        return seen

    def closed(self, seen: Flags) -> Flags:
        """Without gaps that chance left."""
        return np.asarray(binary_closing(seen, iterations=CLOSED))

    def surrounded(self, thing: Flags, ground: Flags) -> bool:
        """Whether ground lies around a thing."""
        thing = binary_fill_holes(self.closed(thing))
        around = binary_dilation(thing, iterations=CLOSED) & ~thing
        return bool(ground[around].mean() > SURROUNDED)

    def draw(self, seen: Flags) -> None:
        """Draw the outline of what is seen: of its largest part, without holes and what is narrow."""
        whole = binary_opening(binary_fill_holes(seen), iterations=NARROW)
        part, _ = label(whole)
        largest = part == np.bincount(part[whole]).argmax() if whole.any() else seen
        self._inside = gaussian_filter(largest.astype(np.float64), SMOOTHED) - 0.5

    def within(self, places: Array) -> Flags:
        """Which places lie within the outline."""
        return np.asarray(self._value(places @ self._axes.T) > 0)

    def spread(self, apart: float) -> Array:
        """Places all over what the outline encloses, about that far apart."""
        flat = self._lattice(apart)
        flat += np.random.default_rng(0).uniform(-JITTER, JITTER, flat.shape) * apart
        return np.asarray(flat[self._value(flat) > 0] @ self._axes)

    def rim(self, apart: float) -> Array:
        """Places along the outline, about that far apart."""
        flat = self._lattice(apart / 2)
        flat = flat[np.abs(self._value(flat)) < NEAR_RIM]
        for _ in range(STEPS):
            slope = self._slope(flat)
            flat -= (self._value(flat) / np.maximum((slope**2).sum(axis=1), np.finfo(np.float64).tiny))[:, None] * slope
        flat = flat[np.abs(self._value(flat)) < ON_RIM]
        free, close = np.ones(len(flat), np.bool_), cKDTree(flat).query_ball_point(flat, EVEN * apart)
        for each, others in enumerate(close):
            if free[each]:
                free[others] = False
                free[each] = True
        return np.asarray(flat[free] @ self._axes)

    def outwards(self, places: Array) -> Array:
        """Which way is outwards at places of the outline, of unit length."""
        slope = self._slope(places @ self._axes.T)
        slope /= np.maximum(np.linalg.norm(slope, axis=1, keepdims=True), np.finfo(np.float64).tiny)
        return np.asarray(-slope @ self._axes)

    def _lattice(self, apart: float) -> Array:
        """Places all over the plan."""
        steps = [self._low[k] + np.arange(0, self._inside.shape[k] * self._cell, apart) for k in (0, 1)]
        return np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 2)

    def _value(self, flat: Array) -> Array:
        at = (flat - self._low) / self._cell - 0.5
        return np.asarray(map_coordinates(self._inside, at.T, order=1, mode="nearest"))

    def _slope(self, flat: Array) -> Array:
        steps = self._cell * np.eye(2)
        return np.stack([self._value(flat + s) - self._value(flat - s) for s in steps], axis=1) / (2 * self._cell)
