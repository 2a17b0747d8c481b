"""Takes twists and folds out of a mesh that has been laid onto another surface, and is taken; judges no match."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from ..shapes.self_intersections import crossing_triangles
from .closed_creases import ClosedCreases
from .ground import Ground
from .laying_on import ELSEWHERE, LayingOn
from .pairing import Pairing

WRUNG = 0.03
"""How far apart two pairings of one kind lay what one of them has wrung, in roots of the area. Chosen."""


def straightened(best: Pairing, laying: LayingOn) -> Pairing:
    """The same without twists of limbs about themselves, and out of folds that the other surface has closed."""
    return _creased(_untwisted(best, laying))


def _untwisted(best: Pairing, laying: LayingOn) -> Pairing:
    """The same laid on as a mesh that is bent, where that cuts itself less: waves turn round limbs about themselves.

    Whether a pairing is taken is not asked anew: bent, what is wrong would look as well as what is right.
    """
    if not best.cutting:
        return best
    bent = laying.matching.bent(best.match.samples)

    def better(than: Pairing, vertices: NDArray[np.int64]) -> Pairing:
        found = laying.along(dataclasses.replace(bent, vertices=vertices))
        laid = dataclasses.replace(found, match=bent, rivalry=best.rivalry, contradiction=best.contradiction)
        straighter = (laid.cutting, laid.fit.strain) < (than.cutting, than.fit.strain)
        sure = laid.doubt <= max(1.0, best.doubt) and laying.apart(best, laid) < ELSEWHERE
        return laid if straighter and sure else than

    whole = better(best, bent.vertices)
    if whole is best or not whole.cutting:
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
    if not best.cutting:
        return best
    creases = ClosedCreases(Ground.of(best.second), best.first.triangles, len(best.first.vertices))
    return dataclasses.replace(best, fit=dataclasses.replace(best.fit, places=creases.laid_out(best.fit.places)))
