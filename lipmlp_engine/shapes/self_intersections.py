"""Counts where a triangle mesh passes through itself; knows nothing of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..machine.warp_runtime import warp_kernels, warp_runtime


def crossing_pairs(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> int:
    """Pairs of triangles, without a common edge, that cut each other; those that merely touch are none.

    >>> crossing_pairs(ball.vertices, ball.triangles)  # doctest: +SKIP
    0
    """
    return int(_crossings(vertices, triangles)[0].sum())


def crossing_triangles(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Which triangles cut another one."""
    return np.asarray(_crossings(vertices, triangles)[1] > 0)


def _crossings(
    vertices: NDArray[np.floating], triangles: NDArray[np.integer]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Of each triangle how many of higher number it cuts, and whether it cuts any."""
    if len(triangles) == 0:
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    wp, kernels = warp_runtime(), warp_kernels("shapes.crossing_kernels", "cpu")
    # Corners in one place are one corner, or faces beside a seam would count as touching strangers.
    places, index = np.unique(np.asarray(vertices, np.float64), axis=0, return_inverse=True)
    corners = np.ascontiguousarray(index.reshape(-1)[triangles], np.int32)
    size = np.linalg.norm(np.ptp(places, axis=0)) or 1.0
    local = ((places - places.mean(axis=0)) / size).astype(np.float32)
    with wp.ScopedDevice("cpu"):
        points = wp.array(local, dtype=wp.vec3)
        mesh = wp.Mesh(points=points, indices=wp.array(corners.ravel(), dtype=wp.int32))
        counts, cutting = (wp.zeros(len(corners), dtype=int) for _ in range(2))
        inputs = [mesh.id, points, wp.array(corners, dtype=wp.vec3i), counts, cutting]
        wp.launch(kernels.crossings, dim=len(corners), inputs=inputs)
        return counts.numpy(), cutting.numpy()
