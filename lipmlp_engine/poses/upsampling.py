"""Makes a rough map between two surfaces finer by adding waves to it in turn; judges none.

This is known as spectral upsampling. A map of points takes every function on one surface to one on the other. Seen in
the smoothest waves alone it is a small linear map, and where that leads is a better guess, on which finer waves agree.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .kinds import by_kind
from .signature import Signature

SPREAD_WAVES = 60
"""Waves with which a map of samples is taken over to all vertices first. Chosen."""
ROWS = 256
"""Points that are compared with all others at a time. Follows from a core's second-level cache of some megabytes."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Upsampling:
    """Maps from one surface's samples to another's."""

    def __init__(self, first: Signature, second: Signature) -> None:
        self._first, self._second = first, second
        # What the smoothest waves tell of a function is what the first columns do, however many are taken.
        self._columns = np.linalg.qr(first.waves[first.samples])[0]
        self._other = second.waves[second.samples]
        self._kinds = first.surface.kinds, second.surface.kinds
        self._sample_kinds = first.surface.kinds[first.samples], second.surface.kinds[second.samples]

    def finer(self, guess: Numbers, start: int, end: int, step: int) -> Numbers:
        """For each of the first one's samples a sample of the second, from a guess and so many waves to so many."""
        for count in [*range(start, end, step), end]:
            columns, other = self._columns[:, :count], self._other[:, :count]
            guess = _nearest(columns @ (columns.T @ other[guess]), other, *self._sample_kinds)
        return guess

    def everywhere(self, samples: Numbers) -> Numbers:
        """For each of the first one's vertices a vertex of the second, from a map of samples, in two passes."""
        first, second = self._first, self._second
        count = min(SPREAD_WAVES, first.waves.shape[1])
        carried = _carrier(first.waves[first.samples, :count], second.waves[second.samples[samples], :count])
        vertices = _nearest(first.waves[:, :count] @ carried, second.waves[:, :count], *self._kinds)
        return _nearest(first.waves @ _carrier(first.waves, second.waves[vertices]), second.waves, *self._kinds)


def _carrier(own: Array, other: Array) -> Array:
    """The linear map of wave coefficients that a map of points is."""
    return np.asarray(np.linalg.solve(own.T @ own, own.T @ other))


def _nearest(points: Array, among: Array, kinds: Numbers, other_kinds: Numbers) -> Numbers:
    """Of its own kind, where there is any."""
    found = np.empty(len(points), np.int64)
    for mine, others in by_kind(kinds, other_kinds):
        found[mine] = others[_nearest_of(points[mine], among[others])]
    return found


def _nearest_of(points: Array, among: Array) -> Numbers:
    others = np.ascontiguousarray(among.T, np.float32)
    points, half = points.astype(np.float32), 0.5 * (others**2).sum(0)
    rows = (points[start : start + ROWS] @ others - half for start in range(0, len(points), ROWS))
    return np.concatenate([scores.argmax(1) for scores in rows]).astype(np.int64)
