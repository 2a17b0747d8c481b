"""What else a pairing could be: its rivals, and what is found the other way round; knows no shape and no sentence."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Executor

from .laying_on import CLOSE_TO_SURE, ELSEWHERE, HOPELESS_STRAIN, LayingOn
from .pairing import Pairing

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
"""The least lead then. Measured: 1.22 to 1.66 of six right ones, which were asked the other way round besides, and
.96 to 1.04 of six that fit back to front as well (a long-legged man with his hands on his hips, an even star)."""
LOST = 4.0
"""Doubt from which on nobody asks the other way round. Chosen."""
MOST_ASTRAY = 0.025
"""Median way there and back, as a share of the diameter.

Measured: of right matches with a doubt of .75 and more it is up to .014, of a wrong one that all else let pass .038.
"""
OPPOSED = 0.15
"""Mean distance between what two searches found, as a share of the diameter, from which on one of them is lost.

Measured: .29 to .34 of people who crouch, found back to front by one search; where both had found one of them so, only
a little differently, the better of both was taken (36 % off).
"""
PLAIN = 0.6
"""Doubt without rivals, up to which what leads back may be found as the rival of another match.

Up to there nothing is held against what keeps lengths as well, either. Measured: .51 of a gorilla that sits, which is
right, and .67 of a fist on its mirror image, knuckles on its wrist.
"""


def hopeless(best: Pairing) -> bool:
    """Whether nothing that is looked for elsewhere could still make it sure."""
    return best.fit.strain > HOPELESS_STRAIN or best.rivalry > 1


def beside_its_rival(best: Pairing, laying: LayingOn, pool: Executor) -> Pairing:
    """The better one of a pairing and its rival, which knows how near the other one comes.

    Which of both is the better one must not depend on how they were found: unless it is clear, they are held against
    each other once more as meshes that were bent alike. A body that fits nearly as well back to front is refused where
    the first comparison contradicts the second nearly as clearly, unless it is clearly the better one once both are
    settled: limbs that are folded up lie badly until then, wherever they belong.
    """
    if (truer := _truer(best, laying, pool)) is not None:
        return truer
    match = laying.matching.rival(best.match)
    if match is None or (best.doubt < 1 and match.stretch > OUTRUN * best.match.stretch):
        return best
    # Drawn out, what is wrong would be covered as well.
    rival = laying.along(match, drawn_out=False)
    better, other = sorted((best, rival), key=lambda pairing: pairing.doubt)
    if laying.apart(better, other) < ELSEWHERE:
        return better
    lead = _lead(better, other)
    if lead < CLEAR_LEAD:
        bent = list(pool.map(laying.along_bent, (better, other)))
        again = _lead(*bent)
        if again > 1:
            lead = max(lead, again)
        else:
            # What was bent alike is compared more fairly, and has to outweigh what it contradicts.
            lead, better, other, bent = 1 / (again * lead), other, better, bent[::-1]
        better = min(better, bent[0], key=lambda pairing: pairing.doubt)
    if lead < LEAST_LEAD and better.own_doubt <= 1:
        settled, other = pool.map(laying.settled, (better, other))
        if _lead(settled, other) >= SETTLED_LEAD:
            return dataclasses.replace(settled, rivalry=SETTLED_LEAD / _lead(settled, other))
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


def asked_back(best: Pairing, laying: LayingOn, pool: Executor, always: bool = False) -> Pairing:
    """What is just taken, or refused and not hopeless, beside what is found the other way round; or whatever is taken.

    That is another search: it may find an end of a limb that this one has missed, and seldom errs in the same way.
    """
    if hopeless(best) or not (0 if always else CLOSE_TO_SURE) < best.doubt < LOST:
        return best
    other_way = laying.other_way
    back = laying.found_back
    astray = laying.round_trip(best, back)
    if astray > MOST_ASTRAY:
        # It may have been taken back to front there; what has near rivals both ways has to lie plainly well.
        back = beside_its_rival(back, other_way, pool)
        astray = max(laying.round_trip(best, back), MOST_ASTRAY * best.own_doubt / PLAIN)
    if astray > MOST_ASTRAY and not len(best.first.ties):
        decided = _decided(best, back, laying, pool)
        if decided is not None:
            return decided
    if best.own_doubt > CLOSE_TO_SURE:
        turned = laying.turned_round(back)
        if turned.own_doubt < best.own_doubt:
            turned = dataclasses.replace(turned, rivalry=best.rivalry)
            best = turned if laying.apart(best, turned) < ELSEWHERE else beside_its_rival(turned, laying, pool)
    return dataclasses.replace(best, contradiction=astray / MOST_ASTRAY)


def _decided(best: Pairing, back: Pairing, laying: LayingOn, pool: Executor) -> Pairing | None:
    """The better one of what two searches found, if it is so in both directions, beside the other one; or None.

    Either search may be lost where limbs are folded up. Each find is laid on both ways, settled, and held against the
    other one there: what is right lies better whichever mesh is laid onto which.
    """
    other_way = laying.other_way
    turned, inverse = pool.map(LayingOn.turned_round, (laying, other_way), (back, best))
    if laying.apart(best, turned) < OPPOSED:
        return None
    best, turned = pool.map(laying.settled, (best, turned))
    back, inverse = pool.map(other_way.settled, (back, inverse))
    leads = [worse.own_doubt / max(better.own_doubt, 1e-12) for better, worse in ((best, turned), (inverse, back))]
    if max(leads) < 1:
        best, inverse, leads = beside_its_rival(turned, laying, pool), back, [1 / lead for lead in leads]
        if laying.apart(best, turned) > ELSEWHERE:
            return None
    if min(leads) < 1:
        return None
    astray = laying.round_trip(best, inverse) / MOST_ASTRAY
    return dataclasses.replace(best, contradiction=max(astray, SETTLED_LEAD / (leads[0] * leads[1]) ** 0.5))


def found_from_other_side(laying: LayingOn, pool: Executor) -> Pairing:
    """What the other way round is found of two surfaces of which the second has more, asked as strictly as this way.

    An arm that has grown into the body in the first pose is no part of its mesh; of the second one's it is.
    """
    other_way = laying.other_way
    # What of the second surface the first one's mesh has left bare is an arm, or the like, that touches the body there.
    other_way.grown_together = True
    back = other_way.likeliest()
    back = beside_its_rival(back, other_way, pool)
    back = other_way.settled(back) if back.own_doubt > CLOSE_TO_SURE and back.doubt < LOST else back
    return excused(asked_back(back, other_way, pool, always=True))


def excused(best: Pairing) -> Pairing:
    """What is refused for nothing but faces that look the wrong way where limbs touch; it was asked both ways."""
    touching = dataclasses.replace(best, grown_together=True)
    return touching if best.doubt > 1 >= touching.doubt and not len(best.first.ties) else best


def _lead(better: Pairing, worse: Pairing) -> float:
    return worse.doubt / max(better.doubt, 1e-12)
