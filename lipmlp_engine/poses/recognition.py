"""Whether one shape is a pose of another, and if so where each place of it goes; says in a sentence why not."""

from __future__ import annotations

import dataclasses
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from threadpoolctl import threadpool_limits

from ..shapes.self_intersections import crossing_pairs, crossing_triangles
from ..shapes.shape import Shape
from .closed_creases import ClosedCreases
from .ground import Ground
from .length_keeping import LEAST_BENT, left_after_turn
from .matching import Match, Matching
from .mesh_fitting import Fit, Fitting
from .rods import rod
from .signature import Signature, mistuning, signature, tuning
from .stand_in_mesh import StandIn, stand_in

MOST_GAP = 0.0028
"""Mean distance between the laid-on mesh and the other surface, in roots of the area. Chosen, as the limits below, on
the forty pairs that `benchmarks.poses.judgement` works on: of 28 kept aside none was taken wrongly."""
MOST_BARE = 0.026
"""Mean distance of the other surface from the laid-on mesh, likewise. Chosen."""
MOST_STRAIN = 0.12
"""Strain of the laid-on mesh. Chosen."""
HOPELESS_STRAIN = 0.16
"""Of a match, beyond which no other one is looked for: two animals are as far apart. Measured: animals that are not
each other's poses have .16 to .22."""
MOST_TURNED = 0.02
"""Share of its faces that look against the other surface. Chosen."""
MOST_STRETCH = 0.075
"""Mean error of distances along the surface, as a share of the diameter. Chosen."""
LEAST_UPRIGHT = 0.7
"""How well the way round the surface must agree: mirrored maps do not. Chosen."""
CLOSE_TO_SURE = 0.75
"""Of these limits, up to which the first match that is found is taken without looking for a better one.

Measured: a sitting biped is found as well, in a fifth less time than at 0.7.
"""
LEAST_LEAD = 1.25
"""How much larger the doubt must be of what leads elsewhere. Chosen: a man's front laid onto his back has hardly more
strain (6 % instead of 4)."""
CLEAR_LEAD = 2.0
"""From here on no other comparison is asked for. Chosen."""
ELSEWHERE = 0.03
"""Mean distance from a pairing, as a share of the diameter, from which on another one leads elsewhere. Chosen."""
WRUNG = 0.03
"""How far apart two pairings of one kind lay what one of them has wrung, in roots of the area. Chosen."""
OUTRUN = 1.6
"""How much more a rival stretches that is no rival any more. Chosen."""
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

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Pairing:
    """One surface's own mesh where it is and laid onto another, and how sure it is that it belongs there."""

    first: StandIn
    second: StandIn
    match: Match
    fit: Fit
    rivalry: float = 0.0
    """How near the best pairing that leads elsewhere comes; 1 is as much as is let pass."""

    @property
    def said(self) -> str:
        """How well they match, for people."""
        return f"lengths change by {100 * self.fit.strain:.0f} % in the mean"

    @property
    def bent(self) -> float:
        """The way of the vertices beyond what a turn of the whole explains, in roots of the area."""
        growth = self.second.scale / self.first.scale
        return left_after_turn(self.first.vertices, self.fit.places, growth) / self.second.scale

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
            self.rivalry,
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


def _beside_its_rival(
    best: Pairing, matching: Matching, fitting: Fitting, signatures: list[Signature], pool: Executor
) -> Pairing:
    """The better one of a pairing and its rival, which knows how near the other one comes.

    Which of both is the better one must not depend on how they were found: unless it is clear, they are held against
    each other once more as meshes that were bent alike. A body that fits nearly as well back to front is refused where
    the first comparison contradicts the second nearly as clearly.
    """
    match = matching.rival(best.match)
    if match is None or (best.doubt < 1 and match.stretch > OUTRUN * best.match.stretch):
        return best

    def laid_on(match: Match) -> Pairing:
        # Drawn out, what is wrong would be covered as well.
        return Pairing(best.first, best.second, match, fitting.fit(match.vertices, drawn_out=False))

    rival = laid_on(match)
    better, worse = sorted((best, rival), key=lambda pairing: pairing.doubt)
    if _apart(signatures, better, worse) < ELSEWHERE:
        return better
    lead = _lead(better, worse)
    if lead < CLEAR_LEAD:
        bent = list(pool.map(lambda pairing: laid_on(matching.bent(pairing.match.samples)), (better, worse)))
        again = _lead(*bent)
        if again > 1:
            lead = max(lead, again)
        else:
            # What was bent alike is compared more fairly, and has to outweigh what it contradicts.
            lead, better, bent = 1 / (again * lead), worse, bent[::-1]
        better = min(better, bent[0], key=lambda pairing: pairing.doubt)
    return dataclasses.replace(better, rivalry=LEAST_LEAD / lead)


