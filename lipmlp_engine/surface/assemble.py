"""Makes the frames of a trained morph: surface, normals, velocity and attributes, in world units. Writes no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..frames import MeshFrame
from ..job import Extraction
from .attributes import Sources
from .extract import extract_surface

if TYPE_CHECKING:
    from ..morph import Morph


def frame_at(morph: Morph, time: float, extraction: Extraction, sources: Sources | None = None) -> MeshFrame:
    """The morph's surface at a time, as the extraction settings say; without sources it has no attributes."""
    field, pose = morph.field(time), morph.pose(time)
    vertices, faces = extract_surface(
        field, extraction.resolution, cast(Literal["quads", "triangles"], extraction.faces)
    )
    points = torch.from_numpy(vertices).to(field.device)
    normals = _unit_normals(field.gradient(points).cpu().numpy(), vertices, faces)
    frame = MeshFrame(
        time=time,
        vertices=pose.to_world(vertices.astype(np.float64)).astype(np.float32),
        faces=faces,
        normals=pose.directions_to_world(normals.astype(np.float64)).astype(np.float32),
        segment=morph.segment(time),
    )
    if extraction.velocity:
        frame.velocity = morph.velocity(points, time).astype(np.float32)
    if extraction.attributes and sources is not None:
        _add_attributes(frame, morph, points, sources)
    return frame


def frames(
    morph: Morph, times: Iterable[float], extraction: Extraction, sources: Sources | None = None
) -> Iterator[MeshFrame]:
    """The morph's surfaces at the given times, one after the other."""
    for time in times:
        yield frame_at(morph, time, extraction, sources)


def _add_attributes(frame: MeshFrame, morph: Morph, points: Tensor, sources: Sources) -> None:
    """Colours on vertices and materials on faces, of the shape before and the shape after the frame's time."""
    centres = points[torch.from_numpy(frame.faces).long().to(points.device)].mean(1)
    for name, index in (("source", frame.segment), ("target", frame.segment + 1)):
        shape = sources.shapes[index]
        if shape.colors is not None:
            places = morph.to_shape(points, frame.time, index)
            frame.vertex_attributes[f"{name}_color"] = sources.colors(index, places)
        if shape.materials is not None:
            places = morph.to_shape(centres, frame.time, index)
            frame.face_attributes[f"{name}_material"] = sources.materials(index, places)


def _unit_normals(
    gradient: NDArray[np.float32], vertices: NDArray[np.float32], faces: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Unit gradients; where the gradient vanishes, the mean of the normals of the faces around."""
    length = np.linalg.norm(gradient, axis=1)
    flat = ~(length > 1e-6)
    if flat.any():
        gradient = np.where(flat[:, None], _face_normals_at(vertices, faces), gradient)
        length = np.linalg.norm(gradient, axis=1)
    return np.asarray(gradient / np.maximum(length, np.float32(1e-30))[:, None], np.float32)


def _face_normals_at(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> NDArray[np.float32]:
    """The sum of the area vectors of each vertex's faces, scaled to length one; z where that is zero too."""
    corners = vertices[faces].astype(np.float64)
    area = np.cross(corners[:, 2] - corners[:, 0], corners[:, -1] - corners[:, 1])
    total = np.zeros((len(vertices), 3))
    for corner in range(faces.shape[1]):
        np.add.at(total, faces[:, corner], area)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    total = np.where(length > 0, total / np.where(length > 0, length, 1), (0.0, 0.0, 1.0))
    return np.asarray(total, np.float32)
