"""What is measured of poses: how meshes are made anew, and how far lengths and places are from the truth."""

from __future__ import annotations

import igl
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lipmlp_engine.shapes.distance import DistanceField

from .skeleton import outward

Array = NDArray[np.float64]


def remeshed(
    vertices: Array, triangles: NDArray[np.integer], cells: int, seed: int, faces: int = 10_000
) -> tuple[Array, NDArray[np.int32]]:
    """The same surface with other vertices: marching cubes on a grid that lies askew, and decimated."""
    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=seed).as_matrix()
    turned = vertices @ turn
    low, high = turned.min(0), turned.max(0)
    cell = float((high - low).max()) / cells
    counts = np.ceil((high - low) / cell).astype(int) + 5
    z, y, x = np.meshgrid(
        *[low[k] + cell * (np.arange(counts[k]) - 2 + rng.uniform()) for k in (2, 1, 0)], indexing="ij"
    )
    points = np.stack([x.ravel(), y.ravel(), z.ravel()], 1)
    values = DistanceField(turned, np.asarray(triangles, np.int32)).signed(points).astype(np.float64)
    places, found, _ = igl.marching_cubes(values, points, *map(int, counts), 0.0)
    found = outward(places, found).astype(np.int32)
    places, found, _, _ = igl.decimate(np.asfortranarray(places), np.asfortranarray(found), faces)
    return np.ascontiguousarray(places @ turn.T), np.ascontiguousarray(found, np.int32)


def edge_lengths(vertices: Array, triangles: NDArray[np.integer]) -> Array:
    sides = np.unique(np.sort(triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    return np.asarray(np.linalg.norm(vertices[sides[:, 0]] - vertices[sides[:, 1]], axis=1))


def off_straight(share: float, between: Array, first: Array, last: Array, triangles: NDArray[np.integer]) -> Array:
    """By what part each edge's length is off the straight way between its lengths at the ends."""
    start, middle, end = (edge_lengths(places, triangles) for places in (first, between, last))
    return np.abs(middle / ((1 - share) * start + share * end) - 1)


def on_pose(points: Array, rest: Array, posed: Array, triangles: NDArray[np.integer]) -> Array:
    """Where points on the rest surface are when its vertices are where ``posed`` has them."""
    triangle, places, _ = DistanceField(rest, np.asarray(triangles, np.int32)).closest(points)
    corners = triangles[triangle]
    weights = igl.barycentric_coordinates(places, *[np.asfortranarray(rest[corners[:, k]]) for k in range(3)])
    return np.asarray((weights[:, :, None] * posed[corners]).sum(1))
