"""Gives the normals of a cloud a side: all outwards, over the whole cloud. Knows nothing of files or meshes.

Two witnesses are heard in turn. Neighbours on one sheet say whether their normals agree, which is right close by and
goes astray over a distance; the winding number of all points says where inside is, which is right as a whole and
blurred in detail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array
from scipy.sparse.linalg import cg

from .neighbour_links import LEVEL, LINKS, SureLinks, agreement_of, along_the_surest, less_at_odds, majority, parts_of
from .normal_estimation import Lines
from .one_view import turned_to_the_viewer
from .seen_by_an_eye import sight_of
from .summed_sides import put_together
from .winding_grid import WindingGrid, summed_number

Array = NDArray[np.float64]

CELLS = 112
"""Of the grid's longest side: a side is asked for, not a surface. Chosen."""
PER_SPACING = 1.5
"""Cells for the distance between points, where that makes fewer. Chosen."""
SETTLED = 5e-4
"""Share of the points that may still change sides when the search ends. Chosen."""
ROUNDS = 12
"""Turns in which neighbours and the winding number settle the sides. Chosen."""
CLEAR = 0.3
"""The least fall of the winding number across a wall that says on which side it is. Chosen."""
AT_ODDS = 0.5
"""Of all that a part's neighbours say, how much more must be against its side than for it. Chosen."""
INSIDE_OUT = -0.2
"""Winding number at points that enclose space inside out.

Follows from -1/2 for what is whole, 0 for a sheet, and blur.
"""
MISSED = 0.1
"""Mean square by which the winding number misses a half on the walls up to which sides in noise are believed. Chosen.
Measured, noise of .25 and .5 %: of animals, blocks, glasses, bowls and a chair .03 to .07 with their true sides, of
three of them with sides that only neighbours and a grid's number tell .24 to .4, and of a cat in 1 % .38 either way.
"""
NOTHING = 0.2
"""Mean winding number at the points up to which they enclose nothing, so that links alone tell. Chosen: of a wall with
windows and a cornice, from the street, .07; what is closed has .5."""
LEAST_GAP = 0.2
"""Of the spacing: what lies closer than that belongs to the same sheet. Chosen."""
TRUST = 0.05
"""Weight of the winding number beside the neighbours. Chosen."""
SEEN = 4.0
"""Weight of the eye that saw all of a cloud, where there is one, beside the winding number's. Chosen."""
MOST_SHEETS, ASKED = 8, 200
"""Of the sheets that lie close to others, the largest so many are tried either way, at so many of their points.
Chosen."""


def oriented(points: Array, lines: Lines, threads: int = 0) -> Array:
    """The lines' normals, outwards."""
    points = lines.places
    agreement = agreement_of(points, lines)
    cell = max(float(np.ptp(points, axis=0).max()) / CELLS, float(np.median(lines.spacing)) / PER_SPACING)
    grid = WindingGrid(points, cell, threads)
    side = _sides(points, lines, agreement, grid)
    walls = lines.normals * lines.spacing[:, None] ** 2
    if lines.clean:
        # Links that are sure tell between close sheets, and the number what is too sparse for links.
        sure = SureLinks.among(agreement, lines)
        ways = [_sides(points, lines, agreement, grid, sure), side]
        side, _ = put_together(ways, [sure.along_all, sure.along], agreement, points, walls)
    else:
        side = _in_noise(side, points, lines, agreement, grid)
    sight = sight_of(side, points, walls)
    if sight is not None:
        side = np.where(_settled(agreement, SEEN * sight, np.sign(sight)) < 0, -1.0, 1.0)
    side = turned_to_the_viewer(side, agreement, points, walls)
    return np.asarray(lines.normals * side[:, None])


def _in_noise(side: Array, points: Array, lines: Lines, agreement: csr_array, grid: WindingGrid) -> Array:
    """The sides of a cloud in noise, told otherwise where as they are the winding number is no half on the walls."""
    walls = lines.normals * lines.spacing[:, None] ** 2
    number = grid.at(grid.solve(points, walls * side[:, None], 1.0), points)
    if float(((number - 0.5) ** 2).mean()) > MISSED:
        # What encloses something by sides that other links tell is told by them.
        sure = SureLinks.among(agreement, lines)
        ways = [_sides(points, lines, agreement, grid, sure), side]
        together, missed = put_together(ways, [sure.along_all, sure.along], agreement, points, walls)
        if missed < MISSED:
            return together
    if abs(float(number.mean())) < NOTHING:
        # The number tells nothing of what encloses nothing, and has turned what juts out.
        along, parts = along_the_surest(agreement), parts_of(agreement)
        linked = np.where(_settled(agreement, along, along) < 0, -1.0, 1.0)
        side = less_at_odds(side, linked * majority(linked * side, parts), agreement, parts)
    return side


