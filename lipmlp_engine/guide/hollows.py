"""What a shape nearly encloses, as a cup does. To the motion it is matter, and on the way it fills up from its walls.

Thin walls carried by a flow into a solid thing would be torn: half of their matter would have to come from everywhere.
Instead the whole vessel is led as if it were full, its walls grow inwards until they meet, and what is full by then
becomes the other shape. Knows no other shape.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import Tensor

from ..shapes.distance import DistanceField
from ..shapes.shape import unit_normals
from ..shapes.smooth_ramp import smooth_ramp
from ..shapes.surface_samples import sample_surface
from ..shapes.ways_out import DIRECTIONS, leading_out
from .frame_lattice import between_nodes, lattice_nodes

if TYPE_CHECKING:
    from .placed_surface import PlacedSurface
    from .surface_cores import Cores

ENCLOSED = 0.6
"""Share of the directions with a wall from which on a place is within something: 1/2 on a flat wall. Chosen."""
UNSURE, MORE_DIRECTIONS = 0.1, 256
"""How near to that share more directions are asked, and how many. Chosen, for a mouth that is even."""
GRADUALLY = 1.6
"""How far the mouth's surface is away, in training-frame units, for each unit of the share. Chosen."""
SKIN = 0.02
"""How far from a wall's sides what is enclosed is looked for, in training-frame units. Chosen."""
SIDES_ASKED = 8_000
"""Places of a surface at which it is asked whether they look into a hollow. Chosen."""
BESIDE = 1e-3
"""How far before a wall it is asked whether that is within a vessel, in diagonals of the shape. Chosen."""
FACING = 0.1
"""Diagonals for which a difference of one between normals counts where a face asks the nearest such place. Chosen."""
BETWEEN_VESSELS = 0.06
"""How far walls grow where both shapes are vessels, in training-frame units: what is thinner does not meet half-way, so
that it would be torn. Chosen."""
SOLID, SOLID_FROM = 0.1, 0.05
"""Share of what a vessel encloses that comes to lie where the other one encloses nothing, from which on it counts; and
how far outside what that encloses walls grow without bounds, in training-frame units. Chosen: the lower half of a mug
that becomes a glass hung in rags about its stem."""
SURELY = 0.7
"""The same share for what makes a shape a vessel. Chosen: an umbrella encloses four times its own matter by the other
share and nine tenths by this one, a bowl 3.4 and 2.1 times."""
EMPTIER = 1.0
"""Volumes of its own matter that a vessel encloses. Chosen. Measured: cups, bowls, hulls and boxes enclose two to nine,
animals and a car .05 at most, a chair .06."""
THROWN = 3_000
"""Points in the bounding box that say how much is enclosed. Chosen."""
FEWEST = 30
"""Of them that have to be enclosed. Chosen."""
HOLLOW_NODES = 41
"""Of the lattice on which a hollow is known, along each side. Chosen."""
FULL_AT = 0.7
"""Share of the way after which it is full. Chosen, as what is lone is gone by then."""
SOON_FULL_AT = 0.25
"""The same where much of its walls is led to nothing in the other shape, which would thin them out. Chosen."""
LED_TO_NOTHING, MUCH = 0.05, 0.15
"""How far outside the other shape that is, in training-frame units, and what share of the walls.

Chosen. Measured: on the way to animals, balls, rings and other vessels at most .1 of cups, bowls and boxes; to a chair
.18 of a helmet and .23 of a pipe, which were torn."""

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]


def looking_out(field: DistanceField, points: Array, normals: Array) -> Chosen:
    """Which places of a surface do not look into something that it encloses."""
    return np.asarray(_walled(field, points + BESIDE * field.scale * normals) < ENCLOSED)


def _walled(field: DistanceField, points: Array, count: int = DIRECTIONS) -> Array:
    """The share of the directions from each point in which there is a wall."""
    return np.asarray(1 - leading_out(field, points, count).mean(axis=1))


def hollow_places(field: DistanceField) -> tuple[Array, float] | None:
    """Places all over what a vessel encloses, and its volume; None of what is no vessel."""
    low, high = field.bounds
    points = np.random.default_rng(0).uniform(low, high, (THROWN, 3))
    void = field.signed(points) > 0
    walled = _walled(field, points[void])
    if (walled >= SURELY).sum() < max(FEWEST, EMPTIER * (~void).sum()):
        return None
    found = points[void][walled >= ENCLOSED]
    return found, float(np.prod(high - low)) * len(found) / THROWN


