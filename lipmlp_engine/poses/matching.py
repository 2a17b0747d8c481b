"""Finds which point of one surface becomes which of another, where one is a pose of the other, and how sure that is.

Many first guesses, from the ends of limbs, from how both stand and from the smoothest waves, are each made finer by
adding frequencies in turn. Which guess is right is told by lengths, by which way round the surface goes (a mirrored map
keeps lengths, but turns it over), and among those that are alike by which moves the shape least.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ..machine.cores import usable_cores
from .kinds import nearest_alike
from .mesh_fitting import Bending
from .signature import Signature
from .upsampling import Upsampling

FIRST_WAVES = 6
"""Frequencies of the surface with which a match begins. Chosen."""
COARSE_WAVES = 24
"""Frequencies up to which guesses are compared. Chosen."""
STEP = 3
"""Frequencies that are added at a time up to there. Chosen."""
FINE_STEP = 8
"""The same beyond. Chosen."""
BEAM = 400
"""Ways to pair limbs' ends that are followed at a time. Chosen."""
DIFFERENT = 0.04
"""Mean distance between where two matches lead, as a share of the diameter, from which on they are not the same.
Chosen."""
BASINS = 5
"""Different guesses that are taken on. Chosen."""
OPEN = 3
"""Guesses that are bent over beside them. Chosen."""
TAKEN_ON = 3
"""Guesses that are made as fine as can be. Chosen."""
FLIPPING = 0.05
"""Mean error of distances, as a share of the diameter, up to which a surface that is turned over is nearly the same.
Chosen."""
LEVEL = 0.75
"""Least share that keeps its way round of a match that is taken as waves have it. Chosen."""
UPRIGHT = 0.5
"""The same of a match that is taken for its lengths alone, and straightened. Chosen.

Measured: .62 of arms that come off the chest on which they were crossed; matches in a mirror have less than 0.
"""
FACING = 0.1
"""What normals count beside places, in roots of the area. Chosen."""
GUESSES = 24
"""From the ends of limbs. Chosen."""
MISSING_TIP = 0.25
"""Cost of leaving the end of a limb without a counterpart, in roots of the area. Chosen."""
STANDING = 0.15
"""How much the places of limbs' ends count beside the distances between them. Chosen."""
MOVING = 0.1
"""How much the mean way counts beside the error of lengths, where guesses are compared. Chosen."""
TURNING = 0.25
"""How much the share that is turned over counts. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Match:
    """For every vertex of the first surface a vertex of the second."""

    vertices: Numbers
    samples: Numbers
    """The same of the first one's samples, numbers within the second one's."""
    stretch: float
    """Mean error of distances along the surface, as a share of the diameter."""
    upright: float
    """1 where the surface keeps its way round everywhere, −1 where it is turned over."""


class Matching:
    """What becomes of one surface in another: the likeliest match, and its rival."""

    def __init__(self, first: Signature, second: Signature, landmarks: tuple[Numbers, Numbers] | None = None) -> None:
        """``landmarks`` are vertices of either that belong together."""
        self._first, self._second, self._landmarks = first, second, landmarks
        self._upsampling = Upsampling(first, second)
        self._guesses = list(_guesses(first, second, landmarks))
        coarse = self._in_order(self._guesses, (FIRST_WAVES, COARSE_WAVES, STEP))
        self._fine = COARSE_WAVES, first.waves.shape[1], FINE_STEP
        different: list[Numbers] = []
        for _, samples in coarse:
            if len(different) < BASINS and all(_apart(second, samples, other) > DIFFERENT for other in different):
                different.append(samples)
        self._straight = self._in_order([samples for _, samples in coarse[:TAKEN_ON]], self._fine)
        # Waves turn a round body or limb over now and then; a guess along which a mesh is bent comes out untwisted.
        untwisted = self._untwisted([*different, *self._guesses[:OPEN]])
        self._ordered = sorted([*self._straight, *untwisted], key=lambda entry: entry[0])

    def tried(self) -> Iterator[Match]:
        """The likeliest match, and more of its kind that take longer to find."""
        best = self._ordered[0][1]
        straight = [samples for _, samples in self._straight if _apart(self._second, samples, best) <= DIFFERENT]
        straight = [samples for samples in straight if _judged(self._first, self._second, samples)[1] > LEVEL]
        for samples in [*straight[:1], best]:
            yield self._whole(samples)
        yield self.bent(best)

    @property
    def truest(self) -> Match | None:
        """The match that keeps lengths best of those that do not turn the surface over, however far it moves."""
        judged = [(*_judged(self._first, self._second, samples), samples) for _, samples in self._ordered]
        level = [(stretch, samples) for stretch, upright, samples in judged if upright > UPRIGHT]
        return self._whole(min(level, key=lambda entry: entry[0])[1]) if level else None

    def bent(self, samples: Numbers) -> Match:
        """A map of samples as a mesh that is bent along it has it: in one piece and untwisted, whatever it was like."""
        return self.of_vertices(_bent(self._first, self._second, self._bending, samples, everywhere=True))

    def of_vertices(self, vertices: Numbers) -> Match:
        """The match that leads from each vertex of the first surface to this one of the second."""
        return self._match(vertices, self._second.distances[:, vertices[self._first.samples]].argmin(0))

    def rival(self, match: Match, bent: bool = True) -> Match | None:
        """The match that keeps lengths and sides best of those that lead elsewhere, whichever way they move.

        Beside what was found so far it is tried whether either surface can as well be turned over in itself first. Not
        ``bent``: that alone, as it is, because folded arms are lost where a mesh is bent to a pose that stretches them.
        """
        first, second = self._first, self._second
        turned = [match.samples[flip] for flip in _flips(first)] + [flip[match.samples] for flip in _flips(second)]
        found = [*self._ordered, *self._untwisted(turned)] if bent else self._in_order(turned, self._fine)
        others = [
            (stretch + TURNING * (1 - upright) / 2, samples)
            for _, samples in found
            if _apart(second, samples, match.samples) > DIFFERENT
            for stretch, upright in [_judged(first, second, samples)]
        ]
        return self._whole(min(others, key=lambda entry: entry[0])[1]) if others else None

    @cached_property
    def _bending(self) -> Bending:
        return Bending(self._first.surface, self._second.surface)

    def _untwisted(self, guesses: list[Numbers]) -> list[tuple[float, Numbers]]:
        bending = self._bending
        with ThreadPoolExecutor(usable_cores()) as pool:
            bent = list(pool.map(lambda guess: _bent(self._first, self._second, bending, guess), guesses))
        return self._in_order(bent, self._fine)

    def _in_order(self, guesses: list[Numbers], waves: tuple[int, int, int]) -> list[tuple[float, Numbers]]:
        """Guesses made finer, the likeliest first, each with its cost."""

        def finer(guess: Numbers) -> tuple[float, Numbers]:
            samples = self._upsampling.finer(guess, *waves)
            return _cost(self._first, self._second, samples, self._landmarks), samples

        with ThreadPoolExecutor(usable_cores()) as pool:
            return sorted(pool.map(finer, guesses), key=lambda entry: entry[0])

    def _whole(self, samples: Numbers) -> Match:
        return self._match(self._upsampling.everywhere(samples), samples)

    def _match(self, vertices: Numbers, samples: Numbers) -> Match:
        judged = _judged(self._first, self._second, samples)
        return Match(vertices, samples, *judged)


def _flips(signature: Signature) -> list[Numbers]:
    """Half turns about the surface's main axes that lay it nearly onto itself: for each sample another one."""
    places = signature.places[signature.samples]
    axes = np.linalg.svd(places - places.mean(0), full_matrices=False)[2]
    tree = KDTree(places - places.mean(0))
    found = []
    for axis in axes:
        turned = (places - places.mean(0)) @ (2 * np.outer(axis, axis) - np.eye(3))
        flip = np.asarray(tree.query(turned)[1], np.int64)
        between = signature.between
        if np.abs(between[np.ix_(flip, flip)] - between).mean() < FLIPPING * signature.diameter:
            found.append(flip)
    return found


