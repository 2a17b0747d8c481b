"""Whether one shape is a pose of another, and if so where each place of it goes; says in a sentence why not."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from threadpoolctl import threadpool_limits

from ..shapes.shape import Shape
from .joined_parts import joined_parts
from .laying_on import BEYOND_HOPE, CLOSE_TO_SURE, HOPELESS_STRAIN, LayingOn
from .length_keeping import LEAST_BENT
from .lesser_parts import go_along
from .pairing import Pairing
from .rods import rod
from .second_looks import LOST, asked_back, beside_its_rival, excused, found_from_other_side, hopeless
from .signature import detuning, mistuning, signature, tuning
from .stand_in_mesh import StandIn, stand_in
from .straightening import straightened

MOST_STRAIN_BACK = 0.075
"""Of a mesh that is laid onto what has less of it. Measured: .053 to .068 of three right ones, .087 to .102 of three
men whose arm was laid on its own stump, which all else let pass (3.5 to 3.9 % of the diameter off)."""
MOST_LOST = 0.3
"""Errors of distances from one place of what is taken, see `lost`: one limb that is lost leaves all means as they are.

Measured: up to .24 of what is right but for one foot.
"""
ENOUGH_LANDMARKS = 3
"""Pairs of landmarks that say which side is which. Chosen."""
INSISTED = 2.5
"""Doubt that is let pass where somebody insists. Chosen."""
MOST_MISTUNED = 0.3
"""Mean difference of the logarithms of two shapes' frequencies up to which they may be one shape.
Measured: where limbs touch in one pose it is .2 to .28."""
MOST_MISTUNED_BALLS = 0.11
"""The same of surfaces that are closed and have no handle: limbs that touch make handles, and scans leave holes.

Measured: between poses of a character it is .01 to .07, between it and a stouter one up to .105, and between all but
one (.089) of the pairs of animals and people that are refused in the end .116 and more.
"""
MOST_MISTUNED_PARTS = 0.18
"""The same of parts that are tied, which another mesh ties elsewhere; which parts there are was compared before.

Measured: between poses of a character .02 to .16, and .35 between two in similar clothes, the only ones of nine pairs
that had parts enough in common.
"""
MOST_MISTUNED_BUILDS = 0.165
"""The same of such surfaces where nearly all frequencies differ by as much. Measured: of a stout and a slim person up
to .160."""
MOST_DETUNED_BUILDS = 0.081
"""What may be left then. Measured: of a stout and a slim person .059 to .080, of a cat and a fish .07; what is compared
in vain takes three CPU-seconds."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What was found of two shapes, and what speaks against taking it."""

    pairing: Pairing | None
    objection: str
    """Empty where the pairing is taken."""

    @property
    def sure(self) -> bool:
        """Whether it is taken, whoever insists."""
        return not self.objection and self.pairing is not None and self.pairing.doubt <= 1


def _alike(first: StandIn, second: StandIn, tuned: Array, other: Array) -> bool:
    """Whether two surfaces may be poses of one shape, by their frequencies alone."""
    apart = mistuning(tuned, other)
    if len(first.ties):
        return apart <= MOST_MISTUNED_PARTS
    if not (first.ball and second.ball):
        return apart <= MOST_MISTUNED
    stouter = apart <= MOST_MISTUNED_BUILDS and detuning(tuned, other) <= MOST_DETUNED_BUILDS
    return apart <= MOST_MISTUNED_BALLS or stouter


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
        asked = _Asked(first, second, landmarks, insisted, however, pool)
        # What is outside of parts that reach into each other is another surface in each pose; they themselves are not.
        overlap = first.solids is not None and second.solids is not None
        parts = asked.parts() if overlap else None
        if parts is not None and parts.sure:
            return parts
        outside = asked.outside()
        if outside.sure:
            return outside
        parts = parts if overlap else asked.parts()
        if parts is None or parts.pairing is None or parts.objection:
            return outside
        better = outside.pairing is not None and not outside.objection and outside.pairing.doubt <= parts.pairing.doubt
        return outside if better else parts


