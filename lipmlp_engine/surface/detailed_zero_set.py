"""Extracts the surface of a function with detail from the shapes: every vertex on it, and on its edges and corners.

The faces are the net's, finer where those leave out what a shape has. What is no shape's own is made fair. Knows
nothing about time, poses or attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from .detail import DetailedField
from .exact_net import Net, net_of
from .fairing import faired
from .finer_where_coarse import UNLIMITED, made_finer
from .meeting_planes import Floats
from .placing import unit
from .smooth_normals import face_normals_at
from .surface_nets import triangles_from_quads

ONE_SIDED = 0.85
"""Cosine between the gradient and the mean of the faces around, below which it is that of one side of an edge. Chosen:
shaded by it, edges between which vertices lie by chance are all teeth, and thin walls have black spots."""


@dataclass(frozen=True)
class Surface:
    """In the training frame."""

    vertices: Floats
    faces: NDArray[np.int32]
    normals: Floats
    gradient: Floats
    """Of the function, at the vertices; on an edge or a corner that of one side."""


def extract_detailed(
    field: DetailedField,
    resolution: int,
    faces: Literal["quads", "triangles"] = "quads",
    net: Net | None = None,
    budget: int = UNLIMITED,
) -> Surface:
    """The surface where the field is zero, within [-1, 1]³: closed and manifold, as `extract_surface` has it.

    net: the field's own, where it has been found before.
    budget: of vertices, up to which there may be finer faces.
    """
    made = made_finer(field, net or net_of(field, resolution), budget)
    vertices, gradient, quads = made.placed.vertices, made.placed.gradient, made.quads
    around, normals = face_normals_at(vertices, quads), unit(gradient)
    one_sided = made.placed.creased | (np.einsum("ij,ij->i", around, normals) < ONE_SIDED)
    normals = np.where(one_sided[:, None], around, normals)
    vertices, normals = faired(vertices, normals, quads, field.exact.freedom(vertices), resolution, made.start)
    if faces == "triangles":
        return Surface(vertices, triangles_from_quads(vertices, quads), normals, gradient)
    return Surface(vertices, _started_on_bends(vertices, quads), normals, gradient)


def _started_on_bends(vertices: Floats, quads: NDArray[np.int32]) -> NDArray[np.int32]:
    """Quads whose first and third corner are those between which they bend least: along that line they are cut."""
    halves = triangles_from_quads(vertices, quads).reshape(-1, 2, 3)
    turned = halves[:, 0, 0] != quads[:, 0]
    return np.where(turned[:, None], np.roll(quads, -1, axis=1), quads)
