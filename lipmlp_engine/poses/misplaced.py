"""Puts what of a match does not keep its distances from the rest to where it does; lays nothing on.

A leg that folds up is matched with its own root now and then, the foot on the knee: little is moved, and the waves that
tell a foot from a knee are fine ones. How far it is along the surface to all that is matched well tells where it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .mesh_edges import edge_lengths, neighbour_means
from .signature import Signature
from .stand_in_mesh import StandIn

ROUNDS = 3
"""Times that all samples are put to where the others want them. Chosen."""
TRUSTED = 1.5
"""Times the median error of distances at which a sample's word counts half. Chosen."""
FAR_OFF = 0.15
"""Error of a distance, in roots of the area, from which on it counts no more: limbs that touch make ways shorter.
Chosen."""
NEAR = 0.15
"""In roots of the area: what is nearer tells more, up to there. Chosen."""
CHUNK = 16
"""Samples that are put at a time. Follows from a core's cache of some megabytes."""
OF_ONE_LIMB = 40
"""Rounds in which strain is evened out over neighbours, so that one limb is judged as one. Chosen: some nine edges."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


def relocated(first: Signature, second: Signature, samples: Numbers) -> Numbers:
    """For each of the first one's samples the second one's that is as far from where the trusted others lead."""
    own, other = (side.between.astype(np.float32) for side in (first, second))
    for _ in range(ROUNDS):
        wrong = np.median(np.abs(other[np.ix_(samples, samples)] - own), axis=1)
        trust = 1 / (1 + (wrong / max(TRUSTED * float(np.median(wrong)), 1e-12)) ** 4)
        there, weights = other[:, samples], trust / (NEAR + own)
        np.fill_diagonal(weights, 0)
        found = []
        for start in range(0, len(samples), CHUNK):
            off = np.abs(there[None] - own[start : start + CHUNK, None])
            found.append(np.einsum("ijk,ik->ij", np.minimum(off, FAR_OFF), weights[start : start + CHUNK]).argmin(1))
        samples = np.concatenate(found).astype(np.int64)
    return samples


def strain_about(mesh: StandIn, places: Array, growth: float) -> Array:
    """By what part edges change their lengths about each vertex, evened out over what hangs together with it."""
    lengths = growth * edge_lengths(mesh.vertices, mesh.edges)
    change = np.abs(edge_lengths(places, mesh.edges) - lengths)
    count = len(places)
    means = neighbour_means(mesh.edges, count, themselves=True)
    ends = mesh.edges.ravel()
    both = np.stack([np.bincount(ends, np.repeat(value, 2), count) for value in (change, lengths)], 1)
    for _ in range(OF_ONE_LIMB):
        both = means @ both
    return np.asarray(both[:, 0] / np.maximum(both[:, 1], 1e-30))
