"""Makes long thin triangles such that single precision finds the nearest point on them; knows no distances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .mesh_topology import Topology
from .shape import doubled_area_vectors

ROUNDING = 1 / 2**24
"""Of a number in single precision. Taken from its format."""
ASTRAY = 1e-5
"""How far, in the surface's diagonals, the nearest point on a triangle may be astray. Chosen: half of ``ON_SURFACE``,
nearer than which to the surface the way to the nearest point is not asked."""
NARROW = 4e-5
"""Of the surface's diagonals: what is narrower is measured to by its neighbours. Follows from ``ON_SURFACE``, twice it:
nearer to them the way to the nearest point is not asked."""
MORE, FEW = 0.5, 20_000
"""Of all triangles, so many more there may be, and so many in any case. Chosen."""
MOST_PARTS = 4
"""Of a triangle that is cut once. Follows from its three sides."""

Vertices = NDArray[np.float64]
Triangles = NDArray[np.int32]


def well_measured(vertices: Vertices, triangles: Triangles) -> tuple[Vertices, Triangles, NDArray[np.int32]]:
    """Vertices, triangles, and of which triangle each is a part, of a surface about one unit large.

    A triangle's nearest point is found from its first corner, and there from differences between products that are
    nearly the same where both sides lead nearly the same way, as at the tip of a sliver. It is astray then by more than
    the next sliver is away, which is taken for the nearest; where slivers lie beside each other, as in each flat face
    that was cut out of a solid, the surface seems to be riddled. Seen from the corner that is nearest to a right angle
    all is well. What has none is cut at the foot of its height, which makes two.
    """
    parts_of = np.arange(len(triangles), dtype=np.int32)
    most = len(triangles) + max(int(MORE * len(triangles)), FEW)
    while True:
        lengths, first, astray = _seen_from_corners(vertices, triangles)
        worst = np.flatnonzero(astray > ASTRAY)
        worst = worst[np.argsort(-astray[worst], kind="stable")[: (most - len(triangles)) // MOST_PARTS]]
        if not len(worst):
            return vertices, _turned_to(triangles, first), parts_of
        ends, longest = Topology(triangles).half_edges.reshape(-1, 3, 2), lengths.argmax(1)
        keys = ends.min(-1) * len(vertices) + ends.max(-1)
        cut, rows = np.unique(keys[worst, longest[worst]], return_index=True)
        feet = _feet_of_heights(vertices[_turned_to(triangles[worst[rows]], longest[worst[rows]])])
        place = np.minimum(np.searchsorted(cut, keys), len(cut) - 1)
        on_sides = np.where(cut[place] == keys, len(vertices) + place, -1).astype(np.int32)
        vertices = np.concatenate((vertices, feet))
        triangles, of = _cut(triangles, on_sides, longest)
        parts_of = parts_of[of]


def measured_to(vertices: Vertices, triangles: Triangles) -> NDArray[np.bool_]:
    """Which triangles Warp measures to: it passes over needles, whose neighbours are as close."""
    corners = vertices[triangles]
    sides = (corners - np.roll(corners, 1, axis=1)).reshape(-1, 9)
    doubled = np.linalg.norm(doubled_area_vectors(vertices, triangles), axis=1)
    return np.asarray(doubled > 1e-6 * np.einsum("ij,ij->i", sides, sides))


def _seen_from_corners(
    vertices: Vertices, triangles: Triangles
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """How long the sides of each triangle are, from which corner its nearest point is found best, and how far that may
    be astray then."""
    corners = vertices[triangles]
    ahead = np.roll(corners, -1, axis=1) - corners
    lengths = np.linalg.norm(ahead, axis=2)
    before = np.roll(lengths, 1, axis=1)
    along = np.abs(np.einsum("nki,nki->nk", ahead, np.roll(ahead, 1, axis=1)))
    area = np.linalg.norm(doubled_area_vectors(vertices, triangles), axis=1, keepdims=True)
    # Measured on single slivers of many forms: rounding times longer² cos / (shorter sin²) of the corner's angle.
    astray = ROUNDING * np.maximum(lengths, before) ** 3 * along / np.maximum(area, 1e-30) ** 2
    first = astray.argmin(1)
    narrow = area[:, 0] < NARROW * lengths.max(1)
    return lengths, first, np.where(narrow, 0.0, astray[np.arange(len(first)), first])


def _turned_to(triangles: Triangles, first: NDArray[np.int64]) -> Triangles:
    """The same triangles, told from another corner each."""
    return np.take_along_axis(triangles, (first[:, None] + np.arange(3)) % 3, axis=1)


def _feet_of_heights(corners: Vertices) -> Vertices:
    """Where the heights over the first sides stand."""
    start, side = corners[:, 0], corners[:, 1] - corners[:, 0]
    share = np.einsum("ij,ij->i", corners[:, 2] - start, side) / np.einsum("ij,ij->i", side, side)
    return np.asarray(start + share[:, None] * side)


def _cut(
    triangles: Triangles, on_sides: NDArray[np.int32], longest: NDArray[np.int64]
) -> tuple[Triangles, NDArray[np.intp]]:
    """Triangles cut at vertices on their sides, -1 where a side has none, and of which each is a part.

    Each is cut from the vertex on its longest side first if that has one, else from another.
    """
    rows = np.arange(len(triangles))
    whole = (on_sides < 0).all(1)
    first = np.where(on_sides[rows, longest] >= 0, longest, (on_sides >= 0).argmax(1))[~whole]
    kept, rows = triangles[whole], rows[~whole]
    a, b, c = _turned_to(triangles[rows], first).T
    foot, ahead, behind = _turned_to(on_sides[rows], first).T
    parts, of = [kept], [np.flatnonzero(whole)]
    # One half has the side from b to c, the other that from c to a; either may be cut itself.
    for near, far, side in ((b, c, ahead), (c, a, behind)):
        cut = side >= 0
        parts += [np.stack((foot, near, far), 1)[~cut]]
        parts += [np.stack((foot, near, side), 1)[cut], np.stack((foot, side, far), 1)[cut]]
        of += [rows[~cut], rows[cut], rows[cut]]
    return np.concatenate(parts).astype(np.int32), np.concatenate(of)
