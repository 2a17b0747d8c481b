"""Writes the mesh sequence: one visible object that plays a collection of frames by geometry nodes, in any file."""

from __future__ import annotations

from collections.abc import Generator

import bpy
import numpy as np

from .. import compat
from .animation import animate
from .frame_mesh import MORPH_VELOCITY, add_point_attribute
from .ownership import Making
from .player_nodes import FRAMES_INPUT, MORPH_INPUT, SUBFRAMES_INPUT, VELOCITY_INPUT, build_player
from .shown_frames import FrameMeshes
from .spec import ResultSpec
from .velocity import refresh_speed


def write(context: bpy.types.Context, spec: ResultSpec, making: Making) -> Generator[float, None, bpy.types.Object]:
    """Build frames, player and keys; the object is returned unlinked."""
    made = FrameMeshes(spec, making)
    yield 0.0
    frames = making.own(bpy.data.collections.new(f"{spec.name} Frames"))
    # Appending the object puts its frames into the scene as well, where all would be seen at once.
    frames.hide_viewport = frames.hide_render = True
    looks: list[bpy.types.Material | None] = []
    for index in range(made.count):
        frame = made.load(index)
        yield (index + 0.2) / (made.count + 1)
        mesh = made.bare(index, frame)
        frames.objects.link(making.own(bpy.data.objects.new(mesh.name, mesh)))
        yield (index + 0.6) / (made.count + 1)
        if not len(frame.faces):
            continue
        if frame.velocity is not None:
            add_point_attribute(mesh, MORPH_VELOCITY, (frame.velocity * made.timing.rates[index]).astype(np.float32))
        made.dress(mesh, frame)
        for material in mesh.materials:
            if material not in looks:
                looks.append(material)
        yield (index + 1) / (made.count + 1)
    made.tell_of_empty()

    body = making.own(bpy.data.meshes.new(spec.name))
    for material in looks:
        body.materials.append(material)
    morph = making.own(bpy.data.objects.new(spec.name, body))
    morph.location = made.origin
    render = context.scene.render
    timing, rate = made.timing, render.fps / render.fps_base
    player = making.own(build_player(f"{spec.name} Player", timing.span, timing.colored, rate))
    modifier = morph.modifiers.new("Morph", "NODES")
    modifier.node_group = player
    compat.set_input(modifier, FRAMES_INPUT, frames)
    compat.set_input(modifier, MORPH_INPUT, 0.0)
    compat.set_input(modifier, SUBFRAMES_INPUT, spec.subframes)
    compat.set_input(modifier, VELOCITY_INPUT, spec.velocity)
    path = compat.input_path(modifier, MORPH_INPUT)
    animate(morph, path, spec, making)
    made.blender.drive_viewport_colors(morph, path, timing.times)
    refresh_speed(morph)
    return morph
