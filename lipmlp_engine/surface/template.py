"""The mesh that shape keys move: a shape's own, or a clean one taken out of the morph. Moves nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..shapes.shape import Shape, triangle_areas
from .extract import extract_surface
from .nets import triangles_from_quads

if TYPE_CHECKING:
    from ..morph import Morph

RICHEST_CELLS = 48
"""Cells at which areas over time are compared."""
RICHEST_TIMES = 9
RICHEST_MARGIN = 0.3
"""Share of the way from either end within which no mesh is taken: the way to the other end would be long."""

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


def clean_mesh(morph: Morph, start: float, end: float, cells: int, most_vertices: int) -> Template:
    """Even quads taken out of the morph where it has most surface for its size, so that no part is short of vertices.

    The cells are made larger until the mesh has no more vertices than it may.
    """
    between = start + (end - start) * np.linspace(RICHEST_MARGIN, 1 - RICHEST_MARGIN, RICHEST_TIMES)
    # At a shape's own time the mesh would not be fitted to that shape.
    time = _richest(morph, [float(time) for time in between if abs(time - round(time)) > 1e-6])
    vertices, quads = extract_surface(morph.field(time), cells, "quads")
    while len(vertices) > most_vertices and cells > RICHEST_CELLS // 2:
        # Vertices go with the square of the cells.
        cells = max(RICHEST_CELLS // 2, min(cells - 1, int(cells * np.sqrt(most_vertices / len(vertices)))))
        vertices, quads = extract_surface(morph.field(time), cells, "quads")
    places = morph.pose(time).to_world(vertices.astype(np.float64))
    return Template(places, triangles_from_quads(vertices, quads), time, quads)


def _richest(morph: Morph, times: Sequence[float]) -> float:
    areas = []
    for time in times:
        vertices, triangles = extract_surface(morph.field(time), RICHEST_CELLS, "triangles")
        areas.append(float(triangle_areas(vertices, triangles).sum()) if len(triangles) else 0.0)
    return times[int(np.argmax(areas))]
