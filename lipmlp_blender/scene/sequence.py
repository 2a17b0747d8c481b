"""Writes the mesh sequence: one visible object that plays a collection of frames by geometry nodes, in any file."""

from __future__ import annotations

from collections.abc import Generator

import bpy
import numpy as np

from .. import compat
from .animation import animate
from .frame_layers import LayerWriter
from .frame_mesh import (
    MORPH,
    MORPH_VELOCITY,
    add_colors,
    add_point_attribute,
    fraction,
    frame_name,
    frame_to_mesh,
    load_frame,
    material_pairs,
    note_of_empty,
    read_times,
    set_material_indices,
)
from .materials import MaterialBlender
from .ownership import Making
from .player_nodes import FRAMES_INPUT, MORPH_INPUT, SUBFRAMES_INPUT, VELOCITY_INPUT, build_player
from .spec import ResultSpec
from .velocity import refresh_speed


def write(context: bpy.types.Context, spec: ResultSpec, making: Making) -> Generator[float, None, bpy.types.Object]:
    """Build frames, player and keys; the object is returned unlinked."""
    timing = read_times(spec.frame_paths)
    yield 0.0
    blender, layers = MaterialBlender(spec, making), LayerWriter(spec.slots)
    frames = making.own(bpy.data.collections.new(f"{spec.name} Frames"))
    # Appending the object puts its frames into the scene as well, where all would be seen at once.
    frames.hide_viewport = frames.hide_render = True
    count = len(spec.frame_paths)
    origin = np.zeros(3)
    looks: list[bpy.types.Material | None] = []
    empty: list[int] = []
    for index, path in enumerate(spec.frame_paths):
        frame = load_frame(path, may_be_empty=True)
        yield (index + 0.2) / (len(spec.frame_paths) + 1)
        if index == 0:
            origin = origin_of(spec, frame.vertices)
        mesh = making.own(frame_to_mesh(frame_name(spec.name, index, count), frame, origin, spec.smooth))
        frames.objects.link(making.own(bpy.data.objects.new(mesh.name, mesh)))
        yield (index + 0.6) / (len(spec.frame_paths) + 1)
        if not len(frame.faces):
            empty.append(index)
            continue
        add_point_attribute(mesh, MORPH, np.full(len(frame.vertices), fraction(frame), np.float32))
        if frame.velocity is not None:
            add_point_attribute(mesh, MORPH_VELOCITY, (frame.velocity * timing.rates[index]).astype(np.float32))
        if timing.colored:
            add_colors(mesh, frame)
        layers.write(mesh, frame, spec.smooth)
        pairs, faces = material_pairs(frame)
        for material in blender.blend_pairs(frame.segment, pairs):
            mesh.materials.append(material)
            if material not in looks:
                looks.append(material)
        set_material_indices(mesh, faces)
        yield (index + 1) / (len(spec.frame_paths) + 1)
    making.notes += note_of_empty(timing.times, empty)

    body = making.own(bpy.data.meshes.new(spec.name))
    for material in looks:
        body.materials.append(material)
    morph = making.own(bpy.data.objects.new(spec.name, body))
    morph.location = origin
    render = context.scene.render
    player = making.own(build_player(f"{spec.name} Player", timing.span, timing.colored, render.fps / render.fps_base))
    modifier = morph.modifiers.new("Morph", "NODES")
    modifier.node_group = player
    compat.set_input(modifier, FRAMES_INPUT, frames)
    compat.set_input(modifier, MORPH_INPUT, 0.0)
    compat.set_input(modifier, SUBFRAMES_INPUT, spec.subframes)
    compat.set_input(modifier, VELOCITY_INPUT, spec.velocity)
    path = compat.input_path(modifier, MORPH_INPUT)
    animate(morph, path, spec, making)
    blender.drive_viewport_colors(morph, path, timing.times)
    refresh_speed(morph)
    return morph


def origin_of(spec: ResultSpec, vertices: np.ndarray) -> np.ndarray:
    """Where the result's origin goes: the first source's, else the middle of the first frame."""
    if spec.slots and spec.slots[0].matrix:
        return np.array(spec.slots[0].matrix, np.float64)[:3, 3]
    if not len(vertices):
        return np.zeros(3)
    return (vertices.min(axis=0).astype(np.float64) + vertices.max(axis=0)) / 2
