"""Turns one extracted frame into a Blender mesh with the attributes that the player reads; numpy arrays throughout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..lipmlp_engine.files.array_file import ArrayFile
from ..lipmlp_engine.files.mesh_frame import MeshFrame
from ..lipmlp_engine.job.errors import OutputError
from .errors import BrokenFrameError

VELOCITY = "velocity"
"""Cycles' own name: object space, units per second."""
MORPH_VELOCITY = "morph_velocity"
"""Object space, units per unit of the Morph value, so that it holds however the morph is timed."""
MORPH = "morph"
"""How far the surface is from its segment's first shape to its second, 0 to 1."""
COLORS = ("source_color", "target_color")
BLENDED_COLOR = "Color"
"""Both colours mixed by the player."""
MATERIALS = ("source_material", "target_material")

MOST_TOLD = 4
"""Chosen: as many times as a sentence of the panel has room for."""

LONGEST_NAME = 63
"""Bytes of a datablock's name in Blender 4; follows from ``MAX_ID_NAME``. What is longer is cut off at its end."""


@dataclass
class FrameTimes:
    """What is common to the frames of a result, read before any of them becomes a mesh."""

    times: NDArray[np.float64]
    colored: bool
    """Whether any frame carries colours."""

    @property
    def span(self) -> float:
        return float(self.times[-1] - self.times[0])

    @property
    def rates(self) -> NDArray[np.float64]:
        """Shape time per unit of Morph at each frame: Morph runs evenly over the frames, their times need not."""
        return np.gradient(self.times) * (len(self.times) - 1)


def read_times(paths: Sequence[Path]) -> FrameTimes:
    """Look into the frame files without reading their geometry."""
    if len(paths) < 2:
        raise BrokenFrameError("A morph needs at least two frames.")
    times, colored = [], False
    for path in paths:
        try:
            arrays = ArrayFile(path, only=["time"])
            times.append(arrays.number("time"))
            colored |= any(f"vertex.{name}" in arrays for name in COLORS)
        except (OSError, ValueError) as error:
            raise BrokenFrameError(f"{path} is not a frame of Lipschitz Morph: {error}.") from error
    if (np.diff(times) <= 0).any():
        raise BrokenFrameError("The frames are not in the order of their times.")
    return FrameTimes(np.array(times), colored)


def load_frame(path: Path, may_be_empty: bool = False) -> MeshFrame:
    """Read a frame and refuse one that would make Blender stumble."""
    try:
        frame = MeshFrame.load(path)
    except OutputError as error:
        raise BrokenFrameError(str(error)) from error
    if frame.vertices.ndim != 2 or frame.faces.ndim != 2 or frame.faces.shape[1] not in (3, 4):
        raise BrokenFrameError(f"{path} holds neither triangles nor quads.")
    if not len(frame.faces):
        if may_be_empty:
            return frame
        raise BrokenFrameError(f"{path} is empty: the morph has no surface at time {frame.time:g}.")
    if not np.isfinite(frame.vertices).all():
        raise BrokenFrameError(f"{path} has vertices that are not finite numbers.")
    if frame.faces.min() < 0 or frame.faces.max() >= len(frame.vertices):
        raise BrokenFrameError(f"{path} has faces without vertices.")
    return frame


def note_of_empty(times: Sequence[float], empty: Sequence[int]) -> list[str]:
    """What is to be said of frames without a surface; where no frame has one, that is refused."""
    if not empty:
        return []
    if len(empty) == len(times):
        raise BrokenFrameError("The morph has no surface at any time: train it again with another guide.")
    when = ", ".join(f"{times[index]:.2f}" for index in empty[:MOST_TOLD]) + (" …" if len(empty) > MOST_TOLD else "")
    return [
        f"{len(empty)} of {len(times)} frames are empty, as the morph has no surface at t = {when}: shapes that lie "
        "apart vanish on their way without a guide. Choose one, and train again."
    ]


def build_mesh(
    name: str, vertices: NDArray[np.float32], faces: NDArray[np.int32], smooth: bool = True
) -> bpy.types.Mesh:
    """A mesh of equal-sided faces."""
    mesh = bpy.data.meshes.new(name)
    fill_mesh(mesh, vertices, faces)
    if not smooth:
        mesh.polygons.foreach_set("use_smooth", np.zeros(len(faces), bool))
    return mesh


