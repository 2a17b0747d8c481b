"""Keeps Morph Speed, the slope of Morph's keys, true to them, so that motion blur is as long as the motion is fast."""

from __future__ import annotations

import math

import bpy
import numpy as np
from bpy.app.handlers import persistent
from numpy.typing import NDArray

from .. import compat
from .errors import NotAMorphError
from .ownership import MARK, is_morph
from .player_nodes import MORPH_INPUT, SPEED_INPUT, player_of

JUMP = 0.25
"""Of Morph within half a frame. Chosen: what gets so far so soon is cut, and not moved."""


def refresh_speed(item: bpy.types.Object) -> None:
    """Key Morph Speed anew after Morph's keys were moved, scaled or replaced; without keys it is 0."""
    modifier = player_of(item)
    if modifier is None:
        raise NotAMorphError(f"'{item.name}' has no player whose speed could be measured.")
    morph = compat.find_fcurve(item, compat.input_path(modifier, MORPH_INPUT))
    if morph is None or not len(morph.keyframe_points):
        compat.set_input(modifier, SPEED_INPUT, 0.0)
        return
    first, last = _reach(item, morph)
    frames = np.arange(first - 1, last + 2, dtype=np.float32)
    slopes = [_slope(morph, float(frame)) for frame in frames]
    speed = compat.ensure_fcurve(item, compat.input_path(modifier, SPEED_INPUT), group="Motion Blur")
    write_samples(speed, frames, np.array(slopes, np.float32))


def _reach(item: bpy.types.Object, morph: bpy.types.FCurve) -> tuple[int, int]:
    """From when to when Morph moves: over its keys, and over the scenes' frames where it goes on beyond them."""
    first, last = morph.range()
    if morph.extrapolation == "LINEAR" or len(morph.modifiers):
        scenes = [scene for scene in bpy.data.scenes if item.name in scene.objects]
        first = min([first, *(scene.frame_start for scene in scenes)])
        last = max([last, *(scene.frame_end for scene in scenes)])
    return math.floor(first), math.ceil(last)


def _slope(morph: bpy.types.FCurve, frame: float) -> float:
    """The change per frame; where it jumps, as at the end of a cycle, of the side that does not: a cut is no motion."""
    before, now, after = (morph.evaluate(frame + step) for step in (-0.5, 0.0, 0.5))
    if abs((after - now) - (now - before)) < JUMP:
        return after - before
    return 2.0 * min(after - now, now - before, key=abs)


def refresh_all_speeds() -> None:
    """Refresh every result of the file; what is right already is left alone."""
    for item in bpy.data.objects:
        if item.library is None and MARK in item and is_morph(item) and player_of(item) is not None:
            refresh_speed(item)


def register() -> None:
    """Follow Morph's keys as the user moves them; the file keeps the result and needs no add-on to play it."""
    bpy.app.handlers.depsgraph_update_post.append(_follow_keys)


def unregister() -> None:
    """Stop following."""
    if _follow_keys in bpy.app.handlers.depsgraph_update_post:
        bpy.app.handlers.depsgraph_update_post.remove(_follow_keys)


@persistent
def _follow_keys(_scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    if depsgraph.id_type_updated("ACTION"):
        refresh_all_speeds()


def write_samples(curve: bpy.types.FCurve, frames: NDArray[np.float32], values: NDArray[np.float32]) -> None:
    """Give a curve a value at each of successive frames, as samples: keys would fill the timeline with diamonds."""
    present = np.empty(2 * len(curve.sampled_points), np.float32)
    curve.sampled_points.foreach_get("co", present)
    if np.array_equal(present, np.stack([frames, values], axis=1).ravel()):
        return
    first, last = int(frames[0]), int(frames[-1])
    if len(curve.sampled_points):
        curve.convert_to_keyframes(first, last + 1)
    write_keys(curve, frames, values, "LINEAR")
    curve.convert_to_samples(first, last + 1)


def write_keys(curve: bpy.types.FCurve, frames: np.ndarray, values: np.ndarray, interpolation: str) -> None:
    """Replace a curve's keys."""
    points = curve.keyframe_points
    points.clear()
    points.add(len(frames))
    points.foreach_set("co", np.stack([frames, values], axis=1).astype(np.float32).ravel())
    for point in points:
        point.interpolation = interpolation
    curve.update()
