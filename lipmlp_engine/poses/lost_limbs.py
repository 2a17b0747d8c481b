"""Tells by distances whether one limb of a matched surface is lost, which no mean over all of it does; lays nothing on.

A foot that lies on its own knee, or on the other foot, is a fiftieth of a body. But it is far from where it should be
to everything else, and a place beside it that is right is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from .signature import Signature

ABOUT = 3
"""Neighbouring samples over which errors are evened out: one sample alone lies as it happens to. Chosen."""
NEAR = 0.25
"""Share of the diameter up to which distances count once more: limbs that touch hardly make them shorter. Chosen."""

Array = NDArray[np.float64]


def lost(first: Signature, second: Signature, places: Array) -> Array:
    """How wrong distances from each of the first one's samples are once its vertices lie at ``places`` on the second.

    The mean error of those to all others, and of those to what is near, as shares of the diameter, added.
    """
    vertices = KDTree(second.surface.vertices).query(places[first.samples])[1]
    there = second.distances[second.distances[:, vertices].argmin(0)][:, vertices]
    wrong = np.abs((there + there.T) / 2 - first.between) / first.diameter
    near = first.between < NEAR * first.diameter
    errors = wrong.mean(1) + (wrong * near).sum(1) / near.sum(1)
    about = np.concatenate([np.arange(len(errors))[:, None], first.neighbours[:, :ABOUT]], 1)
    return np.asarray(errors[about].mean(1))
