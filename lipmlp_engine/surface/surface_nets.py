"""Surface nets: turns the values at the corners of grid cells into a quad mesh that is always manifold.

Each cell gets one vertex per separate sheet of surface that passes through it, so that sheets which merely come close
do not share a vertex. Where two neighbouring cells would still share two edges (a tunnel through their common,
ambiguous face) the face is resolved the other way in both. Knows nothing about fields or networks.

Conventions: corner c of a cell lies at offset (c & 1, c >> 1 & 1, c >> 2 & 1); a cell's configuration has bit c set
where corner c is inside.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

CORNERS = np.array([(c & 1, c >> 1 & 1, c >> 2 & 1) for c in range(8)], np.int32)
EDGES = [(c, c | 1 << axis) for axis in range(3) for c in range(8) if not c >> axis & 1]
"""Pairs of corners: four edges along x, then y, then z."""
EDGE_INDEX = {frozenset(pair): index for index, pair in enumerate(EDGES)}


def _face(axis: int, side: int) -> tuple[int, int, int, int]:
    """The four corners of a face, in order around it."""
    u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
    origin = side << axis
    return origin, origin | u, origin | u | v, origin | v


FACES = [_face(axis, side) for axis in range(3) for side in range(2)]
"""Face 2·axis + side."""


def _links(configuration: int, face: tuple[int, ...], flipped: bool) -> list[tuple[int, int]]:
    """The surface's segments on a face, each as the two edges that it joins.

    On an ambiguous face the inside corners are cut off singly, or, where flipped, the outside corners.
    """
    inside = [bool(configuration >> corner & 1) for corner in face]
    edges = [EDGE_INDEX[frozenset((face[i], face[(i + 1) % 4]))] for i in range(4)]
    crossed = [edges[i] for i in range(4) if inside[i] != inside[(i + 1) % 4]]
    if len(crossed) < 4:
        return [(crossed[0], crossed[1])] if crossed else []
    return [(edges[i - 1], edges[i]) for i in range(4) if inside[i] != flipped]


@cache
def sheets(configuration: int, flips: int) -> tuple[tuple[int, ...], int]:
    """Which sheet each edge belongs to (−1 for none), and bits of the faces that one sheet meets twice."""
    links = [_links(configuration, face, bool(flips >> index & 1)) for index, face in enumerate(FACES)]
    root = list(range(12))
    for one, other in (link for face_links in links for link in face_links):
        old, new = root[one], root[other]
        root = [new if entry == old else entry for entry in root]
    crossed = sorted({edge for face_links in links for link in face_links for edge in link})
    order = sorted({root[edge] for edge in crossed})
    twice = sum(1 << i for i, pair in enumerate(links) if len(pair) == 2 and root[pair[0][0]] == root[pair[1][0]])
    return tuple(order.index(root[edge]) if edge in crossed else -1 for edge in range(12)), twice


SHEET_OF_EDGE = np.array([sheets(configuration, 0)[0] for configuration in range(256)], np.int8)
SHEET_COUNT = SHEET_OF_EDGE.max(1).astype(np.int64) + 1
TUNNEL_FACES = np.array([sheets(configuration, 0)[1] for configuration in range(256)], np.uint8)
MIXED_FACES = np.array(
    [
        sum(1 << i for i, face in enumerate(FACES) if 0 < sum(configuration >> c & 1 for c in face) < 4)
        for configuration in range(256)
    ],
    np.uint8,
)
"""Bits of the faces with corners of both signs: the surface goes on into the neighbour there."""


def configurations(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The configuration of each cell from its corner values (n, 8); what is not a number counts as outside."""
    return np.packbits(values < 0, axis=1, bitorder="little")[:, 0]


def surface_nets(
    values: NDArray[np.float32], neighbours: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]:
    """Vertices and quads from the cells that the surface crosses.

    values: (n, 8), the corner values of the n crossed cells.
    neighbours: (n, 3), the row of the neighbour below along each axis, −1 where that is not a crossed cell.

    Returns vertices (m, 3) as positions within their cells, in cells; the row of each vertex's cell (m,); and quads,
    counter-clockwise seen from outside. Where all neighbours of the surface's cells are given, every edge has exactly
    two faces, which agree on what is outside.
    """
    codes = configurations(values)
    sheet = SHEET_OF_EDGE[codes]
    counts = SHEET_COUNT[codes]
    for row, flips in _tunnels(codes, neighbours).items():
        sheet[row] = sheets(int(codes[row]), flips)[0]
        counts[row] = sheet[row].max() + 1
    first = np.cumsum(counts) - counts
    cell_of_vertex = np.repeat(np.arange(len(codes)), counts)
    return (
        _mean_crossings(values, sheet, first, len(cell_of_vertex)),
        cell_of_vertex,
        _quads(codes, sheet, first, neighbours),
    )


