"""Warp kernels that ask a mesh for distances; imported by ``distance`` alone, because importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors
# ruff: noqa: UP018 (Warp wants to be told which numbers change inside a loop)
import warp as wp

from .sides_by_normals import SURE, UNSURE

UNLIMITED = wp.constant(1.0e9)
"""As far as a query for the nearest point looks. Follows from its use: it is beyond all that is asked."""
ON_SURFACE = wp.constant(2.0e-5)
"""Of a surface about one unit large: nearer than this the direction of the nearest point is rounding.

Follows from single precision, whose rounding is about 1e-7 there, and some room for what lies beside slivers.
"""

NOT_MADE = wp.constant(-2)
"""Instead of a triangle, where what is kept about a point is not complete. Chosen."""
DOUBTED = wp.constant(0.004)
"""How far from a surface, in its diagonals, the side that normals tell is held against how straight it is. Chosen."""
STRAIGHT = wp.constant(0.85)
"""From farther away than this, several triangles are equally near in single precision, and the side that their normals
tell is doubted unless the nearest one's points there, as this cosine says. Chosen."""
ALONG = wp.constant(0.1)
"""The cosine below which that of what is near by is doubted too. Measured on four characters in parts: of 200,000
points about each up to 81 were on the wrong side by normals near by, with this up to 13. Every hundredth is doubted."""


@wp.kernel(enable_backward=False)
def closest_points(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    start: int,
    run: int,
    triangle: wp.array(dtype=int),
    closest: wp.array(dtype=wp.vec3),
    distance: wp.array(dtype=float),
) -> None:
    """Nearest triangle, nearest point and unsigned distance; left as they are for a point that is not a number."""
    index = start + wp.tid()
    point = points[index]
    query = wp.mesh_query_point_no_sign(mesh, point, UNLIMITED)
    if query.result:
        nearest = wp.mesh_eval_position(mesh, query.face, query.u, query.v)
        triangle[index] = query.face
        closest[index] = nearest
        distance[index] = wp.length(point - nearest)


@wp.struct
class Nearest:
    distance: float
    gradient: wp.vec3
    triangle: int


@wp.func
def nearest_place(
    mesh: wp.uint64, point: wp.vec3, normals: wp.array(dtype=wp.uint8), accuracy: float, limit: float
) -> Nearest:
    """Signed distance, its gradient and the nearest triangle, which is -1 where none lies within the limit.

    The side is told by normals as far as these are sure, of which there is one for each triangle, else by winding
    numbers: everywhere where nothing is known of the normals.
    On the surface itself the way to the nearest point says nothing; the triangle's normal is the gradient there.
    """
    found = Nearest()
    found.triangle = -1
    u = float(0.0)
    v = float(0.0)
    side = float(1.0)
    by_normal = normals.shape[0] > 0
    if by_normal:
        query = wp.mesh_query_point_sign_normal(mesh, point, limit)
        if query.result:
            found.triangle = query.face
            u = query.u
            v = query.v
            side = query.sign
    else:
        winding = wp.mesh_query_point_sign_winding_number(mesh, point, limit, accuracy, 0.5)
        if winding.result:
            found.triangle = winding.face
            u = winding.u
            v = winding.v
            side = winding.sign
    if found.triangle >= 0:
        away = point - wp.mesh_eval_position(mesh, found.triangle, u, v)
        reach = wp.length(away)
        straight = side * wp.dot(wp.mesh_eval_face_normal(mesh, found.triangle), away)
        doubted = bool(False)
        if by_normal:
            sure = int(normals[found.triangle])
            if reach > DOUBTED:
                doubted = sure != SURE or straight < STRAIGHT * reach
            elif sure != SURE:
                doubted = sure == UNSURE or straight < ALONG * reach
        if doubted:
            told = wp.mesh_query_point_sign_winding_number(mesh, point, 1.001 * reach + 1.0e-6, accuracy, 0.5)
            if told.result:
                side = told.sign
        found.distance = side * reach
        if reach > ON_SURFACE:
            found.gradient = side * away / reach
        else:
            found.gradient = wp.mesh_eval_face_normal(mesh, found.triangle)
    return found


@wp.func
def nearest_within(
    mesh: wp.uint64, point: wp.vec3, normals: wp.array(dtype=wp.uint8), accuracy: float, limit: float
) -> Nearest:
    """The same, looked for without the limit where rounding leaves nothing within it, as beside slivers."""
    found = nearest_place(mesh, point, normals, accuracy, limit)
    if found.triangle < 0:
        return nearest_place(mesh, point, normals, accuracy, UNLIMITED)
    return found


