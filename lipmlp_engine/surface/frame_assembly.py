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
from .belonging import groups_of_pieces
from .detail import DetailedField
from .detailed_zero_set import extract_detailed
from .exact_net import Net, net_of
from .field import Field, one_torch_thread
from .finer_where_coarse import UNLIMITED
from .holding_bars import Bars, bars_between
from .holding_necks import holding_necks
from .mended_field import Mend, mended
from .own_handles import Own
from .parts import (
    count_pieces,
    faces_among,
    large_parts,
    meant_pieces,
    speck_share,
    volumes_of_parts,
    within_pieces,
    without_specks,
)
from .remembered_field import RememberedDetail
from .small_handles import Plugs, handles, plugs_for
from .smooth_normals import face_normals_at, smooth_normals
from .zero_set import extract_surface

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

HOLDINGS = 2
"""Times that bars are put in; a second time where a first bar leaves something behind. Chosen."""
NEAR_ITS_TIME, MATTER_STAYS = 0.3, 0.46
"""Up to which time from its own a shape's tunnels stay, and what it has matter in. Chosen: half-way a castle's tunnels
are mishaps, too; a sword's ring was still sawn through at .45 with .3 for both."""
CRUMBS_COUNT = 0.3
"""Of the least part that is shown: pieces larger than this have come off when thin necks are left out. Chosen: a
claw that is too small to be shown by itself is to be seen at the end of its limb."""
PLUGGINGS = 3
"""Times that handles are looked for: of two that share a loop one is closed first. Chosen."""


def frame_at(morph: Morph, time: float, extraction: Extraction, sources: Sources | None = None) -> MeshFrame:
    """The morph's surface at a time, as the extraction settings say; without sources it has no attributes."""
    with one_torch_thread():
        field, outline = morph.shown_field(time), None
        if extraction.least_part > 0 and isinstance(field, DetailedField):
            field, outline = _without_idle_necks(field, extraction, morph, time)
        surface = _surface(field, extraction, morph.cells(extraction), morph.parts_about(time), outline)
        if extraction.least_part > 0:
            if isinstance(field, RememberedDetail):
                field.recall()
            surface, field = _without_small_handles(surface, field, extraction, morph, time)
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
        motion = morph.surface_motion(points, time, surface.gradient)
        half = morph.last_time / (extraction.frames - 1) / 2
        local = motion.on_surface(vertices, surface.faces, surface.normals, half)
        frame.velocity = morph.velocity_in_world(local, points, time).astype(np.float32)
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

    def going_along(self, mend: Mend) -> _Surface:
        """What is put in goes with the flow, as no function of time has it."""
        if self.gradient is None:
            return self
        return replace(self, gradient=np.where(mend.about(self.vertices)[:, None], 0, self.gradient))


def _surface(
    field: Field, extraction: Extraction, cells: int, smallest_parts: list[float], outline: _Outline | None = None
) -> _Surface:
    """A field's surface without specks; its outline, where it was drawn before, saves looking for it again."""
    if isinstance(field, DetailedField):
        budget = UNLIMITED if extraction.resolution else extraction.budget
        found = extract_detailed(field, cells, _kind(extraction), outline.net if outline else None, budget)
        share = speck_share(extraction.least_part, smallest_parts)
        kept = large_parts(found.vertices, found.faces, share)
        return _Surface(found.vertices[kept], faces_among(kept, found.faces), found.normals[kept], found.gradient[kept])
    drawn = outline or _outline(field, extraction, cells, smallest_parts)
    return _Surface(drawn.vertices, drawn.faces, smooth_normals(field, drawn.vertices, drawn.faces))


