"""Of several ways to tell the sides of a cloud's normals, puts together what goes best with the sum over all points.

Each way goes astray elsewhere. Cut where any of them is at odds with a link, a cloud falls into a few patches, and the
winding number at any point is a sum over these: which of them to turn is asked of that sum. Knows no grid, no surface.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]

LINKED = 0.01
"""Agreement from which neighbours are of one patch where all ways go with it. Chosen."""
FEWEST, MOST_PATCHES = 30, 64
"""Points that a patch has at least, and how many patches, the largest first, are asked about. Chosen: one of 15 at a
plate's rim was turned wrongly."""
ASKED, ASKED_EACH = 800, 8
"""Points at which the number is summed, and how many of each patch at least. Chosen."""
SOFT = 0.25
"""Spacings that are added to every distance, in squares, so that no neighbour outweighs all others. Chosen."""


def put_together(
    ways: list[Array], others: list[Array], agreement: csr_array, points: Array, walls: Array
) -> tuple[Array, float]:
    """1 or -1 for every point, and the mean square by which the number misses a half then; each of the ``ways`` says so
    for the ``walls``, which are normals times areas. Of the ``others``, which are right close by only, is heard where
    they part neighbours."""
    patch = patches([*ways, *others], agreement)
    count = np.bincount(patch)
    largest = np.argsort(-count, kind="stable")[:MOST_PATCHES]
    largest = largest[count[largest] >= FEWEST]
    if not len(largest):
        return ways[0], np.inf
    number = np.full(len(count), len(largest), np.int64)
    number[largest] = np.arange(len(largest))
    patch = number[patch]
    asked, weight = _asked(patch, len(largest))
    found: list[tuple[float, Array, float]] = []
    for way in ways:
        # What is too small to be asked about stays as this way has it.
        shares = _shares(asked, points, walls * way[:, None], patch, len(largest))
        turned, missing = _turned(shares, weight, _links(agreement, way, patch, len(largest)))
        sides = np.append(turned, 1.0)
        found.append((missing, way * sides[patch], float(weight @ (shares @ sides - 0.5) ** 2)))
    return min(found, key=lambda one: one[0])[1:]


def patches(ways: list[Array], agreement: csr_array) -> Numbers:
    """For every point the patch it is in: neighbours are parted where any way is at odds with the link between them."""
    links = agreement.tocoo()
    first, second = links.coords
    kept = np.abs(links.data) > LINKED
    for way in ways:
        kept &= links.data * way[first] * way[second] > 0
    graph = coo_array((np.ones(kept.sum()), (first[kept], second[kept])), shape=links.shape)
    return np.asarray(connected_components(csr_array(graph), directed=False)[1], np.int64)


def _asked(patch: Numbers, count: int) -> tuple[Numbers, Array]:
    """Points of every patch, and what share of all points each of them speaks for."""
    places, weight = [], []
    for each in range(count):
        own = np.flatnonzero(patch == each)
        some = own[:: max(1, len(own) // max(ASKED_EACH, ASKED * len(own) // len(patch)))]
        places.append(some)
        weight.append(np.full(len(some), len(own) / len(some)))
    share = np.concatenate(weight)
    return np.concatenate(places), share / share.sum()


def _shares(asked: Numbers, points: Array, walls: Array, patch: Numbers, count: int) -> Array:
    """What each patch, and last what is of none, gives to the winding number at each of the points asked."""
    soft = (SOFT**2) * float(np.median(np.linalg.norm(walls, axis=1)))
    shares = np.empty((len(asked), count + 1))
    for row, place in enumerate(points[asked]):
        step = points - place
        cube = (np.einsum("ij,ij->i", step, step) + soft) ** 1.5
        shares[row] = np.bincount(patch, np.einsum("ij,ij->i", walls, step) / cube, count + 1)
    return shares / (4 * np.pi)


def _links(agreement: csr_array, way: Array, patch: Numbers, count: int) -> Array:
    """What the links between patches, and last to what is of none, say for them as they are, as shares of all."""
    links = agreement.tocoo()
    first, second = (patch[end] for end in links.coords)
    said = links.data * way[links.coords[0]] * way[links.coords[1]]
    total = np.bincount(first * (count + 1) + second, said, (count + 1) ** 2)
    return np.asarray(total.reshape(count + 1, count + 1) / np.abs(links.data).sum())


def _turned(shares: Array, weight: Array, links: Array) -> tuple[Array, float]:
    """1 or -1 for every patch, turned one or two at a time while that brings the number nearer to a half on the walls
    than it takes links apart, and what both miss then, the number in squares."""
    parts, rest = shares[:, :-1], shares[:, -1] - 0.5
    weighed = parts * weight[:, None]
    square, linear = weighed.T @ parts - links[:-1, :-1], weighed.T @ rest - links[:-1, -1]
    side = np.ones(len(linear))
    alone = 4 * np.diag(square)
    while True:
        one = alone - 4 * side * (square @ side + linear)
        two = one[:, None] + one + 8 * square * np.outer(side, side)
        np.fill_diagonal(two, one)
        first, second = np.unravel_index(two.argmin(), two.shape)
        if two[first, second] > -1e-9:
            return side, float(side @ square @ side + 2 * linear @ side + weight @ rest**2 - links[-1, -1])
        side[[first, second]] *= -1