@wp.kernel(enable_backward=False)
def signed_distances(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    start: int,
    run: int,
    normals: wp.array(dtype=wp.uint8),
    accuracy: float,
    closed: bool,
    distance: wp.array(dtype=float),
) -> None:
    """Distance, negative where the winding number exceeds one half or normals tell so, of ``run`` points in a row.

    A point is no further from the surface than the one before it and the step between them; and where the surface is
    closed, it lies on the same side while that step does not reach the surface. Beside slivers the nearest point is
    rounded, so that now and then nothing lies within that bound; then it is looked for without.
    """
    first = start + wp.tid() * run
    before = wp.vec3(0.0, 0.0, 0.0)
    reach = float(-1.0)
    side = float(1.0)
    for index in range(first, wp.min(first + run, points.shape[0])):
        point = points[index]
        step = wp.length(point - before)
        limit = float(UNLIMITED)
        if reach >= 0.0:
            # The margin outweighs rounding: a bound that is too tight would find nothing.
            limit = 1.001 * (reach + step) + 1.0e-6
        if closed and step < 0.999 * reach:
            near = wp.mesh_query_point_no_sign(mesh, point, limit)
            if not near.result:
                near = wp.mesh_query_point_no_sign(mesh, point, UNLIMITED)
            if near.result:
                before = point
                reach = wp.length(point - wp.mesh_eval_position(mesh, near.face, near.u, near.v))
                distance[index] = side * reach
        else:
            found = nearest_within(mesh, point, normals, accuracy, limit)
            if found.triangle >= 0:
                before = point
                reach = wp.abs(found.distance)
                side = wp.sign(found.distance)
                distance[index] = found.distance


@wp.kernel(enable_backward=False)
def measure(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.uint8),
    accuracy: float,
    limit: float,
    distance: wp.array(dtype=float),
    gradient: wp.array(dtype=wp.vec3),
    triangle: wp.array(dtype=int),
) -> None:
    """What is nearest to each point; left as it is where nothing lies within the limit."""
    index = wp.tid()
    found = nearest_place(mesh, points[index], normals, accuracy, limit)
    if found.triangle >= 0:
        distance[index] = found.distance
        gradient[index] = found.gradient
        triangle[index] = found.triangle


@wp.func
def kept_place(
    mesh: wp.uint64,
    point: wp.vec3,
    normals: wp.array(dtype=wp.uint8),
    accuracy: float,
    nodes: wp.array3d(dtype=wp.vec4),
    low: wp.vec3,
    spacing: float,
    beside: float,
) -> Nearest:
    """The same, without the triangle, from the nodes of a lattice around a point where the surface is not beside it.

    A node holds the gradient and the distance. Half of what the gradients at the corners foresee, added to the
    distances there, makes the mean exact wherever the distance bends evenly. A node without a distance has not been
    made yet; that is what is found then, and it is to be made first.
    """
    place = (point - low) / spacing
    i = int(wp.floor(place[0]))
    j = int(wp.floor(place[1]))
    k = int(wp.floor(place[2]))
    within = i >= 0 and j >= 0 and k >= 0
    if within and i < nodes.shape[0] - 1 and j < nodes.shape[1] - 1 and k < nodes.shape[2] - 1:
        x = place[0] - float(i)
        y = place[1] - float(j)
        z = place[2] - float(k)
        total = float(0.0)
        slope = wp.vec3(0.0, 0.0, 0.0)
        least = float(UNLIMITED)
        most = float(-UNLIMITED)
        farthest = float(UNLIMITED)
        whole = bool(True)
        for corner in range(8):
            a = corner >> 2 & 1
            b = corner >> 1 & 1
            c = corner & 1
            node = nodes[i + a, j + b, k + c]
            whole = whole and node[3] != 0.0
            steepest = wp.vec3(node[0], node[1], node[2])
            offset = wp.vec3(x - float(a), y - float(b), z - float(c))
            weight = (1.0 - wp.abs(offset[0])) * (1.0 - wp.abs(offset[1])) * (1.0 - wp.abs(offset[2]))
            total = total + weight * (node[3] + 0.5 * spacing * wp.dot(steepest, offset))
            slope = slope + weight * steepest
            least = wp.min(least, node[3])
            most = wp.max(most, node[3])
            farthest = wp.min(farthest, wp.abs(node[3]) + spacing * wp.length(offset))
        kept = Nearest()
        if not whole:
            kept.triangle = NOT_MADE
            return kept
        # No distance changes faster than the way does; where one seems to, a node's side was mistaken. And where the
        # gradients at the corners lead apart, something else becomes the nearest.
        sound = most - least < 1.75 * spacing and wp.length_sq(slope) > 0.8
        if sound and wp.abs(total) > beside:
            kept.distance = total
            kept.gradient = slope
            return kept
        # What the nodes know spares a search some of its way; the margin outweighs rounding.
        return nearest_within(mesh, point, normals, accuracy, 1.001 * farthest + 1.0e-6)
    return nearest_place(mesh, point, normals, accuracy, UNLIMITED)


@wp.kernel(enable_backward=False)
def walls_ahead(
    mesh: wp.uint64,
    origins: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    reach: wp.array(dtype=float),
    facing: wp.array(dtype=float),
) -> None:
    """How far the next triangle is in a direction, and the cosine of its normal to that; left where there is none."""
    index = wp.tid()
    query = wp.mesh_query_ray(mesh, origins[index], directions[index], 2.0)
    if query.result:
        reach[index] = query.t
        facing[index] = wp.dot(query.normal, directions[index])
