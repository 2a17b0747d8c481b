"""Mends what is broken in a surface and nothing else: duplicates, collapsed triangles, triangles that face inwards."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from .mesh_topology import Topology
from .shape import Shape, triangle_areas, volume_shares
from .surface_samples import sample_surface

CLEAR_MAJORITY = 2 / 3
"""Share of a part's area from which its triangles are believed about which side is outside. Chosen."""
CAVITY_POINTS = 64
"""Points of a part that say whether it lies inside another. Chosen."""
FACING_POINTS, SKIN = 4_000, 1e-4
"""Points that say which triangles are turned over, and how far, in diagonals, they look to both sides. Chosen."""
CLEARLY = 0.02
"""Share of the area that fewer have to be, for triangles of which neighbours face opposite ways to stay as they are.
Chosen: of an open sheet nobody can say, and it is made to face one way."""

Vertices = NDArray[np.float64]
Triangles = NDArray[np.int32]


def weld(shape: Shape) -> Shape:
    """Make vertices at the same place one vertex, and drop those that no triangle uses."""
    # Adding zero turns -0.0 into 0.0, which would differ bit by bit.
    used = np.unique(shape.triangles)
    places = np.ascontiguousarray(shape.vertices[used] + 0.0).view(np.dtype((np.void, 24))).ravel()
    _, first, merged = np.unique(places, return_index=True, return_inverse=True)
    # In the order of the file, because sorting by bytes scatters neighbours.
    order = np.argsort(first)
    renumbered = np.empty(len(order), np.int32)
    renumbered[order] = np.arange(len(order), dtype=np.int32)
    target = np.zeros(len(shape.vertices), np.int32)
    target[used] = renumbered[merged]
    kept = used[first[order]]
    return dataclasses.replace(
        shape,
        vertices=shape.vertices[kept],
        triangles=target[shape.triangles],
        colors=None if shape.colors is None else shape.colors[kept],
    )


def drop_collapsed(shape: Shape) -> Shape:
    """Drop triangles two corners of which are one vertex."""
    a, b, c = shape.triangles.T
    keep = (a != b) & (b != c) & (c != a)
    return shape if keep.all() else keep_triangles(shape, keep)


def drop_duplicates(shape: Shape) -> Shape:
    """Keep one of all triangles that have the same corners, whichever way they face."""
    corners = np.sort(shape.triangles, axis=1)
    order = np.lexsort(corners.T)
    repeated = (np.diff(corners[order], axis=0) == 0).all(axis=1)
    if not repeated.any():
        return shape
    keep = np.ones(len(corners), np.bool_)
    # lexsort is stable: the first of each run is the first of the file.
    keep[order[1:][repeated]] = False
    count = int(repeated.sum())
    return keep_triangles(shape, keep, f"removed {count:,} duplicate triangle{'s' * (count != 1)}")


def orient(shape: Shape) -> Shape:
    """Make every part face one way and outwards; a part that faces inwards inside another is a cavity and stays one."""
    vertices, triangles = shape.vertices, shape.triangles
    topology = Topology(triangles)
    if topology.inconsistent_parts.any():
        muddled = topology.inconsistent_parts[topology.parts]
        agreed = triangles.copy()
        agreed[muddled] = _consistent(vertices, triangles[muddled])
        # Parts that touch in an edge seem to be one, and those that agree there then face each other's way.
        if _turned_share(shape, triangles) > _turned_share(shape, agreed) - CLEARLY:
            triangles, topology = agreed, Topology(agreed)
    shares = volume_shares(vertices, triangles)
    inwards = np.full(len(triangles), shares.sum() < 0)
    shares[inwards] *= -1
    inwards ^= _stray_parts(vertices, triangles, shares, topology)
    triangles = np.where(inwards[:, None], triangles[:, ::-1], triangles)
    turned = int((triangles != shape.triangles).any(axis=1).sum())
    if turned == 0:
        return shape
    note = f"turned {turned:,} of {len(triangles):,} triangles, so that all face outwards"
    return dataclasses.replace(shape, triangles=np.ascontiguousarray(triangles), notes=[*shape.notes, note])


def keep_triangles(shape: Shape, keep: NDArray[np.bool_], note: str = "") -> Shape:
    """The shape with some of its triangles; vertices stay as they are."""
    return dataclasses.replace(
        shape,
        triangles=np.ascontiguousarray(shape.triangles[keep]),
        materials=None if shape.materials is None else shape.materials[keep],
        notes=[*shape.notes, note] if note else shape.notes,
    )


def _consistent(vertices: Vertices, triangles: Triangles) -> Triangles:
    """Neighbours turned to agree; each part then faces as most of it did, or outwards where it was of two minds."""
    import igl

    agreed, part = igl.bfs_orient(triangles.astype(np.int64))
    agreed = agreed.astype(np.int32)
    areas = triangle_areas(vertices, triangles)
    unchanged = (agreed == triangles).all(axis=1)
    share = np.bincount(part, weights=areas * unchanged) / np.maximum(np.bincount(part, weights=areas), 1e-300)
    inwards = np.bincount(part, weights=volume_shares(vertices, agreed)) < 0
    flip = np.where(np.maximum(share, 1 - share) >= CLEAR_MAJORITY, share < 0.5, inwards)
    return np.asarray(np.where(flip[part][:, None], agreed[:, ::-1], agreed))


def _turned_share(shape: Shape, triangles: Triangles) -> float:
    """Share of the area that faces the other way than the rest, by how often the whole winds about both its sides."""
    import igl

    points, normals, _ = sample_surface(shape.vertices, triangles, FACING_POINTS, np.random.default_rng(0))
    sides = [points + side * SKIN * shape.diagonal * normals for side in (-1, 1)]
    winding = sum(igl.fast_winding_number(shape.vertices, triangles.astype(np.int64), side) for side in sides)
    # Of a solid once beneath and not above; where it is turned over not beneath, and once the other way above.
    return float(min((winding < -0.5).mean(), (winding > 0.5).mean()))


def _stray_parts(
    vertices: Vertices, triangles: Triangles, shares: NDArray[np.float64], topology: Topology
) -> NDArray[np.bool_]:
    """The triangles of closed parts that face inwards although they lie in no other part.

    ``shares`` are signed as the triangles would face once the whole shape faces outwards.
    """
    import igl

    volumes = np.bincount(topology.parts, weights=shares, minlength=topology.part_count)
    suspects = np.flatnonzero((volumes < 0) & topology.closed_parts)
    stray = np.zeros(topology.part_count, np.bool_)
    if len(suspects) and len(suspects) < topology.part_count:
        outer = triangles[(volumes >= 0)[topology.parts]].astype(np.int64)
        for part in suspects:
            own = np.flatnonzero(topology.parts == part)
            own = own[:: max(1, len(own) // CAVITY_POINTS)]
            winding = igl.fast_winding_number(vertices, outer, vertices[triangles[own]].mean(axis=1))
            # The outer parts as they stand may all face inwards, which only changes the sign.
            stray[part] = float(np.median(np.abs(winding))) < 0.5
    return np.asarray(stray[topology.parts])
