"""Warp kernels that look through a mesh; imported when they are needed, because importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations, and mypy cannot.
# mypy: ignore-errors
import warp as wp


@wp.kernel(enable_backward=False)
def thickness(
    mesh: wp.uint64,
    origins: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    reach: float,
    lengths: wp.array(dtype=float),
) -> None:
    """How far a ray goes until it meets the mesh."""
    index = wp.tid()
    hit = wp.mesh_query_ray(mesh, origins[index], directions[index], reach)
    lengths[index] = wp.where(hit.result, hit.t, reach)
