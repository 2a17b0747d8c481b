"""Carries the later shapes' colours and material slots onto a tracked mesh, and marks where it is in trouble.

What it finds is stored beside the positions, so that a writer needs neither the shapes nor the field.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..looks.face_transfer import FacesOnSource
from ..looks.frame_attributes import Sources
from ..shapes.shape import Shape, doubled_area_vectors
from ..surface.smooth_normals import values_and_mean_gradient
from .track import Track

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

FAR = 0.02
"""Distance from the field's surface, in diagonals of the first shape, that counts as trouble in full. Chosen."""
LONG = 10.0
"""Times its first length that an edge must have for trouble in full. Chosen."""
SERIOUS = 0.5
"""Trouble from which on a vertex is counted as troubled. Chosen."""


def layers_of_shapes(
    track: Track, shapes: list[Shape], threads: int = 0, own: bool = True
) -> dict[str, NDArray[np.generic]]:
    """Of every shape k that has any: ``colors.k`` for each vertex, ``materials.k`` for each triangle, and all that is
    called by name, ``layer.k.0`` and so on, with ``layers.k`` to say what they are.

    They are what lies closest when the mesh passes that shape. The first shape is left out where the mesh is its
    ``own`` and has all that anyway. Corners are those of the mesh's faces, or of the triangles of the shape's own mesh.
    """
    sources = Sources(shapes, threads=threads)
    layers: dict[str, NDArray[np.generic]] = {}
    polygons = shapes[0].look.polygons if own and shapes[0].look is not None else None
    for index, shape in list(enumerate(shapes))[int(own) :]:
        at = int(np.abs(track.times - index).argmin())
        points = track.positions[at].astype(np.float64)
        look = shape.placed_look
        if look.colors is not None:
            layers[f"colors.{index}"] = sources.colors(index, points)
        if look.materials is not None and look.materials.any():
            layers[f"materials.{index}"] = sources.materials(index, points[track.triangles].mean(1))
        if look.layers:
            faces = track.triangles if track.faces is None else track.faces
            place = FacesOnSource(sources.field(index), points, faces)
            if polygons is not None and len(polygons) == len(faces):
                place.keep_together(polygons)
            layers[f"layers.{index}"] = np.array(json.dumps(look.titles))
            for number, (layer, values) in enumerate(place.source.layers):
                layers[f"layer.{index}.{number}"] = place.of_faces(layer, values)
    return layers


def trouble_of(track: Track, morph: Morph, diagonal: float) -> NDArray[np.float32]:
    """How badly each vertex fares at its worst key, 0 to 1: beside a face turned over, torn apart, off the surface."""
    triangles = track.triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    first = np.maximum(_lengths(track.positions[0], edges), 1e-9 * diagonal)
    worst = np.zeros(track.positions.shape[1])
    outwards: NDArray[np.bool_] | None = None
    for time, positions in zip(track.times, track.positions, strict=True):
        pose, surface = morph.pose(float(time)), morph.field(float(time))
        points = pose.to_training(positions.astype(np.float64))
        values, gradient = values_and_mean_gradient(surface, np.concatenate([points, points[triangles].mean(1)]))
        facing = (doubled_area_vectors(points, triangles) * gradient[len(points) :]).sum(1) > 0
        if outwards is None:
            # Faces that lie inwards from the start are the source's own, not the tracking's.
            outwards = facing
            continue
        worst[triangles[facing != outwards]] = 1.0
        steepness = np.maximum(np.linalg.norm(gradient[: len(points)], axis=1), 1e-3)
        away = np.abs(values[: len(points)]) / steepness * pose.scale / diagonal
        worst = np.maximum(worst, np.clip(away / FAR, 0, 1))
        longer = np.clip((_lengths(positions, edges) / first - 1) / (LONG - 1), 0, 1)
        for corner in (0, 1):
            np.maximum.at(worst, edges[:, corner], longer)
    unused = np.ones(len(worst), bool)
    unused[triangles] = False
    worst[unused] = 0.0
    return worst.astype(np.float32)


def _lengths(points: NDArray[np.floating], edges: NDArray[np.integer]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.norm(points[edges[:, 0]].astype(np.float64) - points[edges[:, 1]], axis=1))
