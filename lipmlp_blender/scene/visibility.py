"""Writes one object per frame with keyed visibility: plain meshes that every exporter and program understands."""

from __future__ import annotations

import math
from collections.abc import Generator

import bpy
import numpy as np

from .. import compat
from .animation import animate
from .frame_mesh import MORPH, VELOCITY, add_blended_color, add_point_attribute
from .ownership import Making
from .shown_frames import FrameMeshes
from .spec import ResultSpec
from .velocity import write_keys

_HIDDEN = ("hide_viewport", "hide_render")


def write(context: bpy.types.Context, spec: ResultSpec, making: Making) -> Generator[float, None, bpy.types.Object]:
    """Build the frames under an empty; both lie in a collection that the caller links."""
    made = FrameMeshes(spec, making)
    collection = making.own(bpy.data.collections.new(f"{spec.name} Frames"))
    handle = making.own(bpy.data.objects.new(spec.name, None))
    handle.empty_display_size = 0.25
    collection.objects.link(handle)
    start, shown, slopes = _schedule(spec, handle, making, made.count)
    rate = context.scene.render.fps / context.scene.render.fps_base
    for index in range(made.count):
        frame = made.load(index)
        yield (index + 0.2) / made.count
        handle.location = made.origin
        mesh = made.bare(index, frame)
        item = making.own(bpy.data.objects.new(mesh.name, mesh))
        item.parent = handle
        collection.objects.link(item)
        when = np.flatnonzero(shown == index)
        _key_visibility(item, start + when, (start, start + len(shown) - 1), making)
        yield (index + 0.6) / made.count
        if not len(frame.faces):
            continue
        if spec.velocity and frame.velocity is not None and len(when):
            per_second = float(np.mean(slopes[when])) * rate * made.timing.rates[index]
            add_point_attribute(mesh, VELOCITY, (frame.velocity * per_second).astype(np.float32))
        made.dress(mesh, frame)
        if made.timing.colored:
            add_blended_color(mesh, frame)
        yield (index + 1) / made.count
    made.tell_of_empty()
    made.blender.drive_viewport_colors(handle, f'["{MORPH}"]', made.timing.times)
    return handle


def _schedule(
    spec: ResultSpec, handle: bpy.types.Object, making: Making, count: int
) -> tuple[int, np.ndarray, np.ndarray]:
    """Where the range begins, which frame shows at each scene frame of it, and Morph's change per scene frame there.

    The eased value stays on the handle as the property ``morph``, for the user's own drivers.
    """
    handle[MORPH] = 0.0
    handle.id_properties_ui(MORPH).update(min=0.0, max=1.0, description="0 is the first shape, 1 the last")
    curve = animate(handle, f'["{MORPH}"]', spec, making)
    first, last = math.floor(curve.range()[0]), math.ceil(curve.range()[1])
    frames = range(first, last + 1)
    values = np.array([curve.evaluate(frame) for frame in frames])
    slopes = np.array([curve.evaluate(frame + 0.5) - curve.evaluate(frame - 0.5) for frame in frames])
    return first, np.rint(np.clip(values, 0.0, 1.0) * (count - 1)).astype(int), slopes


def _key_visibility(item: bpy.types.Object, frames: np.ndarray, ends: tuple[int, int], making: Making) -> None:
    """Show the object at the given scene frames; the first and the last one stay before and after the range."""
    first, last = ends
    changes: dict[int, float] = {first - 1: 1.0}
    for frame in frames:
        changes[int(frame)] = 0.0
        changes.setdefault(int(frame) + 1, 1.0)
    if len(frames) and frames[0] == first:
        del changes[first - 1]
    if len(frames) and frames[-1] == last:
        del changes[last + 1]
    keys = sorted(changes.items())
    keys = [key for index, key in enumerate(keys) if index == 0 or key[1] != keys[index - 1][1]]
    for path in _HIDDEN:
        curve = compat.ensure_fcurve(item, path, group="Morph")
        write_keys(curve, np.array([k for k, _ in keys]), np.array([v for _, v in keys]), "CONSTANT")
    making.own(item.animation_data.action)
