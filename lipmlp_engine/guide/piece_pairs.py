"""Which piece of a shape becomes which of another's, where both have as many and arranged alike: letters of words.

Transport alone sends matter where it moves the least: a piece that is larger than its counterpart gives some of it to
its neighbours, which pass on some of theirs, and a letter that both words have dissolves on its way. Knows no meshes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist

MOST = 60
"""Pieces; of more none are paired. Chosen: among crumbs there are counterparts by chance."""
SMALL = 0.25
"""Of the median piece's matter: what has less goes with the piece next to it, as the dot of an i does, where the pieces
are not in pairs as they are. Chosen."""
LEAST_SAMPLES = 4
"""Of the inside and of the surface that a piece must have to be led as one. Chosen."""
LIKE_DIRECTION = 0.5
"""Cosine between the ways from one piece to another in both shapes, from where on they are arranged alike. Chosen: 60°,
beyond which a third piece could take the place of one of them."""
LIKE_MATTER = 8.0
"""How many times the share of its counterpart's a piece's matter is at most. Chosen."""

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


class Sampled(Protocol):
    """What is seen of a shape: points, and in which part of its surface each is or lies below."""

    @property
    def inside(self) -> Array: ...
    @property
    def surface(self) -> Array: ...
    @property
    def inside_parts(self) -> Labels: ...
    @property
    def surface_parts(self) -> Labels: ...


@dataclass(frozen=True)
class PiecePairs:
    """The number of its pair for each sample of the first shape and of the second."""

    inside: tuple[Labels, Labels]
    surface: tuple[Labels, Labels]
    of_part: tuple[Labels, Labels]
    """The same for each part of both surfaces; -1 where that is not known."""
    count: int


def paired_pieces(first: Sampled, second: Sampled, landmarks: tuple[Array, Array]) -> PiecePairs | None:
    """The pieces of two shapes in pairs, where these are evident; none against landmarks."""
    for join_small in (False, True):
        found = _paired(_Pieces(first, join_small), _Pieces(second, join_small), landmarks)
        if found is not None:
            return found
    return None


def _paired(one: _Pieces, other: _Pieces, landmarks: tuple[Array, Array]) -> PiecePairs | None:
    if not 2 <= one.count == other.count <= MOST:
        return None
    _, match = linear_sum_assignment(cdist(one.middles, other.middles, "sqeuclidean"))
    number = np.argsort(match)
    matter = one.matter / other.matter[match]
    if not (matter.min() > 1 / LIKE_MATTER and matter.max() < LIKE_MATTER):
        return None
    if not _alike(one.middles, other.middles[match]):
        return None
    if (one.piece_at(landmarks[0]) != number[other.piece_at(landmarks[1])]).any():
        return None
    return PiecePairs(
        (one.inside, number[other.inside]),
        (one.surface, number[other.surface]),
        (one.of_part, np.where(other.of_part < 0, -1, number[other.of_part])),
        one.count,
    )


def _alike(one: Array, other: Array) -> bool:
    """Whether every two of some places lie about the same way from each other as their counterparts."""
    first, second = np.triu_indices(len(one), 1)
    ways = one[first] - one[second], other[first] - other[second]
    lengths = np.linalg.norm(ways[0], axis=1) * np.linalg.norm(ways[1], axis=1)
    return bool((np.einsum("ij,ij->i", *ways) > LIKE_DIRECTION * lengths).all())


class _Pieces:
    """A shape's samples by piece."""

    def __init__(self, shape: Sampled, join_small: bool) -> None:
        parts, inside = np.unique(shape.inside_parts, return_inverse=True)
        matter = np.bincount(inside)
        piece = _joined(shape.inside, inside, matter) if join_small else np.arange(len(parts))
        self.inside = piece[inside]
        self.of_part = np.full(max(int(parts.max()), int(shape.surface_parts.max())) + 1, -1)
        self.of_part[parts] = piece
        known = np.searchsorted(parts, shape.surface_parts).clip(max=len(parts) - 1)
        missed = parts[known] != shape.surface_parts
        self.surface = piece[known]
        self._tree = KDTree(shape.inside)
        # Parts in which there is no sample of the inside.
        self.surface[missed] = self.piece_at(shape.surface[missed])
        self.count = int(piece.max()) + 1
        of_inside = np.bincount(self.inside, minlength=self.count)
        if min(of_inside.min(), np.bincount(self.surface, minlength=self.count).min()) < LEAST_SAMPLES:
            self.count = 1
        self.matter = of_inside / len(self.inside)
        columns = [np.bincount(self.inside, column, len(of_inside)) for column in shape.inside.T]
        self.middles = np.stack(columns, 1) / np.maximum(of_inside, 1)[:, None]

    def piece_at(self, points: Array) -> Labels:
        """The pieces next to points."""
        return np.asarray(self.inside[self._tree.query(points)[1]] if len(points) else np.zeros(0, np.int64))


def _joined(points: Array, part: Labels, matter: Labels) -> Labels:
    """The piece of each part: small ones are of that next to them."""
    small = matter < SMALL * np.median(matter)
    piece = np.cumsum(~small) - 1
    of_large = ~small[part]
    tree = KDTree(points[of_large])
    for index in np.flatnonzero(small):
        away, nearest = tree.query(points[part == index])
        piece[index] = piece[part[of_large][nearest[away.argmin()]]]
    return np.asarray(piece, np.int64)