def _untwisted(best: Pairing, matching: Matching, fitting: Fitting, signatures: list[Signature]) -> Pairing:
    """The same laid on as a mesh that is bent, where that cuts itself less: waves turn round limbs about themselves.

    Whether a pairing is taken is not asked anew: bent, what is wrong would look as well as what is right.
    """
    if not _cutting(best):
        return best
    bent = matching.bent(best.match.samples)

    def better(than: Pairing, vertices: NDArray[np.int64]) -> Pairing:
        laid = Pairing(best.first, best.second, bent, fitting.fit(vertices), best.rivalry)
        straighter = (_cutting(laid), laid.fit.strain) < (_cutting(than), than.fit.strain)
        sure = laid.doubt <= max(1.0, best.doubt) and _apart(signatures, best, laid) < ELSEWHERE
        return laid if straighter and sure else than

    whole = better(best, bent.vertices)
    if whole is best or not _cutting(whole):
        return whole
    wrung = _about_cuts(best, np.linalg.norm(whole.fit.places - best.fit.places, axis=1) > WRUNG * best.second.scale)
    return better(whole, np.where(wrung, bent.vertices, best.match.vertices))


def _about_cuts(pairing: Pairing, marked: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of the marked vertices those that hang together with faces of the laid-on mesh that cut each other."""
    edges, triangles = pairing.first.edges, pairing.first.triangles
    cut = np.zeros(len(marked), bool)
    cut[triangles[crossing_triangles(pairing.fit.places, triangles)]] = True
    inside = edges[(marked | cut)[edges].all(1)]
    links = sparse.coo_array((np.ones(len(inside)), inside.T), shape=(len(marked), len(marked)))
    piece = connected_components(links, directed=False)[1]
    return np.asarray(marked & np.isin(piece, piece[cut]))


def _creased(best: Pairing) -> Pairing:
    """The same with what cuts itself in folds that the other surface has closed drawn out onto its creases."""
    if not _cutting(best):
        return best
    creases = ClosedCreases(Ground.of(best.second), best.first.triangles, len(best.first.vertices))
    return dataclasses.replace(best, fit=dataclasses.replace(best.fit, places=creases.laid_out(best.fit.places)))


def _cutting(pairing: Pairing) -> int:
    """Pairs of faces of the laid-on mesh that cut each other."""
    return crossing_pairs(pairing.fit.places, pairing.first.triangles)


def _lead(better: Pairing, worse: Pairing) -> float:
    return worse.doubt / max(better.doubt, 1e-12)


def _apart(signatures: list[Signature], one: Pairing, other: Pairing) -> float:
    """The mean distance along the second surface between where two pairings lead, as a share of its diameter."""
    first, second = signatures
    tree = KDTree(second.surface.vertices)
    there, elsewhere = (tree.query(pairing.fit.places[first.samples])[1] for pairing in (one, other))
    nearest = second.distances[:, there].argmin(0)
    return float(second.distances[nearest, elsewhere].mean()) / second.diameter


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
        limit = MOST_MISTUNED_BALLS if own.ball and other.ball else MOST_MISTUNED
        alike = insisted or mistuning(*pool.map(tuning, both)) <= limit
        strangers = "" if alike else f"'{first.name}' and '{second.name}' are no poses of one shape"
        if strangers and not however:
            return Verdict(None, strangers)
        signatures = list(pool.map(signature, both))
        marks = None
        if landmarks is not None and len(landmarks[0]):
            marks = KDTree(own.vertices).query(landmarks[0])[1], KDTree(other.vertices).query(landmarks[1])[1]
        # Of strangers the first match is shown, whatever it is.
        told = marks is not None and len(marks[0]) >= ENOUGH_LANDMARKS
        most_doubt = np.inf if strangers else INSISTED if insisted else 1.0
        bars = [shape.name for shape, signed in zip((first, second), signatures, strict=True) if rod(signed).open]
        bar = f"nothing on the bar '{bars[0]}' tells its sides or its ends apart" if bars else ""
        if bars and not (insisted or told or however):
            return Verdict(None, bar)
        matching = Matching(signatures[0], signatures[1], marks)
        fitting = Fitting(own, other)
        found: list[Pairing] = []
        for match in matching.tried():
            found.append(Pairing(own, other, match, fitting.fit(match.vertices)))
            hopeless = found[-1].fit.strain > HOPELESS_STRAIN
            if found[-1].doubt < CLOSE_TO_SURE or strangers or (hopeless and not insisted):
                break
        best = min(found, key=lambda pairing: pairing.doubt)
        if not (strangers or told) and (insisted or best.fit.strain <= HOPELESS_STRAIN):
            best = _beside_its_rival(best, matching, fitting, signatures, pool)
    if strangers:
        return Verdict(best, strangers)
    if best.doubt > most_doubt:
        return Verdict(best, f"what of '{first.name}' becomes what of '{second.name}' is not sure")
    if bars and not (insisted or told):
        return Verdict(best, bar)
    if not insisted and best.bent < LEAST_BENT:
        return Verdict(best, f"'{second.name}' is '{first.name}' moved as a whole")
    return Verdict(_creased(_untwisted(best, matching, fitting, signatures)), "")
