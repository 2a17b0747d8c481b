"""The signed distance from places to the planes of oriented samples: of one sheet blended, of several cut or joined.

Where walls meet, and where one faces another, an average of their planes is the plane of neither. Whether what they
enclose is where all of them say so, or where any does, is seen from where they lie: below each other's planes they
meet in an edge or are the two sides of a blade, above them in a groove or across a gap. Knows no grid and no surface.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..shapes.smooth_ramp import smooth_ramp
from .cloud_noise import CLEAN
from .oriented_samples import Samples

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEIGHBOURS, FEWER = 16, 12
"""Samples whose planes count at a place: of a clean cloud, and of one in noise, where more of them leave handles.
Chosen."""
DISC = 0.7
"""Radius of the piece of plane that a sample stands for, in spacings. Chosen."""
ALIKE = (0.3, 0.7)
"""Cosine between normals of different sheets, and of one. Chosen."""
ROUND = 0.7
"""Cosine between a sample's normal and its sheet's from which the sheet is round between them, not edged. Chosen."""
LEVEL = 0.03
"""Spacings: what lies closer to a plane is neither above nor below it. Chosen."""
PRESENT, IN_NOISE = (0.0, 0.02, 0.02), (0.0, 0.05, 0.05)
"""Samples, counted by how near they are, that make a first, a second and a third sheet: of a clean cloud, and of one in
noise. Chosen. Measured: where a second sheet needs a sample's whole weight, a wedge comes from .0077 to .0097 %, and
two close plates from .0168 to .0224."""
ACROSS = 1e-6
"""Samples, counted so, that make another sheet where it faces one across a gap. Chosen: at a gap's rim
those of its far side are the farthest, and without them it is bridged."""
CLOSE = 2.0
"""Spacings between two sheets that face each other, or turn their backs, up to which their planes are believed even
where no sample is near: the winding number is too blurred to see between them. Chosen: with 1.2, walls 1.2 spacings
apart kept 29 handles, and walls 1.6 apart one."""
AMID = 0.5
"""Spacings from the middle of a sheet's samples up to which a place lies among them, not past a rim. Measured: without
it a cat's ears from 5,000 points had spikes, 99 % of all distances below .60 %, not .40.
"""
SUPPORT, UNHEARD = (0.1, 0.3), 0.05
"""Share of its neighbours that lie on a sample's plane and face its way: from the second it is heard in full, below the
first only this much. Chosen."""
SUPPORTERS = 32
"""Neighbours that are asked for that in a clean cloud. Chosen: of twelve between two sheets, chance leaves one or two
on a sample's own."""
_CHUNK = 16_384


@dataclass
class _Group:
    """The samples around each place that lie on one sheet."""

    share: Array
    """(n, k), what each of the neighbours counts."""
    height: Array
    middle: Array
    normal: Array
    total: Array
    """What its samples count together."""
    there: Flags


class SamplePlanes:
    """The planes of oriented samples."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._tree = cKDTree(samples.points)
        self._clean = samples.noise < CLEAN * float(np.median(samples.spacing))
        self._count = min(NEIGHBOURS if self._clean else FEWER, len(samples.points))
        self._width = np.maximum(2 * samples.noise, 0.25 * samples.spacing)
        self._heard = self._support()

    def heights(self, place: Array) -> tuple[Array, Array, Array, NDArray[np.integer]]:
        """The distance from places, negative inside, how many spacings the nearest sample is away, the distance to the
        plane of a wall's other side where that is close, -infinite elsewhere, and which sample is nearest.

        A sample's disc counts the less the farther it is from the place, so that of two sheets close together the
        nearer counts, and that no plane reaches beyond an edge.
        """
        samples = self._samples
        distance, nearest = self._tree.query(place, k=self._count)
        spacing = samples.spacing[nearest[:, 0]]
        points, normals = samples.points[nearest], samples.normals[nearest]
        step = place[:, None] - points
        height = np.einsum("nki,nki->nk", step, normals)
        aside = np.sqrt(np.maximum(distance**2 - height**2, 0))
        from_disc = np.hypot(height, np.maximum(aside - DISC * samples.spacing[nearest], 0))
        near = np.exp(-(distance**2 - distance[:, :1] ** 2) / (1.1 * spacing[:, None]) ** 2)
        near *= np.maximum(self._heard[nearest], UNHEARD)
        off = (from_disc - from_disc.min(axis=1, keepdims=True)) / self._width[nearest[:, :1]]
        weight = near * np.exp(-0.5 * off**2)
        groups: list[_Group] = []
        free = np.ones(nearest.shape, np.bool_)
        for number, least in enumerate(PRESENT if self._clean else IN_NOISE):
            lead = np.where(free, weight, -1.0).argmax(axis=1)
            cosine = np.einsum("nki,ni->nk", normals, normals[np.arange(len(lead)), lead])
            share = (weight if number == 0 else near) * free * smooth_ramp(cosine, *ALIKE)
            groups.append(_grouped(share, height, step if self._clean else None, points, normals, least))
            free &= cosine < ALIKE[1]
        level = np.maximum(LEVEL * spacing, samples.noise)
        first, second, third = groups
        reach = CLOSE * spacing
        if self._clean:
            second.there |= (second.total > ACROSS) & _gap(first, second, reach)
            third.there |= (third.total > ACROSS) & (_gap(first, third, reach) | _gap(second, third, reach))
        values, close = _joined(groups, points, level, reach, self._clean)
        behind = np.full(len(place), -np.inf)
        if self._clean:
            for one, other in ((first, second), (first, third)):
                back = _turned_away(one, other, reach) & _amid(place, one, other, AMID * spacing)
                behind = np.where(back, np.maximum(behind, np.minimum(one.height, other.height)), behind)
        return values, np.where(close, 0.0, distance[:, 0] / spacing), behind, nearest[:, 0]

    def _support(self) -> Array:
        """How much each sample's plane is heard: not at all where it goes through no neighbours that face its way."""
        points, normals = self._samples.points, self._samples.normals
        heard, count = np.empty(len(points)), min(SUPPORTERS if self._clean else FEWER, len(points))
        for begin in range(0, len(points), _CHUNK):
            own = slice(begin, begin + _CHUNK)
            distance, nearest = self._tree.query(points[own], k=count)
            step = points[nearest] - points[own][:, None]
            height = np.einsum("nki,ni->nk", step, normals[own]) / self._width[own][:, None]
            agree = np.einsum("nki,ni->nk", normals[nearest], normals[own])
            near = np.exp(-((distance / np.maximum(distance[:, -1:], 1e-300)) ** 2))
            near[:, 0] = 0
            share = (near * np.exp(-0.5 * height**2) * agree).sum(axis=1) / near.sum(axis=1)
            heard[own] = smooth_ramp(share, *SUPPORT)
        return heard