@dataclass(frozen=True)
class Hollow:
    """Of one shape what it encloses."""

    full: NDArray[np.float32]
    """On a lattice over the training frame, the distance to the shape as if it were full."""
    depth: float
    """How far its walls have to grow until it is."""
    full_at: float = FULL_AT
    """Share of the way after which they have."""

    def grown(self, gone: Tensor) -> Tensor:
        """How far the walls have grown inwards when a share of the way is gone."""
        return self.depth * (gone / self.full_at).clamp(0, 1)

    def filled(self, own: Tensor, places: Tensor, gone: Tensor) -> Tensor:
        """Distances to the shape with its walls grown inwards, where those to the shape itself are ``own``."""
        full = torch.from_numpy(self.at(places.numpy()))
        return torch.minimum(own, torch.maximum(full, own - self.grown(gone)))

    def beside(self, cores: Cores) -> Chosen:
        """Which places of the surface are a wall's with what is enclosed on one of its sides."""
        ahead = cores.points + SKIN * cores.normals
        behind = cores.points - (2 * cores.depth[:, None] + SKIN) * cores.normals
        return np.asarray((self.at(ahead) < 0) | (self.at(behind) < 0))

    def at(self, places: NDArray[np.floating]) -> NDArray[np.float32]:
        """Distances to the full shape at places of the training frame."""
        return between_nodes(self.full, places)


def hollow_of(surface: PlacedSurface) -> Hollow | None:
    """What a shape encloses where it lies in the training frame; None where it is no vessel."""
    if hollow_places(surface.field) is None:
        return None
    nodes = lattice_nodes(HOLLOW_NODES)
    own = surface.signed(nodes)
    world = surface.pose.to_world(nodes)
    low, high = surface.field.bounds
    asked = np.flatnonzero((own > 0) & ((world > low) & (world < high)).all(axis=1))
    walled = _walled(surface.field, world[asked])
    unsure = np.abs(walled - ENCLOSED) < UNSURE
    walled[unsure] = _walled(surface.field, world[asked[unsure]], MORE_DIRECTIONS)
    within = walled > ENCLOSED
    if not within.any():
        return None
    away = _outside_of(surface).closest(world)[2] / surface.pose.scale
    # Between a node in the hollow and one beyond the wall the sign changes in the wall, however thin it is; where no
    # wall is between them, as in the mouth, it changes gradually.
    full = np.where(own > 0, away, -away)
    full[asked] = np.clip(GRADUALLY * (ENCLOSED - walled), -away[asked], away[asked])
    return Hollow(full.reshape((HOLLOW_NODES,) * 3).astype(np.float32), float(own[asked][within].max()))


def _outside_of(surface: PlacedSurface) -> DistanceField:
    """The distance field of those of a vessel's faces that do not look into it."""
    shape = surface.shape
    points, normals, _ = sample_surface(shape.vertices, shape.triangles, SIDES_ASKED, np.random.default_rng(0))
    out = looking_out(surface.field, points, normals)
    corners = shape.vertices[shape.triangles]
    told = np.hstack([points / shape.diagonal, FACING * normals])
    asking = np.hstack([corners.mean(axis=1) / shape.diagonal, FACING * unit_normals(shape.vertices, shape.triangles)])
    kept = out[KDTree(told).query(asking)[1]]
    triangles = shape.triangles[kept] if kept.any() else shape.triangles
    return DistanceField(shape.vertices, triangles, device=surface.field.device)


def settled(
    hollow: Hollow | None,
    other: Hollow | None,
    cores: Cores | None,
    outside: Array,
    kept: Callable[[], tuple[Array, Array]] | None = None,
) -> Hollow | None:
    """How far and how soon a vessel's walls grow, whose matter comes to lie so far ``outside`` the other shape: between
    two vessels no more than keeps both hollow.

    kept: of the nodes of its lattice how far they are from its walls, and how far within what the other vessel encloses
    they come to lie. Where that is solid, as a glass is below its bowl, the walls grow until they meet.
    """
    if hollow is None or cores is None:
        return None
    walls = outside[hollow.beside(cores)]
    soon = len(walls) > 0 and float((walls > LED_TO_NOTHING).mean()) > MUCH
    full_at = SOON_FULL_AT if soon else FULL_AT
    if other is None or hollow.depth <= BETWEEN_VESSELS:
        return replace(hollow, full_at=full_at)
    if kept is not None:
        own, within = (values.reshape(hollow.full.shape) for values in kept())
        enclosed = (hollow.full < 0) & (own > 0)
        if float((within[enclosed] < 0).mean()) > SOLID:
            room = BETWEEN_VESSELS + hollow.depth * smooth_ramp(-within, 0.0, SOLID_FROM)
            full = np.maximum(hollow.full, own - room).astype(np.float32)
            return replace(hollow, full=full, full_at=full_at)
    return replace(hollow, depth=BETWEEN_VESSELS, full_at=full_at)
