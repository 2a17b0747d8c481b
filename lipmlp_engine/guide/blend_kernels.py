"""Warp functions that make one function of two shapes; for ``exact_kernels``, as importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors

import warp as wp

from ..shapes.distance_kernels import UNLIMITED, nearest_place
from .flow_kernels import between
from .frame_lattice import SPACING
from .lone_parts import BEGINNING, ENDING, MOST_GONE, ROUNDING
from .side_kernels import Look, Side, Valued, missing_of, shortened, smooth
from .thin_parts import DEEP_ENOUGH


@wp.struct
class Moment:
    """What is the same for all points at one time."""

    share: float
    offset: float
    flow: wp.array3d(dtype=wp.vec3)
    extent: float
    back: int
    ahead: int
    """Steps to the first shape and to the second."""
    necks: wp.array2d(dtype=wp.vec3)
    presence: wp.array(dtype=float)
    radii: wp.array(dtype=float)
    common: bool
    weights: wp.array3d(dtype=float)
    weighed: wp.mat33
    weighed_shift: wp.vec3
    """From the training frame to the lattice of what stands still."""
    turn: wp.mat33
    grow_first: float
    grow_second: float
    shift_first: wp.vec3
    shift_second: wp.vec3
    """From the training frame to both surfaces, where the shapes lie in the world."""


@wp.func
def least_of_both(one: Valued, other: Valued, rounding: float, presence: float) -> Valued:
    """One function with what another encloses joined to it roundly, as far as that is there."""
    near = wp.max(rounding - wp.abs(one.value - other.value), 0.0)
    least = wp.min(one.value, other.value) - near * near / (4.0 * rounding)
    part = near / (2.0 * rounding)
    if other.value < one.value:
        part = 1.0 - part
    joined = Valued()
    joined.value = one.value + presence * (least - one.value)
    joined.slope = one.slope + part * presence * (other.slope - one.slope)
    return joined


@wp.func
def from_neck(necks: wp.array2d(dtype=wp.vec3), neck: int, point: wp.vec3) -> wp.vec3:
    """The way to a point from the nearest place on a neck's middle."""
    best = wp.vec3(0.0, 0.0, 0.0)
    least = float(UNLIMITED)
    for piece in range(necks.shape[1] - 1):
        along = necks[neck, piece + 1] - necks[neck, piece]
        offset = point - necks[neck, piece]
        part = wp.clamp(wp.dot(offset, along) / wp.max(wp.length_sq(along), 1.0e-12), 0.0, 1.0)
        way = offset - part * along
        if wp.length_sq(way) < least:
            least = wp.length_sq(way)
            best = way
    return best


@wp.struct
class Parted:
    """A shape without what is gone of its lone parts, and what is left of these alone."""

    rest: Valued
    left: Valued


@wp.func
def parted(side: Side, look: Look, own: float, gone: float, sloped: bool) -> Parted:
    """From the distance with gaps shut."""
    found = missing_of(side, own, look.place, gone)
    of_rest = wp.vec3(0.0, 0.0, 0.0)
    of_left = wp.vec3(0.0, 0.0, 0.0)
    if sloped and (found[0] > 0.0 or found[1] < MOST_GONE):
        for axis in range(3):
            step = wp.vec3(0.0, 0.0, 0.0)
            step[axis] = 0.5 * SPACING
            ahead = missing_of(side, own, look.place + step, gone)
            behind = missing_of(side, own, look.place - step, gone)
            of_rest[axis] = (ahead[0] - behind[0]) / SPACING
            of_left[axis] = (ahead[1] - behind[1]) / SPACING
    both = Parted()
    both.rest = shortened(own, look.slope, found[0], wp.transpose(look.change) * of_rest)
    both.left = shortened(own, look.slope, found[1], wp.transpose(look.change) * of_left)
    return both


@wp.func
def with_left(found: Valued, left: Valued, gone: float) -> Valued:
    """A function with what is left of lone parts added to what it encloses."""
    width = wp.max(ROUNDING * wp.clamp(gone / BEGINNING, 0.0, 1.0), 1.0e-6)
    return least_of_both(found, left, width, smooth((1.0 - gone) / ENDING))


@wp.func
def standing_still(moment: Moment, first: Side, second: Side, point: wp.vec3, blended: Valued) -> Valued:
    """With what both shapes have in common where it lies in the world."""
    place = moment.weighed * point + moment.weighed_shift
    held = Valued()
    held.value = blended.value
    held.slope = blended.slope
    for axis in range(3):
        if place[axis] < 0.0 or place[axis] > float(moment.weights.shape[axis] - 1):
            return held
    weight = between(moment.weights, place)
    if weight <= 0.0:
        return held
    turned = moment.turn * point
    one = nearest_place(
        first.mesh, moment.grow_first * turned + moment.shift_first, first.normals, first.accuracy, UNLIMITED
    )
    other = nearest_place(
        second.mesh, moment.grow_second * turned + moment.shift_second, second.normals, second.accuracy, UNLIMITED
    )
    from_first = one.distance / moment.grow_first
    still = from_first + moment.share * (other.distance / moment.grow_second - from_first)
    way = wp.transpose(moment.turn) * (one.gradient + moment.share * (other.gradient - one.gradient))
    held.value = blended.value + weight * (still - blended.value)
    held.slope = blended.slope + weight * (way - blended.slope)
    return held


@wp.func
def lowered(value: float, depth: float, thin: bool, cell: float) -> float:
    """What cells are told about a part that is too thin for them, whose middle is so deep."""
    if thin and depth < 0.0:
        return value - wp.max(DEEP_ENOUGH * cell + depth, 0.0)
    return value