def _grouped(share: Array, height: Array, step: Array | None, points: Array, normals: Array, least: float) -> _Group:
    """The sheet that samples make together; with the ways from them, ``step``, it is as round as they are turned."""
    total = share.sum(axis=1)
    part = share / np.maximum(total, 1e-12)[:, None]
    normal = np.einsum("nk,nki->ni", part, normals)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-12)
    if step is not None:
        # Planes lie outside of what is round. Half-way between the normals at both its ends stands what is upright on
        # a chord: exact on a ball, and the plane itself where nothing is bent.
        turn = np.einsum("nki,ni->nk", normals, normal)
        halfway = (height + np.einsum("nki,ni->nk", step, normal)) / (1 + np.maximum(turn, 0))
        height = np.where(turn > ROUND, halfway, height)
    return _Group(
        part, (part * height).sum(axis=1), np.einsum("nk,nki->ni", part, points), normal, total, total > least
    )


def _joined(groups: list[_Group], points: Array, level: Array, close: Array, clean: bool) -> tuple[Array, Flags]:
    """The distance to what three sheets enclose together, and where two of them face each other closely.

    Of three pairs two are of one kind, and share a sheet: that one is joined with, or cut by, what the others make.
    """
    first, second, third = groups
    pairs = ((first, second), (first, third), (second, third))
    (edge12, told12), (edge13, told13), (edge23, told23) = (_edge(*pair, points, level) for pair in pairs)
    here = np.zeros(len(level), np.bool_)
    for (one, other), edge in zip(pairs, (edge12, edge13, edge23), strict=True):
        here |= one.there & other.there & ~edge & _gap(one, other, close)

    def together(edge: Flags, one: Array, other: Array) -> Array:
        return np.where(edge, np.maximum(one, other), np.minimum(one, other))

    a, b, c = first.height, second.height, third.height
    two = np.where(told12, together(edge12, a, b), a)
    three = np.where(
        edge12 == edge13,
        together(edge12, a, together(edge23, b, c)),
        np.where(edge12 == edge23, together(edge12, b, together(edge13, a, c)), together(edge13, c, two)),
    )
    all_told = told12 & told13 & told23
    only_third = told13 & ~told12
    # Where the first and the third cannot be told how they meet, the second may meet both alike.
    in_a_row = told12 & told23 & ~told13 & (edge12 == edge23) & clean
    values = np.where(all_told, three, np.where(only_third, together(edge13, a, c), two))
    values = np.where(in_a_row, together(edge12, two, c), values)
    return np.asarray(values), here


def _gap(one: _Group, other: _Group, close: Array) -> Flags:
    """Whether a place lies between two sheets that face each other closely."""
    facing = np.einsum("ni,ni->n", one.normal, other.normal) < -0.5
    return np.asarray(facing & (one.height > 0) & (other.height > 0) & (one.height + other.height < close))


def _turned_away(one: _Group, other: _Group, close: Array) -> Flags:
    """Whether two sheets turn their backs to each other closely, as those of a thin wall."""
    away = np.einsum("ni,ni->n", one.normal, other.normal) < -0.5
    thick = -one.height - other.height
    return np.asarray(away & one.there & other.there & (thick > 0) & (thick < close))


def _amid(place: Array, one: _Group, other: _Group, reach: Array) -> Flags:
    """Whether places lie among the samples of one of two sheets that turn their backs, not beyond the rim of both."""
    among = np.zeros(len(place), np.bool_)
    for each in (one, other):
        aside = place - each.middle
        aside -= np.einsum("ni,ni->n", aside, each.normal)[:, None] * each.normal
        among |= np.linalg.norm(aside, axis=1) < reach
    return among


def _edge(one: _Group, other: _Group, points: Array, level: Array) -> tuple[Flags, Flags]:
    """Whether two sheets meet in an edge, not in a groove, and whether that can be told at all.

    A wall that goes on at both sides of another says nothing; which side of it the other is on says all.
    """
    lies = _side(other, one, points, level) + _side(one, other, points, level)
    return np.asarray(lies < 0), np.asarray((lies != 0) & one.there & other.there)


def _side(one: _Group, other: _Group, points: Array, level: Array) -> NDArray[np.int64]:
    """1 where a sheet lies above the other's plane, -1 where it lies below, 0 where it lies on both sides or in it."""
    height = np.einsum("nki,ni->nk", points - other.middle[:, None], other.normal)
    above = (one.share * (height > level[:, None])).sum(axis=1)
    below = (one.share * (height < -level[:, None])).sum(axis=1)
    return np.asarray(((above > 0.1) & (above > 4 * below)).astype(np.int64) - ((below > 0.1) & (below > 4 * above)))
