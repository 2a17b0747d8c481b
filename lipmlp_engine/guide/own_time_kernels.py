"""A Warp kernel that moves points along a flow, each for a time of its own; imported by ``velocity_lattice`` alone."""

# No "from __future__ import annotations" here: Warp reads the annotations.
# mypy: ignore-errors

import warp as wp

from .flow_kernels import velocity, within


@wp.kernel(enable_backward=False)
def carry_each(
    lattice: wp.array3d(dtype=wp.vec3),
    extent: float,
    points: wp.array(dtype=wp.vec3),
    durations: wp.array(dtype=float),
    steps: int,
    moved: wp.array(dtype=wp.vec3),
) -> None:
    """Midpoint steps along the flow, as many for all."""
    index = wp.tid()
    point = points[index]
    nodes = lattice.shape[0]
    step = durations[index] / float(steps)
    for _ in range(steps):
        place = within(point, extent, nodes)
        i = wp.min(int(place[0]), nodes - 2)
        j = wp.min(int(place[1]), nodes - 2)
        k = wp.min(int(place[2]), nodes - 2)
        middle = point + 0.5 * step * velocity(lattice, place, i, j, k)
        place = within(middle, extent, nodes)
        i = wp.min(int(place[0]), nodes - 2)
        j = wp.min(int(place[1]), nodes - 2)
        k = wp.min(int(place[2]), nodes - 2)
        point = point + step * velocity(lattice, place, i, j, k)
    moved[index] = point