def _apart(second: Signature, one: Numbers, other: Numbers) -> float:
    return float(second.between[one, other].mean()) / second.diameter


def _guesses(first: Signature, second: Signature, landmarks: tuple[Numbers, Numbers] | None) -> Iterator[Numbers]:
    """For each of the first one's samples a sample of the second."""
    if landmarks is not None and len(landmarks[0]) >= 3:
        yield _by_distances(
            first, second, first.surface.distances(landmarks[0]), second.surface.distances(landmarks[1])
        )
        return
    places = first.places[first.samples], second.places[second.samples]
    remote = [side.between.mean(1)[:, None] for side in (first, second)]
    for weight in (1.0, 4.0):
        own, other = (np.hstack([place, weight * far]) for place, far in zip(places, remote, strict=True))
        yield _nearest(first, second, own, other)
    for tips, others in _paired_tips(first, second):
        if len(tips) >= 3:
            own, other = first.distances[first.tips[tips]], second.distances[second.tips[others]]
            yield _by_distances(first, second, own, other)
    count = FIRST_WAVES - 1
    for signs in product((1.0, -1.0), repeat=count - 1):
        # The waves' own signs mean nothing; the first one's is fixed by the shape's skewness.
        flips = np.array([1.0, *signs]) * np.sign((second.waves[:, 1 : count + 1] ** 3).sum(0))
        own = first.waves[first.samples, 1 : count + 1] * np.sign((first.waves[:, 1 : count + 1] ** 3).sum(0))
        yield _nearest(first, second, own, second.waves[second.samples, 1 : count + 1] * flips)


