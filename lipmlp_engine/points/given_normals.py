"""Whether the normals that came with a cloud go with its points, and which way they are turned; makes no surface."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .normal_estimation import Lines
from .orientation import oriented
from .winding_grid import share_on_walls

Array = NDArray[np.float64]

BELIEVED = 0.9
"""Share of the given normals that must agree with the points for all of them to be taken as they are. Chosen."""
BETTER, ASKED = 0.1, 500
"""Where given and made normals do not agree, how much larger the share of the points must be at which the winding
number is what it is on a wall for the given ones to be taken, and how many points are asked. Chosen: of a sparse head
with horns its own normals have .90, and those that are made .71.
"""


def believed(
    normals: Array, points: Array, lines: Lines, trusted: bool, threads: int
) -> tuple[Array | None, list[str]]:
    """The given normals, unit and outwards, or None where they do not go with the points; ``trusted`` ones all do."""
    length = np.linalg.norm(normals, axis=1)
    sound = np.isfinite(length) & (length > 0)
    unit = np.where(sound[:, None], normals, 0) / np.where(sound, length, 1)[:, None]
    if trusted and sound.all():
        return unit, []
    made = oriented(points, lines, threads)
    share = float((np.einsum("ij,ij->i", unit, made)[sound] > 0).mean()) if sound.any() else 0.5
    unit[~sound] = made[~sound] if share > 0.5 else -made[~sound]
    if share >= BELIEVED:
        return unit, []
    if share <= 1 - BELIEVED:
        return -unit, ["turned its normals, which all pointed inwards"]
    facing = unit if share > 0.5 else -unit
    if _walled(facing, points, lines) > _walled(made, points, lines) + BETTER:
        return facing, [] if share > 0.5 else ["turned its normals, most of which pointed inwards"]
    return None, [f"made its normals anew, because {100 * min(share, 1 - share):.0f} % of them pointed the other way"]


def _walled(normals: Array, points: Array, lines: Lines) -> float:
    """The share of the points, of which some are asked, at which the winding number is about what it is on a wall."""
    some = points[:: max(1, len(points) // ASKED)]
    return share_on_walls(some, points, normals * lines.spacing[:, None] ** 2)
