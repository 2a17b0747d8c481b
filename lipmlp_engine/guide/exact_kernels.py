"""A Warp kernel that evaluates the blended function at points; imported by ``exact_sides`` alone: Warp takes time.

All that is asked of a point is asked at once, on its way through the flow, of both distances, gaps, lone parts and
necks. The formulas are those by which `blend.py`, `gap_closing.py`, `lone_parts.py` and `thin_parts.py` say what a
network is fitted to.
"""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors

import warp as wp

from .blend import NECK_ROUNDING
from .blend_kernels import Moment, Parted, from_neck, least_of_both, lowered, parted, standing_still, with_left
from .gap_closing import DEPTH, WIDTH
from .side_kernels import Look, Side, Valued, at_node, filled, looked, shutting, steepness
from .thin_parts import STEEPEST, THIN

FIRST, SECOND, BEFORE_FIRST, BEFORE_SECOND = 0, 1, 2, 3
"""What is not known yet about a point: either shape's distance, or that across a gap in front of its wall.

Follows from the order of the places that are wanted.
"""


@wp.struct
class Shut:
    """What is taken off a distance in a gap that is to shut, and the place that has to be known for it first."""

    depth: float
    missing: bool
    local: wp.vec3


@wp.func
def gap_shut(side: Side, look: Look, other: float, left: float, kept: bool) -> Shut:
    found = Shut()
    own = look.distance
    if not side.gaps or own <= 0.0 or own >= WIDTH or other >= 0.0:
        return found
    # Away from all gaps there is nothing to shut, and no need to look for walls.
    if at_node(side.walls, look.place) <= 0.0:
        return found
    across = looked(side, side.order, 1.0, look.place + WIDTH * look.outwards, 0.0, 0, False, kept)
    narrow = wp.clamp((0.8 - (across.distance - own) / WIDTH) / 0.6, 0.0, 1.0)
    found.depth = DEPTH * shutting(narrow, other, left)
    found.missing = across.missing
    found.local = across.local
    return found


@wp.kernel(enable_backward=False)
def shape_alone(
    points: wp.array(dtype=wp.vec3),
    side: Side,
    cell: float,
    kept: bool,
    values: wp.array(dtype=float),
    gradients: wp.array(dtype=wp.vec3),
    trusts: wp.array(dtype=float),
    offs: wp.array(dtype=float),
    wanted: wp.array2d(dtype=wp.vec3),
    missing: wp.array(dtype=int),
) -> None:
    """The function at a shape's own time, lowered for cells where their size is given; see `blended`."""
    index = wp.tid()
    look = looked(side, side.order, 1.0, points[index], 0.0, 0, False, kept)
    missing[index] = 0
    if look.missing:
        missing[index] = 1 << FIRST
        wanted[index, FIRST] = look.local
    value = look.distance
    gradients[index] = look.outwards
    trusts[index] = 1.0
    offs[index] = 0.0
    if cell > 0.0 and wp.abs(value) < THIN * cell:
        thick = at_node(side.thickness, look.place)
        value = lowered(value, -0.5 * thick, thick < THIN * cell, cell)
    values[index] = value


