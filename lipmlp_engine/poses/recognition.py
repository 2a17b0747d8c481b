"""Whether one shape is a pose of another, and if so where each place of it goes; says in a sentence why not."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from threadpoolctl import threadpool_limits

from ..shapes.shape import Shape
from .joined_parts import joined_parts
from .laying_on import CLOSE_TO_SURE, ELSEWHERE, HOPELESS_STRAIN, LayingOn
from .length_keeping import LEAST_BENT
from .lesser_parts import go_along
from .pairing import Pairing
from .rods import rod
from .signature import detuning, mistuning, signature, tuning
from .stand_in_mesh import StandIn, stand_in
from .straightening import straightened

LEAST_LEAD = 1.25
"""How much larger the doubt must be of what leads elsewhere. Chosen: a man's front laid onto his back has hardly more
strain (6 % instead of 4)."""
CLEAR_LEAD = 2.0
"""From here on no other comparison is asked for. Chosen."""
OUTRUN = 1.6
"""How much more a rival stretches that is no rival any more. Chosen."""
AS_TRUE = 1.05
"""How much more a rival may stretch that keeps lengths as well: both are settled before they are compared.

Measured: 1.00 and .95 of two men whose crossed arms were laid on each other's, front on back, with a doubt of .77 and
.68 (32 % of the diameter off); 1.17 to 1.32 of three of four right ones.
"""
SETTLED_LEAD = 1.15
"""The least lead then. Measured: 1.23 to 1.32 of three right ones, which were asked the other way round besides, and
1.04 of a wrong one (a long-legged man with his hands on his hips)."""
LOST = 4.0
"""Doubt from which on nobody asks the other way round. Chosen."""
MOST_ASTRAY = 0.025
"""Median way there and back, as a share of the diameter.

Measured: of right matches with a doubt of .75 and more it is up to .014, of a wrong one that all else let pass .038.
"""
PLAIN = 0.6
"""Doubt without rivals, up to which what leads back may be found as the rival of another match.

