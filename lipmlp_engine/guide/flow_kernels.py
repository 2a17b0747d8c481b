"""Warp kernels that move points along a flow; imported when they are launched: importing Warp takes time."""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors

from typing import Any

import warp as wp


@wp.func
def between(lattice: wp.array3d(dtype=Any), place: wp.vec3) -> Any:
    """Linear between a lattice's nodes; ``place`` is in cells and within it."""
    i = wp.min(int(place[0]), lattice.shape[0] - 2)
    j = wp.min(int(place[1]), lattice.shape[1] - 2)
    k = wp.min(int(place[2]), lattice.shape[2] - 2)
    x = place[0] - float(i)
    y = place[1] - float(j)
    z = place[2] - float(k)
    near = wp.lerp(
        wp.lerp(lattice[i, j, k], lattice[i, j, k + 1], z),
        wp.lerp(lattice[i, j + 1, k], lattice[i, j + 1, k + 1], z),
        y,
    )
    far = wp.lerp(
        wp.lerp(lattice[i + 1, j, k], lattice[i + 1, j, k + 1], z),
        wp.lerp(lattice[i + 1, j + 1, k], lattice[i + 1, j + 1, k + 1], z),
        y,
    )
    return wp.lerp(near, far, x)


@wp.func
def slope(lattice: wp.array3d(dtype=wp.vec3), place: wp.vec3) -> wp.mat33:
    """How the velocity changes along each axis, a column each, per cell."""
    i = wp.min(int(place[0]), lattice.shape[0] - 2)
    j = wp.min(int(place[1]), lattice.shape[1] - 2)
    k = wp.min(int(place[2]), lattice.shape[2] - 2)
    x = place[0] - float(i)
    y = place[1] - float(j)
    z = place[2] - float(k)
    a = lattice[i, j, k]
    b = lattice[i, j, k + 1]
    c = lattice[i, j + 1, k]
    d = lattice[i, j + 1, k + 1]
    e = lattice[i + 1, j, k]
    f = lattice[i + 1, j, k + 1]
    g = lattice[i + 1, j + 1, k]
    h = lattice[i + 1, j + 1, k + 1]
    along_x = wp.lerp(wp.lerp(e - a, f - b, z), wp.lerp(g - c, h - d, z), y)
    along_y = wp.lerp(wp.lerp(c - a, d - b, z), wp.lerp(g - e, h - f, z), x)
    along_z = wp.lerp(wp.lerp(b - a, d - c, y), wp.lerp(f - e, h - g, y), x)
    return wp.matrix_from_cols(along_x, along_y, along_z)


@wp.func
def within(point: wp.vec3, extent: float, nodes: int) -> wp.vec3:
    """A place in the lattice, in cells; beyond the border the border counts."""
    last = float(nodes - 1)
    scale = 0.5 * last / extent
    return wp.vec3(
        wp.clamp((point[0] + extent) * scale, 0.0, last),
        wp.clamp((point[1] + extent) * scale, 0.0, last),
        wp.clamp((point[2] + extent) * scale, 0.0, last),
    )


@wp.struct
class Way:
    """Where a point gets to, and how that changes with where it begins."""

    place: wp.vec3
    change: wp.mat33


@wp.func
def carried(lattice: wp.array3d(dtype=wp.vec3), extent: float, point: wp.vec3, duration: float, steps: int) -> wp.vec3:
    """Midpoint steps along the flow."""
    here = wp.vec3(point[0], point[1], point[2])
    nodes = lattice.shape[0]
    step = duration / float(wp.max(steps, 1))
    for _ in range(steps):
        place = within(here, extent, nodes)
        middle = here + 0.5 * step * between(lattice, place)
        place = within(middle, extent, nodes)
        here = here + step * between(lattice, place)
    return here


@wp.func
def carried_with_change(
    lattice: wp.array3d(dtype=wp.vec3), extent: float, point: wp.vec3, duration: float, steps: int
) -> Way:
    """The same steps, and how the place that is reached changes with the place where one began."""
    total = wp.identity(n=3, dtype=float)
    here = wp.vec3(point[0], point[1], point[2])
    nodes = lattice.shape[0]
    step = duration / float(wp.max(steps, 1))
    per_unit = 0.5 * float(nodes - 1) / extent
    for _ in range(steps):
        place = within(here, extent, nodes)
        middle = here + 0.5 * step * between(lattice, place)
        half_way = total + (0.5 * step * per_unit) * (slope(lattice, place) * total)
        place = within(middle, extent, nodes)
        here = here + step * between(lattice, place)
        total = total + (step * per_unit) * (slope(lattice, place) * half_way)
    way = Way()
    way.place = here
    way.change = total
    return way


@wp.kernel(enable_backward=False)
def carry(
    lattice: wp.array3d(dtype=wp.vec3),
    extent: float,
    points: wp.array(dtype=wp.vec3),
    durations: wp.array(dtype=float),
    steps: int,
    moved: wp.array(dtype=wp.vec3),
) -> None:
    """Where points get to, each in a time of its own."""
    index = wp.tid()
    moved[index] = carried(lattice, extent, points[index], durations[index], steps)