@dataclass(frozen=True)
class _Asked:
    """Two shapes, and how they are asked about."""

    first: Shape
    second: Shape
    landmarks: tuple[Array, Array] | None
    insisted: bool
    however: bool
    pool: Executor

    def outside(self) -> Verdict:
        """Of the shapes as they are: the largest part of each, to which the others are to go along."""
        first, second = self.first, self.second
        surfaces = list(self.pool.map(stand_in, (first, second)))
        for shape, surface in zip((first, second), surfaces, strict=True):
            if surface is None:
                return Verdict(None, f"'{shape.name}' has several parts")
        own, other = [surface for surface in surfaces if surface is not None]
        found = self._compared(own, other)
        if found.objection or found.pairing is None:
            return found
        best = found.pairing
        if not self.insisted and not go_along(best, first, second):
            return Verdict(
                best, f"what '{first.name}' has beside its largest part does not become what '{second.name}' has"
            )
        return Verdict(best, "")

    def parts(self) -> Verdict | None:
        """Of the parts that both files have, each matched as it is; None where they have none."""
        joined = joined_parts(self.first, self.second)
        return None if joined is None else self._compared(*joined)

    def _compared(self, own: StandIn, other: StandIn) -> Verdict:
        first, second, insisted, however, pool = self.first, self.second, self.insisted, self.however, self.pool
        both = own, other
        alike = insisted or _alike(own, other, *pool.map(tuning, both))
        if not (alike or however):
            return self._strangers(None)
        signatures = list(pool.map(signature, both))
        marks = None
        if self.landmarks is not None and len(self.landmarks[0]):
            marks = KDTree(own.vertices).query(self.landmarks[0])[1], KDTree(other.vertices).query(self.landmarks[1])[1]
        # Of strangers the first match is shown, whatever it is.
        told = marks is not None and len(marks[0]) >= ENOUGH_LANDMARKS
        most_doubt = INSISTED if insisted else 1.0 if alike else np.inf
        bars = [shape.name for shape, signed in zip((first, second), signatures, strict=True) if rod(signed).open]
        if bars and not (insisted or told or however):
            return self._bar(bars[0], None)
        laying = LayingOn(signatures[0], signatures[1], marks)
        best = laying.likeliest(only_first=not alike, patient=insisted)
        if alike and not told and (insisted or best.fit.strain <= HOPELESS_STRAIN):
            best = beside_its_rival(best, laying, pool)
        if alike and not (told or insisted):
            unsure = best.own_doubt > CLOSE_TO_SURE and best.doubt < LOST and not hopeless(best)
            # A slim one's mesh lies on a stout one stretched here and pressed there; slid, it tells more.
            best = laying.settled(best) if unsure else best
            best = asked_back(best, laying, pool, always=unsure or len(own.ties) > 0)
            best = excused(best)
            lost = hopeless(best) or best.own_doubt > BEYOND_HOPE
            if best.doubt > 1 and best.lacking and not (lost or len(own.ties)):
                back = found_from_other_side(laying, pool)
                found = back.doubt <= 1 and back.fit.strain <= MOST_STRAIN_BACK
                best, laying = (back, laying.other_way) if found else (best, laying)
        if not alike:
            return self._strangers(best)
        if best.doubt > most_doubt:
            return Verdict(best, f"what of '{first.name}' becomes what of '{second.name}' is not sure")
        if bars and not (insisted or told):
            return self._bar(bars[0], best)
        if not insisted and best.bent < LEAST_BENT:
            return Verdict(best, f"'{second.name}' is '{first.name}' moved as a whole")
        # Parts that reach into each other cut each other at all times.
        settled = laying.slid(best) if len(own.ties) else laying.relaid(best)
        if not (told or insisted or len(own.ties)):
            settled = laying.found_again(settled)
            if laying.lost(settled) > MOST_LOST:
                return Verdict(settled, f"a limb of '{first.name}' is not found in '{second.name}'")
        settled = settled if len(own.ties) else straightened(settled, laying)
        return Verdict(settled if best.first is own else settled.from_other_side, "")

    def _strangers(self, best: Pairing | None) -> Verdict:
        return Verdict(best, f"'{self.first.name}' and '{self.second.name}' are no poses of one shape")

    def _bar(self, name: str, best: Pairing | None) -> Verdict:
        return Verdict(best, f"nothing on the bar '{name}' tells its sides or its ends apart")
