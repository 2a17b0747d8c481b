"""One surface laid onto another along its likeliest matches, and what the other way round says; judges no shapes."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from .lost_limbs import lost
from .matching import Match, Matching, nearest_facing
from .mesh_fitting import Fit, Fitting
from .misplaced import relocated, strain_about
from .pairing import Pairing
from .signature import Signature
from .stand_in_mesh import StandIn

HOPELESS_STRAIN = 0.16
"""Of a match, beyond which no other one is looked for: two animals are as far apart. Measured: animals that are not
each other's poses have .16 to .22."""
CLOSE_TO_SURE = 0.75
"""Of what is let pass, up to which the first match that is found is taken without looking for a better one.

Measured: a sitting biped is found as well, in a fifth less time than at 0.7.
"""
BEYOND_HOPE = 6.0
"""Doubt of the likeliest match from which on no other one is looked for either. Measured: of right ones that were found
in the end it was up to 4.85 (a wolf that becomes a leaping lion)."""
WELL_LAID = 0.5
"""Doubt of a mesh up to which it is left as it lies. Measured: at .48 a man who raises his arms was .99 % off instead
of .70 once he had been put to where distances want him."""
CLEARLY_LESS = 0.9
"""Times the doubt of a mesh that are left of it at most where it is put elsewhere.

Measured: .42 to .83 where limbs were crumpled before; at .996 a man who was laid on a gorilla cut himself five times as
often, 1.9 % off instead of 1.5.
"""
LOST_LIMB = 0.12
"""Errors of distances from one place, see `lost`, from which on its limb is looked for elsewhere.

Measured: of matches whose worst limb is less than 7 % of the diameter off up to .14, and .15 to .32 where a foot is
crumpled on its own knee or lies on the other one.
"""
FOUND_LIMB = 0.85
"""Times those errors that are left of them at most where the limb is laid elsewhere. Chosen."""
ELSEWHERE = 0.03
"""Mean distance from a pairing, as a share of the diameter, from which on another one leads elsewhere. Chosen."""

Array = NDArray[np.float64]


