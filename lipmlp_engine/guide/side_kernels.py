"""Warp functions that ask one shape about a point on its way; for ``exact_kernels``, as importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors

from typing import Any

import warp as wp

from ..shapes.distance_kernels import NOT_MADE, UNLIMITED, Nearest, kept_place, nearest_place
from .flow_kernels import between, carried, carried_with_change, within
from .gap_closing import SHUTTING, SOLID
from .lone_parts import CAP, MOST_GONE, REACH
from .thin_parts import STEEPEST


@wp.struct
class Side:
    """One of two shapes, with what never changes about it."""

    mesh: wp.uint64
    normals: wp.array(dtype=wp.uint8)
    """How far they tell the side."""
    accuracy: float
    nodes: wp.array3d(dtype=wp.vec4)
    low: wp.vec3
    spacing: float
    beside: float
    turn: wp.mat33
    """Directions of the training frame as the surface has them."""
    grow: float
    """Of a training-frame unit, in the surface's own."""
    shift: wp.vec3
    gaps: bool
    walls: wp.array3d(dtype=float)
    thickness: wp.array3d(dtype=float)
    lone: bool
    order: wp.array3d(dtype=wp.vec3)
    lone_low: wp.vec3
    lone_high: wp.vec3
    hollow: bool
    full: wp.array3d(dtype=float)
    hollow_depth: float
    full_at: float


@wp.struct
class Look:
    """What one shape says of a point."""

    place: wp.vec3
    change: wp.mat33
    local: wp.vec3
    distance: float
    outwards: wp.vec3
    """The distance's gradient where the point's matter is."""
    slope: wp.vec3
    """And where the point is."""
    missing: bool


@wp.struct
class Valued:
    value: float
    slope: wp.vec3


@wp.func
def at_node(lattice: wp.array3d(dtype=Any), point: wp.vec3) -> Any:
    """Of a lattice over the training frame."""
    return between(lattice, within(point, 1.0, lattice.shape[0]))


@wp.func
def looked(
    side: Side,
    flow: wp.array3d(dtype=wp.vec3),
    extent: float,
    point: wp.vec3,
    duration: float,
    steps: int,
    sloped: bool,
    kept: bool,
) -> Look:
    """Carried to a shape along a flow, how far from it a point's matter lies."""
    look = Look()
    if sloped:
        way = carried_with_change(flow, extent, point, duration, steps)
        look.place = way.place
        look.change = way.change
    else:
        look.place = carried(flow, extent, point, duration, steps)
    look.local = side.grow * (side.turn * look.place) + side.shift
    found = Nearest()
    if kept:
        found = kept_place(
            side.mesh, look.local, side.normals, side.accuracy, side.nodes, side.low, side.spacing, side.beside
        )
    else:
        found = nearest_place(side.mesh, look.local, side.normals, side.accuracy, UNLIMITED)
    look.missing = found.triangle == NOT_MADE
    look.distance = found.distance / side.grow
    look.outwards = wp.transpose(side.turn) * found.gradient
    if sloped:
        look.slope = wp.transpose(look.change) * look.outwards
    return look


@wp.func
def steepness(
    flow: wp.array3d(dtype=wp.vec3), extent: float, point: wp.vec3, duration: float, steps: int, outwards: wp.vec3
) -> float:
    """How fast a carried distance changes, at least as fast as one that is not carried."""
    way = carried_with_change(flow, extent, point, duration, steps)
    return wp.clamp(wp.length(wp.transpose(way.change) * outwards), 1.0, STEEPEST)


@wp.func
def smooth(part: float) -> float:
    held = wp.clamp(part, 0.0, 1.0)
    return held * held * (3.0 - 2.0 * held)


@wp.func
def shutting(narrow: float, other: float, left: float) -> float:
    """How far a gap is shut, from 0 to 1."""
    return smooth(left / SHUTTING) * narrow * wp.clamp(-other / SOLID, 0.0, 1.0)


@wp.func
def missing_of(side: Side, own: float, place: wp.vec3, gone: float) -> wp.vec2:
    """How much is missing of a shape at a place, and of its lone parts alone."""
    near = 1.0 - wp.clamp((own - 0.5 * REACH) / (0.5 * REACH), 0.0, 1.0)
    if near <= 0.0:
        return wp.vec2(0.0, MOST_GONE)
    for axis in range(3):
        if place[axis] <= side.lone_low[axis] or place[axis] >= side.lone_high[axis]:
            return wp.vec2(0.0, MOST_GONE)
    order = at_node(side.order, place)
    missing = near * wp.clamp(order[1] * (gone - order[0]), 0.0, MOST_GONE)
    return wp.vec2(missing, wp.min(missing + order[2], MOST_GONE))


@wp.func
def filled(side: Side, look: Look, own: Valued, gone: float, sloped: bool) -> Valued:
    """A distance with the walls of a vessel grown inwards."""
    grown = side.hollow_depth * wp.clamp(gone / side.full_at, 0.0, 1.0)
    full = at_node(side.full, look.place)
    found = Valued()
    found.value = own.value
    found.slope = own.slope
    if full < own.value and grown > 0.0:
        found.value = own.value - grown
        if full > found.value:
            found.value = full
            if sloped:
                spacing = 2.0 / float(side.full.shape[0] - 1)
                turned = wp.vec3(0.0, 0.0, 0.0)
                for axis in range(3):
                    step = wp.vec3(0.0, 0.0, 0.0)
                    step[axis] = 0.5 * spacing
                    ahead = at_node(side.full, look.place + step)
                    turned[axis] = (ahead - at_node(side.full, look.place - step)) / spacing
                found.slope = wp.transpose(look.change) * turned
    return found


@wp.func
def shortened(own: float, slope: wp.vec3, missing: float, turned: wp.vec3) -> Valued:
    """A distance with a rounded end where something is missing."""
    cut = Valued()
    cut.value = own
    cut.slope = slope
    if missing > 0.0:
        depth = wp.max(own + CAP, 0.0)
        cut.value = wp.max(own, wp.sqrt(depth * depth + missing * missing) - CAP)
        cut.slope = (depth * slope + missing * turned) / wp.max(cut.value + CAP, 1.0e-6)
    return cut
