"""In which intervals of time the surface provably keeps its topology, by refining boxes of space and time.

Knows nothing of how a network was made: only the ranges of its values and of its gradient count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from .box_bounds import RegionBounds, frame_boxes, halved

Notify = Callable[[float], None]

BATCH = 128
"""Boxes examined at once: what is worked out of them then stays in the processor's caches.

Measured: nearly twice as fast as a slab's boxes all at once.
"""
SMALLEST = 2.0**-10
"""Half side in space at which a box is given up, and all its time with it. Chosen."""
SLABS = 8
"""Stretches of a unit of time that are searched one after the other. Chosen."""


@dataclass(frozen=True)
class TopologyProof:
    """What could be proved about the surface between two times."""

    intervals: list[tuple[float, float]]
    """In each of them no part is born, vanishes, merges or splits, no handle or cavity comes or goes."""
    share: float
    """Of all the time between the two."""
    boxes: int
    """How many were examined."""


def prove_topology(
    network: RegionBounds, start: float, end: float, boxes: int, notify: Notify = lambda fraction: None
) -> TopologyProof:
    """Find intervals of time over which the surface provably keeps its topology, with about so many boxes.

    It does where in every box that the surface may cross there is one direction in which f rises at every point and
    time, whichever slopes a kink allows: then the surfaces of all these times are graphs over each other, box by box,
    and none can be born, merge or split. The surface must also stay clear of the frame's border.

    The search goes from the beginning on; with few boxes it proves what they suffice for there. ``notify`` is told the
    share of the boxes that is used up.
    """
    edges = torch.linspace(start, end, round(SLABS * (end - start)) + 1, dtype=torch.float64).tolist()
    examined = 0
    proved: list[tuple[float, float]] = []
    for first, last in pairwise(edges):
        slab = _Slab(network, first, last)
        while slab.open and examined < boxes:
            examined += slab.step()
            notify(examined / boxes)
        proved += slab.proved()
    merged = _merged(proved)
    length = sum(last - first for first, last in merged)
    return TopologyProof(merged, length / (end - start), examined)


class _Slab:
    """The search of one stretch of time; a box that is still open, or was given up, leaves its times unproved."""

    def __init__(self, network: RegionBounds, start: float, end: float) -> None:
        self._network = network
        self._span = (start, end)
        self._open = frame_boxes(start, end)
        self._lost: list[tuple[float, float]] = []

    @property
    def open(self) -> int:
        """Boxes that are yet to be examined."""
        return len(self._open[0])

    def step(self) -> int:
        """Examine some boxes and cut those that leave a doubt; gives how many."""
        centre, half = self._next()
        count = len(centre)
        rise, axis = self._network.rise(centre, half)
        at_border = ((centre[:, :3].abs() + half[:, :3]) >= 1 - 1e-9).any(1)
        axis = torch.where(at_border & (rise > 0), half.argmax(1), axis)
        left = (rise <= 0) | (rise.isfinite() & at_border)
        small = left & (half[:, :3].amax(1) < SMALLEST)
        if small.any():
            self._give_up(centre[small], half[small])
        left &= ~small
        halves = halved(centre[left], half[left], axis[left])
        self._open = torch.cat([self._open[0], halves[0]]), torch.cat([self._open[1], halves[1]])
        return count

    def proved(self) -> list[tuple[float, float]]:
        """The times that no open box and none that was given up spans."""
        return _gaps(self._span, _merged(self._lost + _spans(*self._open)))

    def _next(self) -> tuple[Tensor, Tensor]:
        """The boxes that begin earliest, so that time is settled from its beginning where the budget is short."""
        centre, half = self._open
        order = (centre[:, 3] - half[:, 3]).argsort(stable=True)
        chosen, later = order[:BATCH], order[BATCH:]
        self._open = centre[later], half[later]
        return centre[chosen], half[chosen]

    def _give_up(self, centre: Tensor, half: Tensor) -> None:
        """The times of these boxes are lost; nothing else need be settled there."""
        self._lost = _merged(self._lost + _spans(centre, half))
        low, high = self._open[0][:, 3] - self._open[1][:, 3], self._open[0][:, 3] + self._open[1][:, 3]
        kept = torch.ones(len(low), dtype=torch.bool)
        for first, last in self._lost:
            kept &= (low < first) | (high > last)
        self._open = self._open[0][kept], self._open[1][kept]


def _spans(centre: Tensor, half: Tensor) -> list[tuple[float, float]]:
    """The times of boxes, each of them once."""
    first, last = (centre[:, 3] - half[:, 3]).tolist(), (centre[:, 3] + half[:, 3]).tolist()
    return sorted(set(zip(first, last, strict=True)))


def _merged(intervals: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same times, neighbours and overlaps made one."""
    merged: list[tuple[float, float]] = []
    for first, last in sorted(intervals):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _gaps(span: tuple[float, float], taken: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """What of the span is not taken."""
    gaps = []
    begin = span[0]
    for first, last in taken:
        if first > begin:
            gaps.append((begin, first))
        begin = max(begin, last)
    return [*gaps, (begin, span[1])] if begin < span[1] else gaps