class LayingOn:
    """From one surface to another."""

    def __init__(
        self,
        first: Signature,
        second: Signature,
        landmarks: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None,
    ) -> None:
        """``landmarks`` are vertices of either that belong together."""
        self._first, self._second = first, second
        self.grown_together = False
        """Whether limbs are known to touch, so that faces which look the wrong way there speak against no pairing."""
        self.matching = Matching(first, second, landmarks)
        self._fitting = Fitting(first.surface, second.surface)
        self._left_lying: list[Fit] = []

    def along(self, match: Match, drawn_out: bool = True) -> Pairing:
        """``drawn_out``: ends of limbs that are laid on too short are drawn to where the second surface is bare."""
        fit = self._fitting.fit(match.vertices, drawn_out)
        return Pairing(self._first.surface, self._second.surface, match, fit, grown_together=self.grown_together)

    def along_bent(self, pairing: Pairing) -> Pairing:
        """The same as a mesh that is bent has it, and not drawn out."""
        return self.along(self.matching.bent(pairing.match.samples), drawn_out=False)

    def slid(self, pairing: Pairing) -> Pairing:
        """The same slid along the second surface to where it is stretched least."""
        return replace(pairing, fit=self._fitting.slid(pairing.fit.places))

    def settled(self, pairing: Pairing) -> Pairing:
        """The same slid further, and laid on anew along what that leads to, whichever there is least doubt of."""
        slid = self.slid(self.slid(pairing))
        first, second = self._first.surface, self._second.surface
        found = self._along_nearest(StandIn(slid.fit.places, first.triangles), second, second.scale)
        anew = replace(slid, match=found.match, fit=found.fit)
        return min((slid, anew), key=lambda pairing: pairing.own_doubt)

    def relaid(self, pairing: Pairing) -> Pairing:
        """The same with what does not keep its distances put to where it does, all of it or limb by limb; or as it is.

        What is put elsewhere may be worse off, where limbs touch and distances lie: each limb goes where it is
        stretched less, and the whole is taken only where there is clearly less doubt of it.
        """
        if pairing.own_doubt < WELL_LAID or any(pairing.fit is fit for fit in self._left_lying):
            return pairing
        first, second = self._first, self._second
        moved = relocated(first, second, pairing.match.samples)
        anew = self.along(self.matching.bent(moved))
        growth = second.surface.scale / first.surface.scale
        strains = [strain_about(first.surface, each.fit.places, growth) for each in (pairing, anew)]
        places = np.where((strains[1] < strains[0])[:, None], anew.fit.places, pairing.fit.places)
        mixed = self.along(self.matching.of_vertices(self._there.query(places)[1]))
        best = min((anew, mixed), key=lambda each: each.own_doubt)
        if best.own_doubt > CLEARLY_LESS * pairing.own_doubt:
            self._left_lying.append(pairing.fit)
            return pairing
        return replace(best, rivalry=pairing.rivalry, contradiction=pairing.contradiction)

    def lost(self, pairing: Pairing) -> float:
        """How wrong distances are from the one place from which they are most so."""
        return float(lost(self._first, self._second, pairing.fit.places).max())

    def found_again(self, pairing: Pairing) -> Pairing:
        """The same with a limb that is lost as its distances want it, or as the other search has it; or as it is.

        Doubt does not tell: what is folded up lies badly where it belongs, and well where it is crumpled.
        """
        errors = self.lost(pairing)
        if errors < LOST_LIMB:
            return pairing
        first, second = self._first, self._second
        arrived = second.distances[:, self._arrived(pairing)].argmin(0)
        moved = self.along(self.matching.bent(relocated(first, second, arrived)))
        found = [self._limb_by_limb(pairing, other) for other in (moved, self.turned_round(self.found_back))]
        tried = [pairing.with_fit_of(each) for each in found if self.apart(pairing, each) < ELSEWHERE]
        best = min([each for each in tried if each.own_doubt <= 1], key=self.lost, default=pairing)
        return best if self.lost(best) <= FOUND_LIMB * errors else pairing

    def _limb_by_limb(self, one: Pairing, other: Pairing) -> Pairing:
        """Each place as it keeps its distances better, slid to where the whole is stretched least."""
        first = self._first
        wrong = [lost(first, self._second, each.fit.places) for each in (one, other)]
        better = (wrong[1] < wrong[0])[first.distances.argmin(0)]
        places = np.where(better[:, None], other.fit.places, one.fit.places)
        return self.slid(self.along(self.matching.of_vertices(self._there.query(places)[1])))

    def likeliest(self, only_first: bool = False, patient: bool = False) -> Pairing:
        """The best of the likeliest matches, or the first of them; ``patient``: even where all is hopeless."""
        found: list[Pairing] = []
        for match in self.matching.tried():
            found.append(self.along(match))
            hopeless = found[-1].fit.strain > HOPELESS_STRAIN and not patient
            if found[-1].doubt < CLOSE_TO_SURE or only_first or hopeless:
                return min(found, key=lambda pairing: pairing.doubt)
        best = min(found, key=lambda pairing: pairing.doubt)
        if best.doubt <= 1 or (best.doubt >= BEYOND_HOPE and not patient):
            return best
        truest = self.matching.truest
        # What keeps lengths best may be twisted about its limbs, and moves farther than what was likelier.
        found += [] if truest is None else [self.settled(self.along(truest))]
        best = min(found, key=lambda pairing: pairing.doubt)
        return best if best.doubt <= 1 or len(self._first.surface.ties) else self.relaid(best)

    @cached_property
    def _there(self) -> KDTree:
        """What the second surface's nearest vertices are asked of."""
        return KDTree(self._second.surface.vertices)

    def _arrived(self, pairing: Pairing) -> NDArray[np.int64]:
        """The second surface's vertices to which the first one's samples are led."""
        return np.asarray(self._there.query(pairing.fit.places[self._first.samples])[1])

    @cached_property
    def other_way(self) -> LayingOn:
        """From the second surface to the first."""
        back = LayingOn(self._second, self._first)
        back.other_way = self
        return back

    @cached_property
    def found_back(self) -> Pairing:
        """The likeliest from the second surface to the first, by a search of its own."""
        return self.other_way.likeliest()

    def apart(self, one: Pairing, other: Pairing) -> float:
        """The mean distance along the second surface between where two lead, as a share of its diameter."""
        return float(_between(self._second, self._arrived(one), self._arrived(other)).mean())

    def turned_round(self, back: Pairing) -> Pairing:
        """What leads from the second surface to the first, laid on the way it is meant here."""
        first, second = self._first.surface, self._second.surface
        return self._along_nearest(first, StandIn(back.fit.places, second.triangles), first.scale)

    def _along_nearest(self, own: StandIn, there: StandIn, scale: float) -> Pairing:
        """Along the nearest places of both surfaces where one of them is laid onto the other, which has that scale."""
        kinds, others = self._first.surface.kinds, self._second.surface.kinds
        near = nearest_facing((own.vertices, own.normals, kinds), (there.vertices, there.normals, others), scale)
        return self.along(self.matching.of_vertices(near))

    def round_trip(self, there: Pairing, back: Pairing) -> float:
        """How far from where it began a place comes out, there and back: the median, as a share of the diameter."""
        samples = self._first.samples
        arrived = self._arrived(there)
        returned = KDTree(self._first.surface.vertices).query(back.fit.places[arrived])[1]
        return float(np.median(_between(self._first, samples, returned)))


def _between(signature: Signature, one: NDArray[np.int64], other: NDArray[np.int64]) -> Array:
    """From the samples that are nearest to the first places to the others, along the surface."""
    nearest = signature.distances[:, one].argmin(0)
    return np.asarray(signature.distances[nearest, other] / signature.diameter)
