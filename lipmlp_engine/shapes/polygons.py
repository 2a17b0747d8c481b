"""Cuts polygons into triangles that keep to their outline; knows nothing of files or of what the polygons bound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


def triangulate(vertices: Floats, offsets: Whole, corners: Whole) -> tuple[Whole, Whole]:
    """Triangles (m, 3) of polygons, and the polygon of each; polygons of fewer than three corners give none.

    Polygon k's corners are ``corners[offsets[k]:offsets[k + 1]]``. Its triangles turn the way it does. Where a fan from
    its first corner would leave the outline, a quad is cut along its other diagonal and a larger polygon by ears.
    """
    lengths = np.diff(offsets)
    triangles, owners = [], []
    for length in np.unique(lengths[lengths >= 3]):
        which = np.flatnonzero(lengths == length)
        rings = corners[offsets[which][:, None] + np.arange(length)]
        fans = _fans(int(length))
        wrong = _leaves_outline(vertices, rings, fans)
        pieces = rings[:, fans]
        for row in np.flatnonzero(wrong):
            pieces[row] = rings[row][_cut(vertices[rings[row]], fans)]
        triangles.append(pieces.reshape(-1, 3))
        owners.append(np.repeat(which, len(fans)))
    if not triangles:
        return np.zeros((0, 3), np.int64), np.zeros(0, np.int64)
    owner = np.concatenate(owners)
    order = np.argsort(owner, kind="stable")
    return np.concatenate(triangles)[order], owner[order]


def bent(vertices: Floats, offsets: Whole, corners: Whole) -> Whole:
    """The numbers of the polygons whose fans from their first corners would leave their outlines."""
    lengths = np.diff(offsets)
    found = []
    for length in np.unique(lengths[lengths > 3]):
        which = np.flatnonzero(lengths == length)
        rings = corners[offsets[which][:, None] + np.arange(length)]
        found.append(which[_leaves_outline(vertices, rings, _fans(int(length)))])
    return np.sort(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _fans(length: int) -> Whole:
    first = np.arange(1, length - 1)
    return np.stack([np.zeros_like(first), first, first + 1], axis=1)


def _leaves_outline(vertices: Floats, rings: Whole, fans: Whole) -> NDArray[np.bool_]:
    """Whether a triangle of a polygon's fan looks the other way than the polygon does."""
    if rings.shape[1] == 3:
        return np.zeros(len(rings), bool)
    a, b, c = (vertices[rings[:, fans[:, corner]]] for corner in range(3))
    with np.errstate(invalid="ignore", over="ignore"):
        normals = np.cross(b - a, c - a)
        return np.asarray((np.einsum("pfi,pi->pf", normals, normals.sum(axis=1)) < 0).any(axis=1))


def _cut(ring: Floats, fans: Whole) -> Whole:
    """The triangles of one polygon that is not convex, as numbers of its corners; its fan where it cannot be cut."""
    if len(ring) == 4:
        return np.array([[1, 2, 3], [1, 3, 0]])
    import manifold3d

    with np.errstate(invalid="ignore", over="ignore"):
        ring = ring - ring.mean(axis=0)
    if not np.isfinite(ring).all():
        return fans  # so large that its middle is no number: LAPACK would look for its axes for ever
    _, _, axes = np.linalg.svd(ring)
    flat = ring @ axes[:2].T
    after = np.roll(flat, -1, axis=0)
    turned = float((flat[:, 0] * after[:, 1] - after[:, 0] * flat[:, 1]).sum()) < 0
    cut = np.asarray(manifold3d.triangulate([flat * [1, -1] if turned else flat]), np.int64)
    return cut if cut.shape == fans.shape else fans
