"""Warp kernels that find where a mesh cuts itself; imported when they are needed, because importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations, and mypy cannot.
# mypy: ignore-errors
import warp as wp


@wp.func
def pierces(a: wp.vec3, b: wp.vec3, p: wp.vec3, q: wp.vec3, r: wp.vec3) -> bool:
    """Whether the stretch from a to b goes through the inside of the triangle pqr."""
    one = q - p
    other = r - p
    way = b - a
    across = wp.cross(way, other)
    volume = wp.dot(one, across)
    if wp.abs(volume) < 1.0e-14:
        return False
    start = a - p
    u = wp.dot(start, across) / volume
    turned = wp.cross(start, one)
    v = wp.dot(way, turned) / volume
    along = wp.dot(other, turned) / volume
    return u > 0.0 and v > 0.0 and u + v < 1.0 and along > 0.0 and along < 1.0


@wp.func
def cuts(start: int, end: int, t: wp.vec3i, points: wp.array(dtype=wp.vec3)) -> bool:
    """Whether an edge goes through a triangle; one that begins at the triangle's corner does not."""
    for k in range(3):
        if t[k] == start or t[k] == end:
            return False
    return pierces(points[start], points[end], points[t[0]], points[t[1]], points[t[2]])


@wp.kernel(enable_backward=False)
def crossings(
    mesh: wp.uint64,
    points: wp.array(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    counts: wp.array(dtype=int),
    cutting: wp.array(dtype=int),
) -> None:
    """How many triangles of higher number each triangle cuts; those that share an edge with it cannot. And which cut
    any at all."""
    index = wp.tid()
    t = triangles[index]
    a, b, c = points[t[0]], points[t[1]], points[t[2]]
    low = wp.min(a, wp.min(b, c))
    high = wp.max(a, wp.max(b, c))
    query = wp.mesh_query_aabb(mesh, low, high)
    other = wp.int32(0)
    found = wp.int32(0)
    while wp.mesh_query_aabb_next(query, other):
        if other > index:
            s = triangles[other]
            shared = wp.int32(0)
            for k in range(3):
                if t[k] == s[0] or t[k] == s[1] or t[k] == s[2]:
                    shared += 1
            if shared < 2:
                cut = wp.bool(False)
                for k in range(3):
                    cut = cut or cuts(t[k], t[(k + 1) % 3], s, points) or cuts(s[k], s[(k + 1) % 3], t, points)
                if cut:
                    found += 1
                    cutting[index] = 1
                    cutting[other] = 1
    counts[index] = found
