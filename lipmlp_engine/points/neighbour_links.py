"""What neighbours in a cloud say of each other's sides: whether their normals agree, and what follows link by link.

Right close by, and astray over a distance. Knows no winding number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from .normal_estimation import Lines

Array = NDArray[np.float64]

LINKS = 10
"""Neighbours with whom each point compares its normal. Chosen."""
LEVEL = 0.5
"""Sine of the steepest way between neighbours on one sheet. Chosen."""
ONE_SHEET = 0.02
"""Agreement from which neighbours lie on one sheet. Chosen."""
FLAT = 0.8
"""Cosine between normals of neighbours that are sure to lie on one sheet. Chosen."""


@dataclass(frozen=True)
class SureLinks:
    """What links tell in a clean cloud without the winding number."""

    alike: csr_array
    along: Array
    """The sides along the surest of those."""
    along_all: Array
    """The sides along the surest of all links."""

    @classmethod
    def among(cls, agreement: csr_array, lines: Lines) -> SureLinks:
        alike = between_alike(agreement, lines)
        return cls(alike, along_the_surest(alike), along_the_surest(agreement))


def agreement_of(points: Array, lines: Lines) -> csr_array:
    """For neighbours i and j, positive where their normals point to one side and negative where they do not.

    The normal at the other end of a round arc is this one mirrored; where even that leaves the two tangents apart, the
    points lie on different sheets and have no say.
    """
    stride = max(1, lines.neighbours.shape[1] // 16)
    links = lines.neighbours[:, stride - 1 :: stride][:, :LINKS]
    first = np.repeat(np.arange(len(points)), links.shape[1])
    second = links.ravel()
    step = points[second] - points[first]
    length = np.linalg.norm(step, axis=1)
    way = step / np.maximum(length, 1e-300)[:, None]
    one, other = lines.normals[first], lines.normals[second]
    rise, fall = np.einsum("ij,ij->i", one, way), np.einsum("ij,ij->i", other, way)
    cosine = np.einsum("ij,ij->i", one, other) - 2 * rise * fall
    same = np.where(cosine < 0, -1.0, 1.0)
    apart = (rise + same * fall) * length
    slack = 1.0 * lines.noise + 0.25 * np.minimum(lines.spacing[first], lines.spacing[second])
    close = np.exp(-((length / (3 * stride**0.5 * lines.spacing[first])) ** 2))
    weight = same * np.abs(cosine) ** 3 * np.exp(-0.5 * (apart / slack) ** 2) * close
    count = len(points)
    matrix = coo_array((weight, (first, second)), shape=(count, count)).tocsr()
    return csr_array((matrix + matrix.T) / 2)


def between_alike(agreement: csr_array, lines: Lines) -> csr_array:
    """Only the links between points whose normals are alike, which lie on one sheet or on two that face each other."""
    links = agreement.tocoo()
    first, second = links.coords
    alike = np.abs(np.einsum("ij,ij->i", lines.normals[first], lines.normals[second])) > FLAT
    return csr_array(coo_array((links.data[alike], (first[alike], second[alike])), shape=links.shape))


def sheet_links(points: Array, lines: Lines) -> csr_array:
    """The lengths of the ways between neighbours on one sheet, for patches that are grown along it."""
    links = abs(agreement_of(points, lines)).tocoo()
    kept = links.data > ONE_SHEET
    first, second = links.coords[0][kept], links.coords[1][kept]
    step = points[first] - points[second]
    length = np.linalg.norm(step, axis=1)
    # Straight above each other, points are those of two sheets that face each other.
    rise = np.maximum(*(np.abs(np.einsum("ij,ij->i", lines.normals[end], step)) for end in (first, second)))
    beside = rise < LEVEL * length
    return csr_array(coo_array((length[beside], (first[beside], second[beside])), shape=links.shape).tocsr())


def parts_of(agreement: csr_array) -> NDArray[np.int64]:
    strong = abs(agreement)
    strong.data[strong.data < 1e-3] = 0
    strong.eliminate_zeros()
    return np.asarray(connected_components(strong, directed=False)[1], np.int64)


def along_the_surest(agreement: csr_array) -> Array:
    """A side for every point, told from neighbour to neighbour along those links that are the surest of all: right
    where a cloud is clean, even between sheets that are closer to each other than the points are."""
    strength = abs(agreement)
    strength.data = 1.001 - np.minimum(strength.data, 1)
    tree = minimum_spanning_tree(strength)
    own = np.arange(agreement.shape[0])
    before, side = own.copy(), np.ones(len(own))
    _, roots, sizes = np.unique(connected_components(tree, directed=False)[1], return_index=True, return_counts=True)
    for root in roots[sizes > LINKS]:
        order, told_by = breadth_first_order(tree, root, directed=False)
        before[order[1:]] = told_by[order[1:]]
    told = before != own
    side[told] = np.where(np.asarray(agreement[own[told], before[told]]).ravel() < 0, -1.0, 1.0)
    while (before != before[before]).any():
        side, before = side * side[before], before[before]
    return side


def majority(agree: Array, parts: NDArray[np.int64]) -> Array:
    """For every point 1 or -1, whether most of its part agree."""
    return np.where(np.bincount(parts, agree) < 0, -1.0, 1.0)[parts]


def less_at_odds(one: Array, other: Array, agreement: csr_array, parts: NDArray[np.int64]) -> Array:
    """Of two ways to tell the sides, for each part that with which fewer of its links are at odds."""
    links = agreement.tocoo()
    first, second = links.coords
    count = int(parts.max()) + 1
    odds = [np.bincount(parts[first], np.maximum(-links.data * s[first] * s[second], 0), count) for s in (one, other)]
    return np.asarray(np.where((odds[1] < odds[0])[parts], other, one))
