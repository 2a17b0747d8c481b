"""Warp kernels that even out a triangle mesh; imported by ``elastic_sheet`` alone: importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors
# ruff: noqa: UP018 (Warp wants to be told which numbers change inside a loop)
import warp as wp


@wp.func
def floored(area: float, floor: float) -> float:
    """The area, kept above zero smoothly: what has turned over costs much, but what it costs has a slope."""
    return 0.5 * (area + wp.sqrt(area * area + 4.0 * floor * floor))


@wp.func
def distortion(
    x: wp.vec3,
    vertex: int,
    rows: wp.array(dtype=int),
    fan: wp.array(dtype=wp.vec3i),
    cotangents: wp.array(dtype=wp.vec3),
    areas: wp.array(dtype=float),
    facing: wp.array(dtype=wp.vec3),
    points: wp.array(dtype=wp.vec3),
    leeway: float,
    evenness: float,
    floor: float,
) -> float:
    """What the faces around a vertex cost with the vertex at x."""
    total = float(0.0)
    for row in range(rows[vertex], rows[vertex + 1]):
        b = points[fan[row][0]]
        c = points[fan[row][1]]
        cot = cotangents[row]
        wanted = areas[fan[row][2]]
        area = 0.5 * wp.dot(facing[fan[row][2]], wp.cross(b - x, c - x)) / wanted
        kept = floored(area, floor)
        spread = cot[0] * wp.length_sq(b - c) + cot[1] * wp.length_sq(x - c) + cot[2] * wp.length_sq(x - b)
        excess = wp.max(spread / (4.0 * kept * wanted) - 1.0 + evenness * (kept + 1.0 / kept - 2.0) - leeway, 0.0)
        total += excess * excess
    return total


@wp.kernel(enable_backward=False)
def even_out(
    start: int,
    order: wp.array(dtype=int),
    rows: wp.array(dtype=int),
    fan: wp.array(dtype=wp.vec3i),
    cotangents: wp.array(dtype=wp.vec3),
    areas: wp.array(dtype=float),
    facing: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    leeway: float,
    evenness: float,
    floor: float,
    points: wp.array(dtype=wp.vec3),
) -> None:
    """Slide one vertex within its tangent plane to where the faces around it are distorted least: one Newton step.

    The vertices of one launch share no face, so that each sees where its neighbours really are.
    """
    vertex = order[start + wp.tid()]
    x = points[vertex]
    normal = normals[vertex]
    helper = wp.vec3(1.0, 0.0, 0.0)
    if wp.abs(normal[0]) > 0.7:
        helper = wp.vec3(0.0, 1.0, 0.0)
    u = wp.normalize(wp.cross(helper, normal))
    v = wp.cross(normal, u)

    slope = wp.vec2(0.0, 0.0)
    bend = wp.mat22(0.0, 0.0, 0.0, 0.0)
    before = float(0.0)
    for row in range(rows[vertex], rows[vertex + 1]):
        b = points[fan[row][0]]
        c = points[fan[row][1]]
        cot = cotangents[row]
        wanted = areas[fan[row][2]]
        n = facing[fan[row][2]]
        area = 0.5 * wp.dot(n, wp.cross(b - x, c - x)) / wanted
        root = wp.sqrt(area * area + 4.0 * floor * floor)
        kept = 0.5 * (area + root)
        rise = 0.5 * wp.cross(n, c - b) / wanted * (kept / root)
        grow = wp.vec2(wp.dot(rise, u), wp.dot(rise, v))
        spread = cot[0] * wp.length_sq(b - c) + cot[1] * wp.length_sq(x - c) + cot[2] * wp.length_sq(x - b)
        pull = 2.0 * (cot[1] * (x - c) + cot[2] * (x - b))
        widen = wp.vec2(wp.dot(pull, u), wp.dot(pull, v))
        share = 1.0 / (4.0 * kept * wanted)
        excess = spread * share - 1.0 + evenness * (kept + 1.0 / kept - 2.0) - leeway
        if excess > 0.0:
            before += excess * excess
            tilt = widen * share + grow * (evenness * (1.0 - 1.0 / (kept * kept)) - spread * share / kept)
            slope += tilt * (2.0 * excess)
            cross = wp.outer(widen, grow)
            curve = wp.identity(n=2, dtype=float) * (2.0 * (cot[1] + cot[2]) * share)
            curve += (cross + wp.transpose(cross)) * (-share / kept)
            curve += wp.outer(grow, grow) * (2.0 * spread * share / (kept * kept))
            curve += wp.outer(grow, grow) * (2.0 * evenness / (kept * kept * kept))
            bend += curve * (2.0 * excess) + wp.outer(tilt, tilt) * 2.0
    trace = bend[0, 0] + bend[1, 1]
    if trace > 0.0 and rows[vertex + 1] > rows[vertex]:
        bend += wp.identity(n=2, dtype=float) * (1.0e-4 * trace)
        step = -(wp.inverse(bend) * slope)
        share = float(1.0)
        for _ in range(6):
            there = x + share * (step[0] * u + step[1] * v)
            cost = distortion(there, vertex, rows, fan, cotangents, areas, facing, points, leeway, evenness, floor)
            if cost < before:
                points[vertex] = there
                break
            share = 0.5 * share
