"""The parts that a mesh falls into, and which of them are too small to be meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..shapes.mesh_topology import face_parts
from ..shapes.shape import Shape, volume_shares

CRUMB = 0.01
"""Of the smallest part of either shape: what is smaller is no part of theirs that goes or comes but what came off
another one. Chosen by looking at cat → torus and ball."""

Mesh = tuple[NDArray[np.float32], NDArray[np.int32]]


def smallest_part(shape: Shape) -> float:
    """The least share of its volume that a part or a hollow of a shape has; 0, which is unknown, where it has holes."""
    if not shape.closed:
        return 0.0
    return float(_part_shares(shape.vertices, shape.triangles)[1].min(initial=1.0))


def speck_share(percent: float, smallest: Sequence[float]) -> float:
    """The share of the volume below which a part is a speck: what is asked for, but no more than the shapes allow.

    smallest: the shapes' own smallest parts; half of the least is allowed, since a part may shrink a little on its way.
    """
    return min(percent / 100, min(smallest, default=0.0) / 2)


def without_specks(vertices: NDArray[np.float32], faces: NDArray[np.int32], least: float) -> Mesh:
    """A closed mesh without parts and hollows that have less than a share of its volume.

    >>> ball, faces = extract_surface(field, 64)
    >>> ball, faces = without_specks(ball, faces, 1e-4)
    """
    kept = large_parts(vertices, faces, least)
    return (vertices, faces) if kept.all() else (vertices[kept], faces_among(kept, faces))


def large_parts(vertices: NDArray[np.float32], faces: NDArray[np.int32], least: float) -> NDArray[np.bool_]:
    """Which vertices belong to parts and hollows that have at least a share of the volume."""
    if least <= 0 or len(faces) == 0:
        return np.ones(len(vertices), bool)
    part, shares = _part_shares(vertices, faces)
    return np.asarray(shares[part] >= least)


def pieces(shape: Shape) -> int:
    """How many pieces a shape is in, hollows not counted; 0, which is unknown, where it has holes."""
    if not shape.closed:
        return 0
    return count_pieces(shape.vertices, shape.triangles)


def count_pieces(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> int:
    """How many pieces a closed mesh is in, hollows not counted."""
    return int((volumes_of_parts(vertices, faces)[1] > 0).sum()) if len(faces) else 0


def meant_pieces(vertices: NDArray[np.floating], faces: NDArray[np.integer], smallest: Sequence[float]) -> int:
    """How many pieces a mesh is in that are no mere crumbs beside the shapes' own smallest parts; one at least."""
    volumes = volumes_of_parts(vertices, faces)[1]
    least = CRUMB * min(smallest, default=0.0) * volumes[volumes > 0].sum()
    return max(int((volumes > least).sum()), 1)


def within_pieces(vertices: NDArray[np.floating], faces: NDArray[np.integer], most: int) -> NDArray[np.bool_]:
    """Which vertices belong to the largest pieces, no more than ``most``, and to hollows within those.

    What is in one piece at both its ends is so in every frame: the rest are islands that no shape has. What is worth
    holding has been held by then (`bars`), so that this is the last word. 0 keeps all.
    """
    if most <= 0 or len(faces) == 0:
        return np.ones(len(vertices), bool)
    part, volumes = volumes_of_parts(vertices, faces)
    largest = np.argsort(-volumes, kind="stable")[:most]
    kept = np.zeros(len(volumes), bool)
    kept[largest[volumes[largest] > 0]] = True
    if kept.sum() == (volumes > 0).sum():
        return np.ones(len(vertices), bool)
    low, high = np.full((len(volumes), 3), np.inf), np.full((len(volumes), 3), -np.inf)
    np.minimum.at(low, part, vertices)
    np.maximum.at(high, part, vertices)
    for hollow in np.flatnonzero(volumes < 0).tolist():
        around = (low[kept] <= low[hollow]).all(1) & (high[kept] >= high[hollow]).all(1)
        kept[hollow] = bool(around.any())
    return np.asarray(kept[part])


def volumes_of_parts(
    vertices: NDArray[np.floating], faces: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The part of every vertex, and the volume of each, below zero for hollows."""
    corners = faces.shape[1]
    triangles = np.concatenate([faces[:, [0, corner - 1, corner]] for corner in range(2, corners)])
    count, part = face_parts(faces, len(vertices))
    volumes = np.bincount(part[triangles[:, 0]], weights=volume_shares(vertices, triangles), minlength=count)
    return part, np.asarray(volumes, np.float64)


def faces_among(kept: NDArray[np.bool_], faces: NDArray[np.int32]) -> NDArray[np.int32]:
    """The faces between vertices that are kept, by the numbers that those have then."""
    if kept.all():
        return faces
    renumbered = np.cumsum(kept, dtype=np.int32) - 1
    return np.asarray(renumbered[faces[kept[faces[:, 0]]]], np.int32)


def _part_shares(
    vertices: NDArray[np.floating], faces: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The part of every vertex, and each part's share of the volume, hollows and loose vertices included."""
    part, volumes = volumes_of_parts(vertices, faces)
    sizes = np.abs(volumes)
    return part, sizes / max(float(sizes.sum()), 1e-300)