@dataclass(frozen=True)
class _Outline:
    """A surface's faces, without specks, and about where its vertices are: enough to see its handles by.

    Of a field without detail, whose vertices are led nowhere else, it is the surface itself.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    net: Net | None
    """What it is of, specks and all."""

    def handles(self) -> int:
        return handles(self.vertices, self.faces)


def _outline(field: Field, extraction: Extraction, cells: int, smallest_parts: list[float]) -> _Outline:
    share = speck_share(extraction.least_part, smallest_parts)
    if isinstance(field, DetailedField):
        net = net_of(field, cells)
        kept = large_parts(net.vertices, net.quads, share)
        return _Outline(net.vertices[kept], faces_among(kept, net.quads), net)
    return _Outline(*without_specks(*extract_surface(field, cells, _kind(extraction)), share), None)


def _without_idle_necks(
    field: DetailedField, extraction: Extraction, morph: Morph, time: float
) -> tuple[RememberedDetail, _Outline | None]:
    """The field without thin necks that hold on to nothing, and its outline if that was drawn.

    Necks are settled on a lattice that misses thin limbs. One to a limb that has not come off is a rod beside it, of
    which stumps are left: it is thinner than the cells, or cut because it closes a loop.
    """
    necks, most = field.thin_necks, morph.pieces_about(time)
    if not necks or most <= 0:
        return RememberedDetail(field), None
    bare = RememberedDetail(field.held_by(()))
    crumbs = replace(extraction, least_part=CRUMBS_COUNT * extraction.least_part)
    outline = _outline(bare, crumbs, morph.cells(extraction), morph.parts_about(time))
    if count_pieces(outline.vertices, outline.faces) <= most:
        return bare, outline
    return RememberedDetail(field.held_by(holding_necks(outline.vertices, outline.faces, necks))), None


def _kind(extraction: Extraction) -> Literal["quads", "triangles"]:
    return cast(Literal["quads", "triangles"], extraction.faces)


def _without_small_handles(
    surface: _Surface, field: Field, extraction: Extraction, morph: Morph, time: float
) -> tuple[_Surface, Field]:
    """The surface without handles of a few cells that neither shape about its time has, and the field it is of."""
    count, cells = handles(surface.vertices, surface.faces), morph.cells(extraction)
    vertices, faces, normals = surface.vertices, surface.faces, surface.normals
    plugs: Plugs | None = None
    shown, closed = field, None
    for _ in range(PLUGGINGS):
        too_many = count and count - _handles_about(morph, time, extraction)
        if too_many <= 0:
            break
        more = plugs_for(vertices, faces, normals, too_many, 2 / cells, own=_own_about(morph, time))
        if more is None:
            break
        tried = more if plugs is None else plugs.with_more(more)
        trial = mended(field, tried)
        outline = _outline(trial, extraction, cells, morph.parts_about(time))
        left = outline.handles()
        if left >= count:
            break
        plugs, shown, closed, count = tried, trial, outline, left
        vertices, faces, normals = outline.vertices, outline.faces, face_normals_at(outline.vertices, outline.faces)
    if plugs is None:
        return surface, field
    return _surface(shown, extraction, cells, morph.parts_about(time), closed).going_along(plugs), shown


def _own_about(morph: Morph, time: float) -> Own:
    """What the shape whose time is nearer has itself."""
    if not morph.detailed:
        return Own()

    near = round(time)
    away = abs(time - near)

    def outside(places: NDArray[np.floating]) -> NDArray[np.float64]:
        return morph.outside_shape(torch.from_numpy(places.astype(np.float32)), time, near)[:, None]

    return Own(outside if away < NEAR_ITS_TIME else None, outside if away < MATTER_STAYS else None)


def _handles_about(morph: Morph, time: float, extraction: Extraction) -> int:
    """The most handles that either shape about a time has, as its own frame shows it."""
    segment, cells = morph.segment(time), morph.cells(extraction)
    most = 0
    for index in (segment, segment + 1):
        key = index, cells, extraction.faces
        if key not in morph.handles_of_shapes:
            end = _outline(morph.shown_field(index), extraction, cells, morph.parts_about(index))
            morph.handles_of_shapes[key] = end.handles()
        most = max(most, morph.handles_of_shapes[key])
    return most


def _in_pieces(surface: _Surface, field: Field, extraction: Extraction, morph: Morph, time: float) -> _Surface:
    """The surface in no more pieces than the shapes about its time: what is too many is held by bars, or left out."""
    most, cells = morph.pieces_about(time), morph.cells(extraction)
    count = count_pieces(surface.vertices, surface.faces)
    if most <= 0 or count <= 1:
        return surface
    at_ends, groups, belonging = _belonging(surface, field, morph, time)
    most = min(most, meant_pieces(surface.vertices, surface.faces, morph.parts_about(time)), belonging)
    if count <= most:
        return surface
    bars: Bars | None = None
    for _ in range(HOLDINGS):
        more = bars_between(surface.vertices, surface.faces, surface.normals, most, 2 / cells, at_ends, groups)
        if more is None:
            break
        bars = more if bars is None else bars.with_more(more)
        surface = _surface(mended(field, bars), extraction, cells, morph.parts_about(time))
        at_ends, groups, _ = _belonging(surface, field, morph, time)
    if bars is not None:
        surface = surface.going_along(bars)
    return surface.among(within_pieces(surface.vertices, surface.faces, most))


def _belonging(
    surface: _Surface, field: Field, morph: Morph, time: float
) -> tuple[NDArray[np.float32], NDArray[np.int64] | None, int]:
    """Where the surface's matter is at both ends, with what others each of its parts belongs together, and how many
    pieces that makes of it; of the parts nothing where it makes no difference or cannot be told."""
    part, volumes = volumes_of_parts(surface.vertices, surface.faces)
    at_ends = morph.in_both_shapes(torch.from_numpy(surface.vertices).to(field.device), time)
    if morph.pieces_about(time) == 1 or not morph.detailed:
        return at_ends, None, int((volumes > 0).sum())
    groups = groups_of_pieces(part, morph.pieces_in_both_shapes(at_ends, time))
    return at_ends, groups, len(np.unique(groups[volumes > 0]))


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