def fill_mesh(mesh: bpy.types.Mesh, vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> None:
    """Replace a mesh's geometry, keeping the datablock and its materials."""
    mesh.clear_geometry()
    count, sides = faces.shape
    # Into the attributes rather than the vertices and corners: they are copied whole instead of one by one.
    mesh.vertices.add(len(vertices))
    mesh.attributes["position"].data.foreach_set("vector", np.ascontiguousarray(vertices, np.float32).ravel())
    mesh.loops.add(count * sides)
    mesh.attributes[".corner_vert"].data.foreach_set("value", np.ascontiguousarray(faces, np.int32).ravel())
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, count * sides, sides, dtype=np.int32))
    mesh.update(calc_edges=True)


def add_point_attribute(mesh: bpy.types.Mesh, name: str, values: NDArray[np.float32]) -> None:
    """Store a float, vector or colour per vertex."""
    kind, key = {1: ("FLOAT", "value"), 3: ("FLOAT_VECTOR", "vector"), 4: ("FLOAT_COLOR", "color")}[
        1 if values.ndim == 1 else values.shape[1]
    ]
    attribute = mesh.attributes.new(name, kind, "POINT")
    attribute.data.foreach_set(key, np.ascontiguousarray(values, np.float32).ravel())


def set_material_indices(mesh: bpy.types.Mesh, indices: NDArray[np.int32]) -> None:
    """Give every face its material slot."""
    mesh.attributes.new("material_index", "INT", "FACE").data.foreach_set("value", indices)


def frame_name(name: str, index: int, count: int) -> str:
    """What a frame of a result is called: sorted by name, which is how they are played, frames are in their order."""
    number = f"{index:0{max(4, len(str(count)))}}"
    room = LONGEST_NAME - len(number) - len(" .001")
    return f"{name.encode()[:room].decode(errors='ignore')} {number}"


def frame_to_mesh(name: str, frame: MeshFrame, origin: NDArray[np.float64], smooth: bool) -> bpy.types.Mesh:
    """The frame relative to the result's origin."""
    if not len(frame.faces):
        return bpy.data.meshes.new(name)
    return build_mesh(name, (frame.vertices - origin).astype(np.float32), frame.faces, smooth)


def add_colors(mesh: bpy.types.Mesh, frame: MeshFrame) -> None:
    """Store both shapes' colours; a shape without colours takes the other's, or white."""
    for name, values in zip(COLORS, _both_colors(frame), strict=True):
        add_point_attribute(mesh, name, values)
    # What the player makes of the two is what the Solid view and exporters are to show.
    mesh.attributes.active_color_name = mesh.attributes.default_color_name = BLENDED_COLOR


def add_blended_color(mesh: bpy.types.Mesh, frame: MeshFrame) -> None:
    """Store the mixture for a mesh that no player shows."""
    first, second = _both_colors(frame)
    share = np.float32(fraction(frame))
    add_point_attribute(mesh, BLENDED_COLOR, first + (second - first) * share)


def _both_colors(frame: MeshFrame) -> list[NDArray[np.float32]]:
    given = [frame.vertex_attributes.get(name) for name in COLORS]
    white = np.ones((len(frame.vertices), 4), np.float32)
    pairs = zip(given, reversed(given), strict=True)
    return [next((colors for colors in pair if colors is not None), white) for pair in pairs]


def fraction(frame: MeshFrame) -> float:
    """How far the frame is within its segment, 0 to 1."""
    return float(np.clip(frame.time - frame.segment, 0.0, 1.0))


def material_pairs(frame: MeshFrame) -> tuple[list[tuple[int, int]], NDArray[np.int32]]:
    """The distinct (source slot, target slot) pairs of the frame, and each face's index among them."""
    first, second = (frame.face_attributes.get(name) for name in MATERIALS)
    if first is None or second is None:
        return [(0, 0)], np.zeros(len(frame.faces), np.int32)
    count = int(second.max()) + 1
    joined = first.astype(np.int64) * count + second
    codes = np.flatnonzero(np.bincount(joined))
    return [divmod(int(code), count) for code in codes], np.searchsorted(codes, joined).astype(np.int32)
