"""Cuts some faces of a mesh of quads into nine, and their neighbours so that all stay quads and fit; knows no field.

Corners are marked, not faces (Schneiders 1996): where both ends of a side are marked it is cut in three, where one is,
once, near that end. Two faces that share a side therefore agree about it, and a mesh that was closed and manifold is so
still.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Quads = NDArray[np.int32]

THIRD = 1 / 3
"""Of a side, from one cut to the next. Follows from the patterns below."""
Place = tuple[int, int]
CORNERS: tuple[Place, ...] = ((0, 0), (3, 0), (3, 3), (0, 3))
"""Of a face, in thirds of its sides. Follows from the cuts."""
NINE: list[tuple[Place, ...]] = [((u, v), (u + 1, v), (u + 1, v + 1), (u, v + 1)) for v in range(3) for u in range(3)]
"""The parts of a face whose corners are all marked. Follows from the cuts."""
PATTERNS: dict[tuple[bool, ...], list[tuple[Place, ...]]] = {
    (True, False, False, False): [
        ((0, 0), (1, 0), (1, 1), (0, 1)),
        ((1, 0), (3, 0), (3, 3), (1, 1)),
        ((1, 1), (3, 3), (0, 3), (0, 1)),
    ],
    (True, True, False, False): [
        *NINE[:3],
        ((0, 1), (1, 1), (1, 2), (0, 3)),
        ((1, 1), (2, 1), (2, 2), (1, 2)),
        ((2, 1), (3, 1), (3, 3), (2, 2)),
        ((1, 2), (2, 2), (3, 3), (0, 3)),
    ],
    (True, False, True, False): [
        ((0, 0), (1, 0), (1, 1), (0, 1)),
        ((1, 0), (3, 0), (3, 2), (1, 1)),
        ((3, 2), (3, 3), (2, 3), (1, 1)),
        ((2, 3), (0, 3), (0, 1), (1, 1)),
    ],
    (True, True, True, False): [
        *NINE[:3],
        *NINE[4:6],
        NINE[8],
        ((0, 1), (1, 1), (1, 2), (0, 3)),
        ((1, 2), (2, 2), (2, 3), (0, 3)),
    ],
    (True, True, True, True): NINE,
}
"""The faces that one becomes, by which of its corners are marked, the marked ones turned to the front.

Chosen: the fewest faces that are all quads without a straight corner.
"""
_TURNED: dict[tuple[bool, ...], tuple[int, list[tuple[Place, ...]]]] = {}
"""The same by the marked corners as they come, and how far they are turned."""
for _pattern, _parts in PATTERNS.items():
    for _turn in range(4):
        _TURNED.setdefault((*_pattern[4 - _turn :], *_pattern[: 4 - _turn]), (_turn, _parts))
_BITS = np.array([1, 2, 4, 8])
_MORE = np.zeros(16, np.int64)
"""Faces that one becomes beside itself, by its marked corners, each a bit."""
for _marked, (_, _parts) in _TURNED.items():
    _MORE[_marked @ _BITS] = len(_parts) - 1


@dataclass(frozen=True)
class Cut:
    vertices: Floats
    """Those that there were, and after them the new ones, where the old faces had them."""
    quads: Quads


def finer_faces(vertices: Floats, quads: Quads, marked: NDArray[np.bool_]) -> Cut:
    """The mesh with its faces cut about the marked vertices."""
    at_corners = marked[quads]
    sides = _Sides(quads, at_corners, len(vertices))
    whole = np.flatnonzero(~at_corners.any(1))
    cut, count = [quads[whole]], len(vertices) + sides.count
    inside: list[Floats] = []
    for wanted, (turn, parts) in _TURNED.items():
        rows = np.flatnonzero((at_corners == wanted).all(1))
        corners = np.roll(quads[rows], -turn, axis=1)
        number: dict[Place, NDArray[np.integer]] = {}
        for place in {place for part in parts for place in part}:
            if place in CORNERS:
                number[place] = corners[:, CORNERS.index(place)]
            elif 0 < place[0] < 3 and 0 < place[1] < 3:
                number[place] = count + np.arange(len(rows))
                count += len(rows)
                inside.append(_at(vertices[corners], place))
            else:
                number[place] = len(vertices) + sides.number(corners, place)
        cut += [np.stack([number[place] for place in part], 1) for part in parts]
    return Cut(
        np.concatenate((vertices, sides.places(vertices), *inside)).astype(np.float32),
        np.concatenate(cut).astype(np.int32),
    )


def faces_more(quads: Quads, marked: NDArray[np.bool_]) -> int:
    """How many more faces that would make."""
    return int(_MORE[marked[quads] @ _BITS].sum())


def _at(corners: Floats, place: Place) -> Floats:
    """A place of faces, as their four corners have it."""
    u, v = place[0] / 3, place[1] / 3
    weights = np.array([(1 - u) * (1 - v), u * (1 - v), u * v, (1 - u) * v], np.float32)
    return np.asarray(np.einsum("k,nki->ni", weights, corners))


class _Sides:
    """The places on sides at which those are cut, each once though two faces have it: a third from a marked end."""

    def __init__(self, quads: Quads, at_corners: NDArray[np.bool_], vertices: int) -> None:
        self._vertices = vertices
        ends = np.stack((quads, np.roll(quads, -1, axis=1)), -1).reshape(-1, 2)
        both = np.concatenate((ends, ends[:, ::-1]))
        near_marked = np.concatenate((at_corners.ravel(), np.roll(at_corners, -1, axis=1).ravel()))
        self._known = np.unique(self._key(both[near_marked, 0], both[near_marked, 1]))
        self.count = len(self._known)

    def _key(self, near: NDArray[np.int32], far: NDArray[np.int32]) -> NDArray[np.int64]:
        return near.astype(np.int64) * self._vertices + far

    def places(self, vertices: Floats) -> Floats:
        near, far = np.divmod(self._known, self._vertices)
        return np.asarray((2 * vertices[near] + vertices[far]) / 3)

    def number(self, corners: Quads, place: Place) -> NDArray[np.int64]:
        """Which of them are at a place of some faces."""
        ends = [corner for corner in CORNERS if any(c == p and c in (0, 3) for c, p in zip(corner, place, strict=True))]
        near = min(ends, key=lambda corner: abs(corner[0] - place[0]) + abs(corner[1] - place[1]))
        far = ends[1 - ends.index(near)]
        key = self._key(corners[:, CORNERS.index(near)], corners[:, CORNERS.index(far)])
        return np.searchsorted(self._known, key)
