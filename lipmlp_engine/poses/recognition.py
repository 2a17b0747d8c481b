"""Whether one shape is a pose of another, and if so where each place of it goes; says in a sentence why not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation
from threadpoolctl import threadpool_limits

from ..shapes.shape import Shape
from .matching import Match, matches
from .mesh_fitting import Fit, fit
from .signature import mistuning, signature, tuning
from .stand_in_mesh import StandIn, stand_in

MOST_GAP = 0.002
"""Mean distance between the laid-on mesh and the other surface, in roots of the area. Chosen."""
MOST_BARE = 0.02
"""Share of the second surface's vertices that may be far from the mesh laid onto it. Chosen."""
MOST_STRAIN = 0.10
"""Mean change of the edges' lengths, beyond that of the whole. Chosen."""
MOST_TURNED = 0.02
"""Share of the mesh's area that may face the wrong way. Chosen."""
MOST_STRETCH = 0.06
"""Error of lengths of a match before anything is bent. Chosen."""
LEAST_UPRIGHT = 0.7
"""How well the way round the surface must agree: mirrored maps do not. Chosen."""
CLOSE_TO_SURE = 0.75
"""Of these limits, up to which the first match that is found is taken without looking for a better one.

Measured: a sitting biped is found as well, in a fifth less time than at 0.7.
"""
LEAST_BENT = 0.02
"""Mean way that is left after the best turn of the whole, in roots of the area: less needs no limbs to swing.

Chosen.
"""
INSISTED = 2.5
"""Doubt that is let pass where somebody insists. Chosen."""
MOST_MISTUNED = 0.1
"""Largest difference between the pitches of two shapes that may be poses of one.

Measured: between poses of a character it is .01 to .05, between it and a stouter one .07, between animals .12 and more.
"""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pairing:
    """One surface's own mesh where it is and laid onto another, and how sure it is that it belongs there."""

    first: StandIn
    second: StandIn
    match: Match
    fit: Fit

    @property
    def said(self) -> str:
        """How well they match, for people."""
        return f"lengths change by {100 * self.fit.strain:.0f} % in the mean"

    @property
    def bent(self) -> float:
        """The mean way of the vertices beyond what a turn of the whole explains, in roots of the area."""
        start, end = (places - places.mean(0) for places in (self.first.vertices, self.fit.places))
        start = start * (self.second.scale / self.first.scale)
        turn = Rotation.align_vectors(end, start)[0]
        return float(np.linalg.norm(turn.apply(start) - end, axis=1).mean()) / self.second.scale

    @property
    def confidence(self) -> float:
        """From 0 to 1; one half is as little as is let pass."""
        return 1 / (1 + self.doubt**2)

    @property
    def doubt(self) -> float:
        """1 is as much as is let pass."""
        limits = (
            self.fit.gap / MOST_GAP,
            self.fit.bare / MOST_BARE,
            self.fit.strain / MOST_STRAIN,
            self.fit.turned / MOST_TURNED,
            _doubt_of(self.match),
        )
        return float(max(limits))


def _doubt_of(match: Match) -> float:
    """What a match leaves open before anything is laid on."""
    return max(match.stretch / MOST_STRETCH, (1 - match.upright) / (1 - LEAST_UPRIGHT))


@dataclass(frozen=True)
class Verdict:
    """What was found of two shapes, and what speaks against taking it."""

    pairing: Pairing | None
    objection: str
    """Empty where the pairing is taken."""


def pair(
    first: Shape, second: Shape, landmarks: tuple[Array, Array] | None = None, insisted: bool = False
) -> Pairing | str:
    """The pairing of two shapes, or the sentence why there is none; landmarks are places that belong together.

    Where somebody insists that they are poses of one shape, a match that is not so sure is taken as well.
    """
    found = judged(first, second, landmarks, insisted)
    return found.objection if found.objection or found.pairing is None else found.pairing


def judged(
    first: Shape,
    second: Shape,
    landmarks: tuple[Array, Array] | None = None,
    insisted: bool = False,
    however: bool = False,
) -> Verdict:
    """The same with the best pairing even where it is refused; ``however`` looks for it although it is hopeless."""
    with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
        surfaces = list(pool.map(stand_in, (first, second)))
        for shape, surface in zip((first, second), surfaces, strict=True):
            if surface is None:
                return Verdict(None, f"'{shape.name}' has several parts")
        own, other = both = [surface for surface in surfaces if surface is not None]
        alike = insisted or mistuning(*pool.map(tuning, both)) <= MOST_MISTUNED
        strangers = "" if alike else f"'{first.name}' and '{second.name}' are no poses of one shape"
        if strangers and not however:
            return Verdict(None, strangers)
        signatures = list(pool.map(signature, both))
        marks = None
        if landmarks is not None and len(landmarks[0]):
            marks = KDTree(own.vertices).query(landmarks[0])[1], KDTree(other.vertices).query(landmarks[1])[1]
        # Of strangers the first match is shown, whatever it is.
        limit = np.inf if strangers else INSISTED if insisted else 1.0
        found: list[Pairing] = []
        passed_over: list[Match] = []
        for match in matches(signatures[0], signatures[1], marks):
            if _doubt_of(match) > limit:
                # No fit makes up for that.
                passed_over.append(match)
                continue
            found.append(Pairing(own, other, match, fit(own, other, match.vertices)))
            if found[-1].doubt < CLOSE_TO_SURE or strangers:
                break
        if not found:
            likeliest = min(passed_over, key=lambda match: match.stretch)
            found.append(Pairing(own, other, likeliest, fit(own, other, likeliest.vertices)))
    best = min(found, key=lambda pairing: pairing.doubt)
    if strangers:
        return Verdict(best, strangers)
    if best.doubt > limit:
        return Verdict(best, f"what of '{first.name}' becomes what of '{second.name}' is not sure")
    if not insisted and best.bent < LEAST_BENT:
        return Verdict(best, f"'{second.name}' is '{first.name}' moved as a whole")
    return Verdict(best, "")
