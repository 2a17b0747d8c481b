"""The mesh that shape keys move: a shape's own, or a clean one taken out of the morph. Moves nothing itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..shapes.mesh_topology import Topology
from ..shapes.shape import Shape, triangle_areas
from ..surface.surface_nets import triangles_from_quads
from ..surface.zero_set import extract_surface

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

RICHEST_CELLS = 64
"""Most cells at which areas over time are compared. Chosen."""
FEWEST_VERTICES = 5_000
"""Below which a mesh is taken from smaller cells.

Measured: with 2,000 an animal's tail had no more than a dozen faces.
"""
FINER = 3
"""Times as many cells that this may lead to. Chosen."""
FEWEST_CELLS = 24
"""To which a mesh of too many vertices is coarsened. Chosen."""
RICHEST_TIMES = 9
"""Moments at which areas over time are compared. Chosen."""
RICHEST_MARGIN = 0.3
"""Share of the way from either end within which no mesh is taken: the way to the other end would be long. Chosen."""
WIDER_MARGIN = 0.1
"""The same where no time in the middle has a mesh without handles or parts that no shape has. Chosen."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Template:
    """A mesh at one time of a morph, in the world."""

    vertices: Array
    triangles: NDArray[np.int32]
    time: float = 0.0
    faces: NDArray[np.int32] | None = None
    """The quads that the triangles halve, where the mesh is no shape's own."""
    goals: dict[int, Array] = field(default_factory=dict)
    """Where the vertices are in later shapes, for those of which it is known."""


def own_mesh(shape: Shape, goals: dict[int, Array] | None = None) -> Template:
    """The first shape's mesh as its file has it."""
    return Template(np.asarray(shape.vertices, np.float64), shape.triangles, goals=goals or {})


def clean_mesh(morph: Morph, shape: Shape, start: float, end: float, cells: int, most_vertices: int) -> Template:
    """Even quads taken out of the morph where it has most surface for its size, so that no part is short of vertices.

    They are taken, where it can be, at a time at which they are connected as the ``shape`` is. The cells are made
    smaller where the mesh would be too coarse for limbs, and larger until it has no more vertices than it may.
    """
    time = _richest(morph, euler_number(shape.vertices, shape.triangles), start, end, min(cells, RICHEST_CELLS))
    vertices, quads = extract_surface(morph.field(time), cells, "quads")
    if 0 < len(vertices) < min(FEWEST_VERTICES, most_vertices):
        cells = min(int(np.ceil(cells * np.sqrt(FEWEST_VERTICES / len(vertices)))), FINER * cells)
        vertices, quads = extract_surface(morph.field(time), cells, "quads")
    while len(vertices) > most_vertices and cells > FEWEST_CELLS:
        # Vertices go with the square of the cells.
        cells = max(FEWEST_CELLS, min(cells - 1, int(cells * np.sqrt(most_vertices / len(vertices)))))
        vertices, quads = extract_surface(morph.field(time), cells, "quads")
    places = morph.pose(time).to_world(vertices.astype(np.float64))
    return Template(places, triangles_from_quads(vertices, quads), time, quads)


def euler_number(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> int:
    """Vertices less edges plus faces, vertices in one place counted once: 2 for a part without handles."""
    _, index = np.unique(vertices, axis=0, return_inverse=True)
    return Topology(index.reshape(-1)[triangles].astype(np.int32)).euler_number


def _richest(morph: Morph, euler: int, start: float, end: float, cells: int) -> float:
    """The time of most area among those at which the surface has the Euler number; among all where none has."""
    best, most = start, (False, -1.0)
    for margin in (RICHEST_MARGIN, WIDER_MARGIN):
        for time in (start + (end - start) * np.linspace(margin, 1 - margin, RICHEST_TIMES)).tolist():
            if abs(time - round(time)) < 1e-6:
                continue  # at a shape's own time the mesh would not be fitted to that shape
            vertices, triangles = extract_surface(morph.field(time), cells, "triangles")
            area = float(triangle_areas(vertices, triangles).sum()) if len(triangles) else 0.0
            worth = euler_number(vertices, triangles) == euler, area
            if worth > most:
                best, most = time, worth
        if most[0]:
            break
    return best
