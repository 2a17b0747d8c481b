"""How thick a solid is below its surface, by rays that leave it inwards; knows nothing of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..machine.warp_runtime import warp_kernels, warp_runtime
from ..shapes.surface_samples import sample_surface
from .solid import Points, Solid

THIN = 0.35
"""A part is thin where its thickness is below this share of the cube root of its solid's volume.

Relative to the solid itself, so that growing and shrinking as a whole change nothing. Chosen between what was measured:
a ball has 1.24 of it everywhere; the legs of a cat have about 0.2.
"""
SKIN = 1e-4
"""Rays start this share of the diagonal below the surface, so that they do not meet the triangle they leave. Chosen."""


def thickness_at(solid: Solid, points: Points, normals: Points) -> NDArray[np.float64]:
    """Distance through the solid from surface points, straight inwards, in world units."""
    wp, kernels = warp_runtime(), warp_kernels("metrics.mesh_kernels", "cpu")
    unit, centre = solid.diagonal, solid.vertices.mean(axis=0)

    def local(world: Points) -> NDArray[np.float32]:
        return np.asarray((world - centre) / unit, np.float32)

    with wp.ScopedDevice("cpu"):
        mesh = wp.Mesh(
            points=wp.array(local(solid.vertices), dtype=wp.vec3),
            indices=wp.array(solid.triangles.ravel(), dtype=wp.int32),
        )
        origins = wp.array(local(points - SKIN * unit * normals), dtype=wp.vec3)
        inwards = wp.array(-normals, dtype=wp.vec3)
        lengths = wp.empty(len(points), dtype=float)
        wp.launch(kernels.thickness, dim=len(points), inputs=[mesh.id, origins, inwards, 2.0, lengths])
        below: NDArray[np.float32] = lengths.numpy()
    return unit * (below.astype(np.float64) + SKIN)


def thin_share(solid: Solid, samples: int = 3000, seed: int = 0) -> float:
    """Share of the surface that belongs to thin parts: limbs, ears, tails, sheets; 0 where nothing is enclosed."""
    if solid.empty or solid.volume <= 0:
        return 0.0
    points, normals, _ = sample_surface(solid.vertices, solid.triangles, samples, np.random.default_rng(seed))
    return float(np.mean(thickness_at(solid, points, normals) < THIN * solid.volume ** (1 / 3)))
