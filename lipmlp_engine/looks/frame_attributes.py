"""Carries what lies on the shapes onto a frame: maps, colours, normals, slots. Knows nothing about fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..files.mesh_frame import FrameLayer, MeshFrame
from ..shapes.look import COUNTED
from ..shapes.shape import Shape
from .bare_shading import BareEnd, bare_shading
from .borders import Borders, settle
from .face_transfer import FacesOnSource
from .look_field import LookField
from .shading import shading_normals

ENDS = ("source", "target")


class Sources:
    """The shapes of a chain, ready to be asked for what lies closest; a search tree is made when first needed."""

    def __init__(self, shapes: Sequence[Shape], threads: int = 0) -> None:
        self.shapes = list(shapes)
        self._threads = threads
        self._fields: dict[int, LookField] = {}
        self._borders: dict[int, Borders] = {}

    def make_ready(self, segments: Iterable[int]) -> None:
        """Find out what all frames of some segments have in common, before several threads ask for it at once."""
        for segment in segments:
            about = (segment, segment + 1)
            if not all(self.shapes[index].placed_look.plain for index in about):
                for index in about:
                    self.borders(index)

    def colors(self, index: int, points: NDArray[np.float64]) -> NDArray[np.float32]:
        """Colours (n, 4) of shape ``index`` at its points closest to the given ones, blended within the triangle."""
        return self.field(index).colors_at(points)

    def materials(self, index: int, points: NDArray[np.float64]) -> NDArray[np.int32]:
        """Material slots (n,) of shape ``index`` at its triangles closest to the points."""
        return self.field(index).slots_at(points)

    def field(self, index: int) -> LookField:
        if index not in self._fields:
            self._fields[index] = LookField(self.shapes[index], self._threads)
        return self._fields[index]

    def borders(self, index: int) -> Borders:
        if index not in self._borders:
            self._borders[index] = Borders(self.shapes[index], self.field(index))
        return self._borders[index]


def add_attributes(
    frame: MeshFrame, carried: Callable[[int], NDArray[np.float64]], sources: Sources, share: float
) -> None:
    """Give a frame what its two shapes have on them.

    carried: where the frame's vertices lie on a shape of the chain, in the world. share: how far the frame is from its
    first shape to its second, 0 to 1.
    """
    about = (frame.segment, frame.segment + 1)
    if all(sources.shapes[index].placed_look.plain for index in about):
        ends = [
            BareEnd(sources.field(index), carried(index), part)
            for index, part in zip(about, (1 - share, share), strict=True)
        ]
        frame.shading = bare_shading(frame.vertices, frame.faces, ends)
        return
    places = [FacesOnSource(sources.field(index), carried(index), frame.faces) for index in about]
    borders = [sources.borders(index) for index in about]
    vertices = frame.vertices.astype(np.float64)
    rows = settle(vertices, list(zip(places, borders, (1 - share, share), strict=True)))
    frame.vertices[rows] = vertices[rows]
    for end, place in zip(ENDS, places, strict=True):
        colors, slots = place.colors(), place.slots()
        if colors is not None:
            frame.vertex_attributes[f"{end}_color"] = colors
        if slots is not None:
            frame.face_attributes[f"{end}_material"] = slots
    frame.shading = shading_normals(frame.vertices, frame.faces, list(zip(places, (1 - share, share), strict=True)))
    frame.layers = _layers(places, share)


def _layers(places: Sequence[FacesOnSource], share: float) -> list[FrameLayer]:
    """The layers of both ends; what both have, but for maps, passes from the one's values to the other's."""
    found = {
        (layer.name, layer.kind, layer.domain, end): place.of_faces(layer, values)
        for end, place in zip(ENDS, places, strict=True)
        for layer, values in place.source.layers
    }
    layers = []
    for (name, kind, domain, end), values in found.items():
        other = found.get((name, kind, domain, ENDS[1])) if end == ENDS[0] else None
        twice = kind != "uv" and all((name, kind, domain, either) in found for either in ENDS)
        if not twice:
            layers.append(FrameLayer(end, name, kind, domain, values))
        elif other is not None:
            mixed = (
                (other if share > 0.5 else values) if kind in COUNTED else values + (other - values) * np.float32(share)
            )
            layers.append(FrameLayer("both", name, kind, domain, mixed))
    return layers