Up to there nothing is held against what keeps lengths as well, either. Measured: .51 of a gorilla that sits, which is
right, and .67 of a fist on its mirror image, knuckles on its wrist.
"""
MOST_STRAIN_BACK = 0.075
"""Of a mesh that is laid onto what has less of it. Measured: .053 to .068 of three right ones, .087 to .102 of three
men whose arm was laid on its own stump, which all else let pass (3.5 to 3.9 % of the diameter off)."""
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


def _beside_its_rival(best: Pairing, laying: LayingOn, pool: Executor) -> Pairing:
    """The better one of a pairing and its rival, which knows how near the other one comes.

    Which of both is the better one must not depend on how they were found: unless it is clear, they are held against
    each other once more as meshes that were bent alike. A body that fits nearly as well back to front is refused where
    the first comparison contradicts the second nearly as clearly.
    """
    if (truer := _truer(best, laying, pool)) is not None:
        return truer
    match = laying.matching.rival(best.match)
    if match is None or (best.doubt < 1 and match.stretch > OUTRUN * best.match.stretch):
        return best
    # Drawn out, what is wrong would be covered as well.
    rival = laying.along(match, drawn_out=False)
    better, worse = sorted((best, rival), key=lambda pairing: pairing.doubt)
    if laying.apart(better, worse) < ELSEWHERE:
        return better
    lead = _lead(better, worse)
    if lead < CLEAR_LEAD:
        bent = list(pool.map(laying.along_bent, (better, worse)))
        again = _lead(*bent)
        if again > 1:
            lead = max(lead, again)
        else:
            # What was bent alike is compared more fairly, and has to outweigh what it contradicts.
            lead, better, bent = 1 / (again * lead), worse, bent[::-1]
        better = min(better, bent[0], key=lambda pairing: pairing.doubt)
    return dataclasses.replace(better, rivalry=LEAST_LEAD / lead)


def _truer(best: Pairing, laying: LayingOn, pool: Executor) -> Pairing | None:
    """What keeps lengths as well, turned over in itself, and clearly lies better, once both are settled."""
    match = laying.matching.rival(best.match, bent=False) if PLAIN < best.doubt < 1 else None
    if match is None or match.stretch > AS_TRUE * best.match.stretch:
        return None
    rival = laying.along(match, drawn_out=False)
    settled, other = pool.map(laying.settled, (best, rival))
    lead = _lead(other, settled)
    if lead < SETTLED_LEAD or laying.apart(best, other) < ELSEWHERE:
        return None
    return dataclasses.replace(other, rivalry=SETTLED_LEAD / lead)


def _asked_back(best: Pairing, laying: LayingOn, pool: Executor, always: bool = False) -> Pairing:
    """What is just taken, or refused and not hopeless, beside what is found the other way round; or whatever is taken.

    That is another search: it may find an end of a limb that this one has missed, and seldom errs in the same way.
    """
    hopeless = best.fit.strain > HOPELESS_STRAIN or best.rivalry > 1
    if hopeless or not (0 if always else CLOSE_TO_SURE) < best.doubt < LOST:
        return best
    other_way = laying.other_way
    back = other_way.likeliest()
    astray = laying.round_trip(best, back)
    if astray > MOST_ASTRAY:
        # It may have been taken back to front there; what has near rivals both ways has to lie plainly well.
        back = _beside_its_rival(back, other_way, pool)
        astray = max(laying.round_trip(best, back), MOST_ASTRAY * best.own_doubt / PLAIN)
    if best.own_doubt > CLOSE_TO_SURE:
        turned = laying.turned_round(back)
        if turned.own_doubt < best.own_doubt:
            turned = dataclasses.replace(turned, rivalry=best.rivalry)
            best = turned if laying.apart(best, turned) < ELSEWHERE else _beside_its_rival(turned, laying, pool)
    return dataclasses.replace(best, contradiction=astray / MOST_ASTRAY)


def _from_other_side(laying: LayingOn, pool: Executor) -> Pairing:
    """What the other way round is found of two surfaces of which the second has more, asked as strictly as this way.

    An arm that has grown into the body in the first pose is no part of its mesh; of the second one's it is.
    """
    other_way = laying.other_way
    # What of the second surface the first one's mesh has left bare is an arm, or the like, that touches the body there.
    other_way.grown_together = True
    back = other_way.likeliest()
    back = _beside_its_rival(back, other_way, pool)
    back = other_way.settled(back) if back.own_doubt > CLOSE_TO_SURE and back.doubt < LOST else back
    return _excused(_asked_back(back, other_way, pool, always=True))


def _excused(best: Pairing) -> Pairing:
    """What is refused for nothing but faces that look the wrong way where limbs touch; it was asked both ways."""
    excused = dataclasses.replace(best, grown_together=True)
    return excused if best.doubt > 1 >= excused.doubt and not len(best.first.ties) else best


def _alike(first: StandIn, second: StandIn, tuned: Array, other: Array) -> bool:
    """Whether two surfaces may be poses of one shape, by their frequencies alone."""
    apart = mistuning(tuned, other)
    if len(first.ties):
        return apart <= MOST_MISTUNED_BALLS
    if not (first.ball and second.ball):
        return apart <= MOST_MISTUNED
    stouter = apart <= MOST_MISTUNED_BUILDS and detuning(tuned, other) <= MOST_DETUNED_BUILDS
    return apart <= MOST_MISTUNED_BALLS or stouter


def _lead(better: Pairing, worse: Pairing) -> float:
    return worse.doubt / max(better.doubt, 1e-12)


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
        found = asked.outside()
        # What is outside of parts that reach into each other is another surface in each pose; they themselves are not.
        sure = not found.objection and found.pairing is not None and found.pairing.doubt <= 1
        return found if sure else asked.parts(found)


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

    def parts(self, outside: Verdict) -> Verdict:
        """Of the parts that both files have, each matched as it is; or what was found, where that is no better."""
        joined = joined_parts(self.first, self.second)
        found = outside if joined is None else self._compared(*joined)
        if found.objection or found.pairing is None or outside.pairing is None:
            return outside if found.objection else found
        return found if outside.objection or found.pairing.doubt < outside.pairing.doubt else outside

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
            best = _beside_its_rival(best, laying, pool)
        if alike and not (told or insisted):
            unsure = best.own_doubt > CLOSE_TO_SURE and best.doubt < LOST and best.rivalry <= 1
            unsure = unsure and best.fit.strain <= HOPELESS_STRAIN
            # A slim one's mesh lies on a stout one stretched here and pressed there; slid, it tells more.
            best = laying.settled(best) if unsure else best
            best = _asked_back(best, laying, pool, always=unsure or len(own.ties) > 0)
            best = _excused(best)
            hopeless = best.fit.strain > HOPELESS_STRAIN or best.rivalry > 1
            if best.doubt > 1 and best.lacking and not (hopeless or len(own.ties)):
                back = _from_other_side(laying, pool)
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
        settled = laying.slid(best) if len(own.ties) else straightened(best, laying)
        return Verdict(settled if best.first is own else settled.from_other_side, "")

    def _strangers(self, best: Pairing | None) -> Verdict:
        return Verdict(best, f"'{self.first.name}' and '{self.second.name}' are no poses of one shape")

    def _bar(self, name: str, best: Pairing | None) -> Verdict:
        return Verdict(best, f"nothing on the bar '{name}' tells its sides or its ends apart")
