"""Warp kernels that ask a mesh for distances; imported by ``distance`` alone, because importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors
import warp as wp


@wp.kernel(enable_backward=False)
def closest_points(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    start: int,
    triangle: wp.array(dtype=int),
    closest: wp.array(dtype=wp.vec3),
    distance: wp.array(dtype=float),
) -> None:
    """Nearest triangle, nearest point and unsigned distance."""
    index = start + wp.tid()
    point = points[index]
    query = wp.mesh_query_point_no_sign(mesh, point, 1.0e9)
    if query.result:
        nearest = wp.mesh_eval_position(mesh, query.face, query.u, query.v)
        triangle[index] = query.face
        closest[index] = nearest
        distance[index] = wp.length(point - nearest)


@wp.kernel(enable_backward=False)
def signed_distances(
    mesh: wp.uint64, points: wp.array(dtype=wp.vec3), start: int, accuracy: float, distance: wp.array(dtype=float)
) -> None:
    """Distance, negative where the winding number exceeds one half."""
    index = start + wp.tid()
    point = points[index]
    query = wp.mesh_query_point_sign_winding_number(mesh, point, 1.0e9, accuracy, 0.5)
    if query.result:
        nearest = wp.mesh_eval_position(mesh, query.face, query.u, query.v)
        distance[index] = query.sign * wp.length(point - nearest)