def _tunnels(codes: NDArray[np.uint8], neighbours: NDArray[np.int64]) -> dict[int, int]:
    """Rows of cells with the faces to flip: those that one sheet meets twice in both of the face's cells."""
    flips: dict[int, int] = {}
    tunnels = TUNNEL_FACES[codes]
    if not tunnels.any():
        return flips
    for axis in range(3):
        upper = np.flatnonzero((tunnels >> (2 * axis) & 1) & (neighbours[:, axis] >= 0))
        lower = neighbours[upper, axis]
        both = (tunnels[lower] >> (2 * axis + 1) & 1).astype(bool)
        for above, below in zip(upper[both].tolist(), lower[both].tolist(), strict=True):
            flips[above] = flips.get(above, 0) | 1 << 2 * axis
            flips[below] = flips.get(below, 0) | 1 << 2 * axis + 1
    return flips


def _mean_crossings(
    values: NDArray[np.float32], sheet: NDArray[np.int8], first: NDArray[np.int64], count: int
) -> NDArray[np.float32]:
    """Each vertex at the mean of the crossings of its sheet with the cell's edges."""
    total = np.zeros((count, 3), np.float32)
    crossings = np.zeros((count, 1), np.float32)
    for edge, (start, end) in enumerate(EDGES):
        rows = np.flatnonzero(sheet[:, edge] >= 0)
        vertex = first[rows] + sheet[rows, edge]
        before, after = values[rows, start], values[rows, end]
        point = np.empty((len(rows), 3), np.float32)
        point[:] = CORNERS[start]
        point[:, edge // 4] = before / (before - after)
        total[vertex] += point  # a cell has one vertex on an edge: no vertex comes up twice
        crossings[vertex] += 1
    return total / crossings


def _quads(
    codes: NDArray[np.uint8], sheet: NDArray[np.int8], first: NDArray[np.int64], neighbours: NDArray[np.int64]
) -> NDArray[np.int32]:
    """One quad around each crossed grid edge, joining the four cells there; found from the cell above the edge."""
    quads = []
    for axis in range(3):
        u, v = (axis + 1) % 3, (axis + 2) % 3
        edges = [EDGE_INDEX[frozenset((c, c | 1 << axis))] for c in (0, 1 << u, 1 << u | 1 << v, 1 << v)]
        rows = np.flatnonzero(sheet[:, edges[0]] >= 0)
        below_u, below_v = neighbours[rows, u], neighbours[rows, v]
        complete = (below_u >= 0) & (below_v >= 0)
        rows, below_u, below_v = rows[complete], below_u[complete], below_v[complete]
        diagonal = neighbours[below_u, v]
        kept = diagonal >= 0
        around = [cells[kept] for cells in (rows, below_u, diagonal, below_v)]
        quad = np.stack([first[cells] + sheet[cells, edge] for cells, edge in zip(around, edges, strict=True)], 1)
        leaving = (codes[around[0]] & 1).astype(bool)  # the edge starts inside: its outside lies along the axis
        quad[~leaving] = quad[~leaving, ::-1]
        quads.append(quad)
    return np.concatenate(quads).astype(np.int32)


def triangles_from_quads(vertices: NDArray[np.float32], quads: NDArray[np.int32]) -> NDArray[np.int32]:
    """Each quad cut along the diagonal that bends the surface least."""
    a, b, c, d = (vertices[quads[:, corner]] for corner in range(4))
    cut_ac = _bend(np.cross(b - a, c - a), np.cross(c - a, d - a))
    cut_bd = _bend(np.cross(b - a, d - a), np.cross(c - b, d - b))
    swap = cut_bd > cut_ac + 1e-6
    corners = np.where(swap[:, None], quads[:, [1, 2, 3, 1, 3, 0]], quads[:, [0, 1, 2, 0, 2, 3]])
    return np.ascontiguousarray(corners.reshape(-1, 3))


def _bend(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine between two triangles' normals; a degenerate triangle counts as folded."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return np.where(lengths > 0, np.einsum("ij,ij->i", one, other) / np.where(lengths > 0, lengths, 1), -1.0)
