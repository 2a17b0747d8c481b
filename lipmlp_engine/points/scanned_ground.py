"""Finds the ground that a thing was scanned with, and gives it an underside, so that both together enclose something.

A scanned ground is a sheet, and what hangs together with it was one as well: hollow, and torn where nobody saw it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.cloud import Cloud
from ..shapes.mesh_topology import vertex_parts
from .ground_plan import CELL, Plan
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
STANDS, TOUCHES, FEW, ENOUGH = 0.05, 0.03, 0.01, 250
"""Of the diagonal: what does not reach so high above the ground is of the ground, and some of what does comes down so
far; and the share of the points from which it is something, or, where nothing has that, their number. Chosen."""
ROUGH = 3.0
"""Times what is usual that what was added may be rough, as there are no things and edges on it. Chosen."""
THICK, PEAKED = 0.1, 2.0
"""Spacings by which a ground's heights vary that may have two layers, and the kurtosis of their heights below which it
has. Chosen the first; the other lies between that of two peaks, which is one, and noise's, three."""
ASKED, LEAST_NUMBER = 200, 0.3
"""Points of both at which the winding number is asked, and what it is at least in the mean of what encloses
something. Chosen."""
ABOVE, OVER = 0.95, 0.5
"""Share of the ground's points below what begins on it, and spacings of them that it begins above those: where a foot
meets ground its surface is round. Chosen."""
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
    up: Array
    """Which way is up, of unit length."""
    level: float
    """How high up what stands on the ground begins."""

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


@dataclass
class _Scene:
    """A ground and things on it, as they were scanned."""

    up: Array
    level: float
    """How high up the ground's plane is."""
    height: Array
    """(n,), above that."""
    stands: Flags
    spacing: Array
    """(n,), how far apart the points are."""
    rough: Array
    """(n,), how far each is off its neighbours' plane."""


def ground_below(points: Array, threads: int = 0, *, beside: float = np.inf) -> Ground | None:
    """The ground that what was scanned stands on, all around which it goes, as far as ``beside`` spacings of that; None
    where there is none."""
    scene = _scene_of(points, threads)
    return None if scene is None else _with_underside(points, scene, beside)


def _scene_of(points: Array, threads: int) -> _Scene | None:
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
    apart = _apart(spacing[ground])
    if _layered(points[ground], up, apart):
        return None
    plan = Plan(points, up, CELL * apart)
    seen = plan.closed(plan.cells(ground))
    count = np.bincount(part[stands], minlength=len(points))
    things = np.flatnonzero(count > FEW * len(points))
    if not len(things):
        things = np.flatnonzero(count > ENOUGH)
    lowest = np.full(len(points), np.inf)
    np.minimum.at(lowest, part, height)
    if not (lowest[things] < TOUCHES).any() or not all(
        plan.surrounded(plan.cells(part == thing), seen) for thing in things
    ):
        return None
    return _Scene(up, level, height, stands, spacing, np.einsum("ni,ni->n", local[:, 0], normals))


def _with_underside(points: Array, scene: _Scene, beside: float) -> Ground:
    """The ground as far as it is kept, and what closes it below."""
    up, stands, ground = scene.up, scene.stands, ~scene.stands
    if np.isfinite(beside):
        flat = points - np.outer(scene.height, up)
        reach = beside * float(np.median(scene.spacing[stands]))
        ground &= cKDTree(flat[stands]).query(flat, distance_upper_bound=reach)[0] < reach
    apart = _apart(scene.spacing[ground])
    plan = Plan(points, up, CELL * apart)
    plan.draw(plan.closed(plan.cells(ground)) | plan.cells(stands), every=np.isfinite(beside))
    kept = stands | (ground & plan.within(points))
    lies = ground & kept
    deep = DEEP * apart
    under = scene.level + float(np.quantile(scene.height[ground], BELOW)) - deep
    flat, rim = plan.spread(apart), plan.rim(apart)
    _, nearest = cKDTree(points[lies]).query(rim + scene.level * up)
    steps = np.arange(0.5, DEEP) / DEEP
    over = (points[lies] @ up)[nearest] - under
    wall = rim[:, None] + (under + steps * over[:, None])[:, :, None] * up
    added = np.concatenate([flat + under * up, wall.reshape(-1, 3)])
    # As rough as the ground is, for by its noise a cloud is judged.
    rough = scene.rough[lies]
    most = ROUGH * float(np.median(np.abs(rough)))
    rough = np.resize(np.clip(rough, -most, most), len(added))
    outwards = np.concatenate([np.tile(up, (len(flat), 1)), np.repeat(plan.outwards(rim), len(steps), axis=0)])
    begins = scene.level + float(np.quantile(scene.height[lies], ABOVE)) + OVER * apart
    return Ground(stands, kept, added + rough[:, None] * outwards, deep, up, begins)


def _apart(spacing: Array) -> float:
    return float(np.sqrt((spacing**2).mean()))


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
        # Of a thing that has so few points as well it is more that lies above.
        below, side = min(((side * height < -LEVEL).mean(), side) for side in (1.0, -1.0))
        if below < BELOW:
            best = float(area[there].sum())
            mean = (normals[there] * np.sign(upright[there])[:, None]).sum(axis=0)
            up = side * mean / np.linalg.norm(mean)
            found = up, float(np.median(points[there] @ up))
    return found


def _level(height: Array, upright: Array) -> Flags:
    return np.asarray((np.abs(height) < LEVEL) & (np.abs(upright) > UPRIGHT))
