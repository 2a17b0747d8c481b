"""When exactly parts, handles or cavities change: a morph's critical moments, finer than its frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..surface.zero_set import extract_surface
from .frame_topology import topology_of
from .solid import Solid

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

CELLS = 64
"""Cells at which moments are looked for; a change that shows only in finer frames keeps their precision. Chosen."""
HALVINGS = 6
"""Of the time between two frames, for the moment of a change. Chosen: to a sixty-fourth of a frame."""
MOST = 8
"""Changes that are looked into; a morph with more of them flickers, and where exactly tells nobody anything. Chosen."""

Signature = tuple[int, int, int | None]


def critical_moments(morph: Morph, changes: Sequence[tuple[float, float]], cells: int = CELLS) -> list[float]:
    """One time for each interval between frames within which the topology changes, found by halving the interval."""

    def signature(time: float) -> Signature:
        vertices, triangles = extract_surface(morph.field(time), cells, "triangles")
        topology = topology_of(Solid(vertices.astype(np.float64), triangles))
        return topology.components, topology.cavities, topology.genus

    return [halved(start, end, signature) for start, end in changes[:MOST]]


def halved(start: float, end: float, signature: Callable[[float], Signature]) -> float:
    """The time between two at which a signature stops being the first one's; the middle where both have the same."""
    first = signature(start)
    if signature(end) == first:
        return (start + end) / 2
    for _ in range(HALVINGS):
        middle = (start + end) / 2
        if signature(middle) == first:
            start = middle
        else:
            end = middle
    return (start + end) / 2
