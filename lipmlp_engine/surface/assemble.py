"""Makes the frames of a trained morph: surface, normals, velocity and attributes, in world units. Writes no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import torch
from torch import Tensor

from ..frames import MeshFrame
from ..sections import Extraction
from .attributes import Sources, add_attributes
from .extract import extract_surface
from .normals import smooth_normals
from .parts import speck_share, without_specks

if TYPE_CHECKING:
    from ..morph import Morph


def frame_at(morph: Morph, time: float, extraction: Extraction, sources: Sources | None = None) -> MeshFrame:
    """The morph's surface at a time, as the extraction settings say; without sources it has no attributes."""
    field, pose = morph.field(time), morph.pose(time)
    vertices, faces = extract_surface(
        field, extraction.resolution, cast(Literal["quads", "triangles"], extraction.faces)
    )
    vertices, faces = without_specks(vertices, faces, speck_share(extraction.least_part, morph.parts_about(time)))
    points = torch.from_numpy(vertices).to(field.device)
    normals = smooth_normals(field, vertices, faces)
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
    """What lies on the shape before and on the shape after the frame's time."""
    share = min(max(frame.time - frame.segment, 0.0), 1.0)
    add_attributes(frame, lambda index: morph.to_shape(points, frame.time, index), sources, share)