@wp.kernel(enable_backward=False)
def blended(
    points: wp.array(dtype=wp.vec3),
    first: Side,
    second: Side,
    moment: Moment,
    cell: float,
    sloped: bool,
    kept: bool,
    values: wp.array(dtype=float),
    gradients: wp.array(dtype=wp.vec3),
    trusts: wp.array(dtype=float),
    offs: wp.array(dtype=float),
    wanted: wp.array2d(dtype=wp.vec3),
    missing: wp.array(dtype=int),
) -> None:
    """The function between two shapes, its gradient if wanted, the trust, and how far its surface is off both shapes.

    Where a kept distance is not known yet, that is said with the place, and all has to be asked again.
    """
    index = wp.tid()
    point = points[index]
    share = moment.share
    rest = 1.0 - share
    one = looked(first, moment.flow, moment.extent, point, -share, moment.back, sloped, kept)
    other = looked(second, moment.flow, moment.extent, point, rest, moment.ahead, sloped, kept)
    unknown = 0
    if one.missing:
        unknown = unknown | (1 << FIRST)
        wanted[index, FIRST] = one.local
    if other.missing:
        unknown = unknown | (1 << SECOND)
        wanted[index, SECOND] = other.local
    if unknown != 0:
        missing[index] = unknown
        return
    shut_first = gap_shut(first, one, other.distance, share, kept)
    shut_second = gap_shut(second, other, one.distance, rest, kept)
    if shut_first.missing:
        unknown = unknown | (1 << BEFORE_FIRST)
        wanted[index, BEFORE_FIRST] = shut_first.local
    if shut_second.missing:
        unknown = unknown | (1 << BEFORE_SECOND)
        wanted[index, BEFORE_SECOND] = shut_second.local
    missing[index] = unknown

    end_first = Valued()
    end_first.value = one.distance - shut_first.depth
    end_first.slope = one.slope
    end_second = Valued()
    end_second.value = other.distance - shut_second.depth
    end_second.slope = other.slope
    if first.hollow:
        end_first = filled(first, one, end_first, share, sloped)
    if second.hollow:
        end_second = filled(second, other, end_second, rest, sloped)
    alone_first = Parted()
    alone_second = Parted()
    if first.lone:
        alone_first = parted(first, one, end_first.value, share, sloped)
        end_first = alone_first.rest
    if second.lone:
        alone_second = parted(second, other, end_second.value, rest, sloped)
        end_second = alone_second.rest
    found = Valued()
    found.value = end_first.value + share * (end_second.value - end_first.value) + moment.offset
    found.slope = end_first.slope + share * (end_second.slope - end_first.slope)
    # How much of each distance there is in the value: what goes along itself is there as it is.
    part_first = rest
    part_second = share
    if first.lone:
        if alone_first.left.value < found.value:
            part_first = 1.0
        found = with_left(found, alone_first.left, share)
    if second.lone:
        if alone_second.left.value < found.value:
            part_second = 1.0
        found = with_left(found, alone_second.left, rest)
    if moment.common:
        found = standing_still(moment, first, second, point, found)
    # What holds on to something reaches into what stands still as well.
    for neck in range(moment.presence.shape[0]):
        away = from_neck(moment.necks, neck, point)
        reach = wp.length(away)
        tube = Valued()
        tube.value = reach - moment.radii[neck]
        tube.slope = away / wp.max(reach, 1.0e-6)
        found = least_of_both(found, tube, NECK_ROUNDING * moment.radii[neck], moment.presence[neck])

    # Shut as far as a gap is deep when it is shut wholly: doubt is nowhere else, however near a gap may be.
    trust = wp.max(1.0 - shut_first.depth / DEPTH, 0.0) * wp.max(1.0 - shut_second.depth / DEPTH, 0.0)
    value = found.value
    thinnest = THIN * cell
    if cell > 0.0 and wp.abs(value) < thinnest * STEEPEST and trust >= 1.0:
        # What goes along itself is thinner than it was where the flow has squeezed it.
        steep = 0.0
        depth = float(value)
        thick_first = at_node(first.thickness, one.place)
        if thick_first < thinnest * STEEPEST:
            squeezed = 1.0
            if part_first == 1.0:
                squeezed = steepness(moment.flow, moment.extent, point, -share, moment.back, one.outwards)
            if thick_first < thinnest * squeezed:
                depth = depth - part_first * (one.distance + 0.5 * thick_first)
                steep = squeezed
        thick_second = at_node(second.thickness, other.place)
        if thick_second < thinnest * STEEPEST:
            squeezed = 1.0
            if part_second == 1.0:
                squeezed = steepness(moment.flow, moment.extent, point, rest, moment.ahead, other.outwards)
            if thick_second < thinnest * squeezed:
                depth = depth - part_second * (other.distance + 0.5 * thick_second)
                steep = wp.max(steep, squeezed)
        if wp.abs(value) < thinnest * steep:
            value = lowered(value, depth, True, cell * steep)
    values[index] = value
    trusts[index] = trust
    offs[index] = rest * wp.abs(one.distance) + share * wp.abs(other.distance)
    if sloped:
        gradients[index] = found.slope