def _sides(
    points: Array, lines: Lines, agreement: csr_array, grid: WindingGrid, sure: SureLinks | None = None
) -> Array:
    """1 for every normal that is outwards, -1 for every other; by links that are sure sheets are told apart."""
    parts = parts_of(agreement if sure is None else sure.alike)
    from_middle = points - np.median(points, axis=0)
    far = np.linalg.norm(from_middle, axis=1)
    hint = np.einsum("ij,ij->i", lines.normals, from_middle) / max(far.max(), 1e-300) * (far / far.max()) ** 3
    # In noise the links are not sure enough to go without the winding number, even where that is blurred.
    crowded, along = np.zeros(len(points), np.bool_), np.zeros(len(points))
    if sure is not None:
        crowded = _crowded(points, lines, 3 * grid.cell)
        # Across edges links tell how whole parts go together; within one they may go astray.
        hint = along = sure.along * majority(sure.along * sure.along_all, parts)
    side, straight, before = np.ones(len(points)), np.ones(len(points)), np.zeros(len(points))
    for turn in range(ROUNDS):
        side = np.sign(_settled(agreement, hint, side))
        side[side == 0] = 1
        blur = max(3.0 * 0.7**turn, 1.0)
        number = grid.solve(points, lines.normals * (side * lines.spacing**2)[:, None], blur)
        standing = grid.at(number, points)
        straight = _turned_parts(side, parts, standing)
        if sure is not None and (straight == side).all():
            straight = _turned_groups(side, agreement, standing)
        if (straight != before).mean() < SETTLED and blur == 1.0:
            break
        if (straight != side).any():
            side = straight
            number = grid.solve(points, lines.normals * (side * lines.spacing**2)[:, None], blur)
        before = side.copy()
        step = 1.5 * grid.cell * lines.normals
        fall = grid.at(number, points - step) - grid.at(number, points + step)
        hint = np.where((np.abs(fall) > CLEAR) & ~crowded, np.clip(fall, -1, 1), along * majority(along * side, parts))
    if sure is not None:
        straight = less_at_odds(straight, along * majority(along * straight, parts), sure.alike, parts)
    if crowded.any():
        straight = _turned_sheets(straight, crowded, parts, points, lines)
    return straight if sure is None else _turned_at_edges(straight, agreement, parts)


def _crowded(points: Array, lines: Lines, reach: float) -> NDArray[np.bool_]:
    """Where another sheet is so close above or below that the winding number, which is blurred, cannot tell the two."""
    step = points[lines.neighbours] - points[:, None]
    length = np.linalg.norm(step, axis=2)
    rise = np.abs(np.einsum("nki,ni->nk", step, lines.normals))
    apart = np.maximum(3 * lines.noise, LEAST_GAP * lines.spacing)
    return np.asarray(((length < reach) & (rise > LEVEL * length) & (rise > apart[:, None])).any(axis=1))


def _settled(agreement: csr_array, hint: Array, start: Array) -> Array:
    """Of which side each point is, after listening to its neighbours and to the hint."""
    strength = abs(agreement).sum(axis=1)
    trust = TRUST * np.abs(hint) + 1e-4 * strength
    matrix = diags_array(strength + trust) - agreement
    scale = diags_array(1 / (strength + trust))
    found, _ = cg(matrix, TRUST * hint, x0=start * 0.1, rtol=1e-3, maxiter=120, M=scale)
    return np.asarray(found)


def _turned_parts(side: Array, parts: NDArray[np.int64], number: NDArray[np.float32]) -> Array:
    """The sides, with those parts turned at which the number is not about one half: they enclose space inside out, or
    fill once more what lies inside another."""
    count = np.bincount(parts)
    mean = np.bincount(parts, number) / count
    return np.asarray(np.where(((mean < 0) | (mean > 1))[parts] & (count > 3 * LINKS)[parts], -side, side))


def _turned_groups(side: Array, agreement: csr_array, number: NDArray[np.float32]) -> Array:
    """The sides, with those turned that hang together and enclose space inside out, as one of two balls that touch:
    their links agree with each other, and the number with what they are."""
    wrong = number < INSIDE_OUT
    among = diags_array(wrong.astype(np.float64))
    group = parts_of(csr_array(among @ agreement @ among))
    return np.asarray(np.where(wrong & (np.bincount(group) > 3 * LINKS)[group], -side, side))


def _turned_at_edges(side: Array, agreement: csr_array, parts: NDArray[np.int64]) -> Array:
    """The sides, with those parts turned that all their neighbours across edges disagree with, the smallest first: on a
    narrow wall that is inside out the number is what it is on one that is not."""
    links = agreement.tocoo()
    first, second = links.coords
    across = parts[first] != parts[second]
    first, second, weight = first[across], second[across], links.data[across]
    count = np.bincount(parts)
    whole = np.bincount(parts[first], np.abs(weight), len(count))
    for _ in range(MOST_SHEETS):
        agree = np.bincount(parts[first], weight * side[first] * side[second], len(count))
        wrong = np.flatnonzero((agree < -AT_ODDS * whole) & (count > 3 * LINKS))
        if not len(wrong):
            break
        side = np.where(parts == wrong[count[wrong].argmin()], -side, side)
    return side


def _turned_sheets(
    side: Array, crowded: NDArray[np.bool_], parts: NDArray[np.int64], points: Array, lines: Lines
) -> Array:
    """The sides, with those sheets turned which are close to another and at which the number is nearer to a half then.

    On a grid the number is too blurred between such sheets, so that here it is summed over all points, at some.
    """
    count, close = np.bincount(parts), np.bincount(parts, crowded)
    chosen = np.argsort(-close, kind="stable")[:MOST_SHEETS]
    for part in chosen[(close > count / 2)[chosen] & (count > 3 * LINKS)[chosen]]:
        own = parts == part
        there = np.flatnonzero(own & crowded)
        places = points[there[:: max(1, len(there) // ASKED)]]
        walls = lines.normals * (side * lines.spacing**2)[:, None]
        now = float(summed_number(places, points, walls).mean())
        alone = float(summed_number(places, points[own], walls[own]).mean())
        if abs(now - 2 * alone - 0.5) < abs(now - 0.5):
            side = np.where(own, -side, side)
    return side
