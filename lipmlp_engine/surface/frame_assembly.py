"""Makes the frames of a trained morph: surface, normals, velocity and attributes, in world units. Writes no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..files.mesh_frame import MeshFrame
from ..job.sections import Extraction
from ..looks.frame_attributes import Sources, add_attributes
from .detail import DetailedField
from .detailed_zero_set import extract_detailed, unit
from .field import Field, one_torch_thread
from .holding_bars import Bars, barred, bars_between
from .parts import count_pieces, faces_among, large_parts, speck_share, within_pieces, without_specks
from .smooth_normals import face_normals_at, smooth_normals
from .zero_set import extract_surface

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

HOLDINGS = 2
"""Times that bars are put in; a second time where a first bar leaves something behind. Chosen."""


def frame_at(morph: Morph, time: float, extraction: Extraction, sources: Sources | None = None) -> MeshFrame:
    """The morph's surface at a time, as the extraction settings say; without sources it has no attributes."""
    with one_torch_thread():
        field = morph.shown_field(time)
        surface = _surface(field, extraction, morph.cells(extraction), morph.parts_about(time))
        if extraction.least_part > 0:
            surface = _in_pieces(surface, field, extraction, morph, time)
    pose, vertices = morph.pose(time), surface.vertices
    frame = MeshFrame(
        time=time,
        vertices=pose.to_world(vertices.astype(np.float64)).astype(np.float32),
        faces=surface.faces,
        normals=pose.directions_to_world(surface.normals.astype(np.float64)).astype(np.float32),
        segment=morph.segment(time),
    )
    points = torch.from_numpy(vertices).to(field.device)
    if extraction.velocity:
        frame.velocity = morph.velocity(points, time, surface.gradient).astype(np.float32)
    if extraction.attributes and sources is not None:
        _add_attributes(frame, morph, points, sources)
    return frame


@dataclass(frozen=True)
class _Surface:
    """In the training frame."""

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    normals: NDArray[np.float32]
    gradient: NDArray[np.float32] | None = None
    """Of the exact blend, where that is what is shown."""

    def among(self, kept: NDArray[np.bool_]) -> _Surface:
        """What is left of it with some vertices only."""
        if kept.all():
            return self
        gradient = None if self.gradient is None else self.gradient[kept]
        return _Surface(self.vertices[kept], faces_among(kept, self.faces), self.normals[kept], gradient)


def _surface(field: Field, extraction: Extraction, cells: int, smallest_parts: list[float]) -> _Surface:
    kind = cast(Literal["quads", "triangles"], extraction.faces)
    share = speck_share(extraction.least_part, smallest_parts)
    if isinstance(field, DetailedField):
        found = extract_detailed(field, cells, kind)
        normals = np.where(found.creased[:, None], face_normals_at(found.vertices, found.faces), unit(found.gradient))
        kept = large_parts(found.vertices, found.faces, share)
        return _Surface(found.vertices[kept], faces_among(kept, found.faces), normals[kept], found.gradient[kept])
    vertices, quads = without_specks(*extract_surface(field, cells, kind), share)
    return _Surface(vertices, quads, smooth_normals(field, vertices, quads))


def _in_pieces(surface: _Surface, field: Field, extraction: Extraction, morph: Morph, time: float) -> _Surface:
    """The surface in no more pieces than the shapes about its time: what is too many is held by bars, or left out."""
    most, cells = morph.pieces_about(time), morph.cells(extraction)
    if most <= 0 or count_pieces(surface.vertices, surface.faces) <= most:
        return surface
    bars: Bars | None = None
    for _ in range(HOLDINGS):
        more = bars_between(surface.vertices, surface.faces, surface.normals, most, 2 / cells)
        if more is None:
            break
        bars = more if bars is None else bars.with_more(more)
        surface = _surface(barred(field, bars), extraction, cells, morph.parts_about(time))
    if bars is not None and surface.gradient is not None:
        # No function of time has the bars: they go with the flow.
        surface = replace(surface, gradient=np.where(bars.about(surface.vertices)[:, None], 0, surface.gradient))
    return surface.among(within_pieces(surface.vertices, surface.faces, most))


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