def _bent(first: Signature, second: Signature, bending: Bending, guess: Numbers, everywhere: bool = False) -> Numbers:
    """A guess for the samples made untwisted, for them or for all vertices."""
    wanted = np.arange(len(first.surface.vertices)) if everywhere else first.samples
    places, normals = bending.bent(first.samples, second.surface.vertices[second.samples[guess]], wanted)
    chosen = slice(None) if everywhere else second.samples
    surface = second.surface
    own = places, normals, first.surface.kinds[wanted]
    return nearest_facing(
        own, (surface.vertices[chosen], surface.normals[chosen], surface.kinds[chosen]), surface.scale
    )


def nearest_facing(own: tuple[Array, Array, Numbers], there: tuple[Array, Array, Numbers], scale: float) -> Numbers:
    """For each of some places with normals and kinds the nearest of others that faces the same way."""
    ours, theirs = (np.hstack([places / scale, FACING * normals]) for places, normals, _ in (own, there))
    return nearest_alike(ours, own[2], theirs, there[2])[1]


def _by_distances(first: Signature, second: Signature, own: Array, other: Array) -> Numbers:
    """Each sample to the one that is as far from landmarks; near ones tell more."""
    features = [np.exp(-4 * side[:, signature.samples].T) for side, signature in ((own, first), (other, second))]
    return _nearest(first, second, *features)


def _nearest(first: Signature, second: Signature, own: Array, other: Array) -> Numbers:
    """The nearest of the second one's samples for each of the first one's, of its kind."""
    kinds = (side.surface.kinds[side.samples] for side in (first, second))
    return nearest_alike(own, next(kinds), other, next(kinds))[1]


def _paired_tips(first: Signature, second: Signature) -> Iterator[tuple[Numbers, Numbers]]:
    """Ways to pair the ends of limbs, the likeliest first."""
    between = [side.between[np.ix_(side.tips, side.tips)] for side in (first, second)]
    places = [side.places[side.samples[side.tips]] for side in (first, second)]
    apart = np.linalg.norm(places[0][:, None] - places[1][None], axis=2)
    count, others = len(first.tips), len(second.tips)
    chosen, costs = np.empty((1, 0), np.int64), np.zeros(1)
    for tip in range(count):
        options = np.broadcast_to(np.arange(others + 1), (len(chosen), others + 1))
        added = np.full((len(chosen), others + 1), MISSING_TIP)
        added[:, :others] = STANDING * apart[tip]
        for before in range(tip):
            partner = chosen[:, before]
            known = partner < others
            wrong = np.abs(between[1][partner[known]] - between[0][tip, before])
            added[known, :others] += wrong / max(tip, 1)
            taken = np.flatnonzero(known)
            added[taken, partner[known]] = np.inf
        total = (costs[:, None] + added).ravel()
        best = np.argsort(total, kind="stable")[:BEAM]
        best = best[np.isfinite(total[best])]
        chosen = np.hstack([chosen[best // (others + 1)], options.ravel()[best][:, None]])
        costs = total[best]
    for row in chosen[np.argsort(costs, kind="stable")][:GUESSES]:
        found = np.flatnonzero(row < others)
        yield found, row[found]


def _judged(first: Signature, second: Signature, samples: Numbers) -> tuple[float, float]:
    """The mean error of lengths as a share of the diameter, and how far the surface keeps its way round."""
    wrong = np.abs(second.between[np.ix_(samples, samples)] - first.between)
    agree = first.ways_round * second.turning(samples, samples[first.neighbours])
    return float(wrong.mean()) / first.diameter, float(agree.sum() / max(float(np.abs(agree).sum()), 1e-12))


def _cost(first: Signature, second: Signature, samples: Numbers, landmarks: tuple[Numbers, Numbers] | None) -> float:
    stretch, upright = _judged(first, second, samples)
    ways = second.places[second.samples[samples]] - first.places[first.samples]
    moving = 0.0 if landmarks is not None else float(np.linalg.norm(ways, axis=1).mean())
    missing = 1 - len(np.unique(samples)) / len(samples)
    return stretch + TURNING * (1 - upright) / 2 + MOVING * moving + 0.1 * missing
