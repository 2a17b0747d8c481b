"""Starts the timeline for something that is to be seen moving, and stops it again; leaves alone what the user plays."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import bpy

from .spec import ResultSpec

REST_FRAMES = 12
"""How long the end of the range is looked at before it begins again."""


@dataclass(frozen=True)
class _Playing:
    """What was started here."""

    scene: str
    start: int
    end: int
    came_from: int
    """The frame on which the user was."""


_playing: _Playing | None = None


def start_playing(scene_name: str, spec: ResultSpec) -> bool:
    """Play the scene where a window shows it, from the spec's range on; returns whether anything was started."""
    global _playing
    window = _window(scene_name)
    if window is None or window.screen.is_animation_playing:
        return False
    with bpy.context.temp_override(window=window):
        if not bpy.ops.screen.animation_play.poll():  # while a render goes on, for one
            return False
    scene = window.scene
    _playing = _Playing(scene_name, spec.frame_start, spec.frame_end, scene.frame_current)
    if not spec.frame_start <= scene.frame_current < spec.frame_end:
        scene.frame_set(spec.frame_start)
    with bpy.context.temp_override(window=window):
        bpy.ops.screen.animation_play()
    return True


def keep_playing() -> None:
    """Begin the range again where what was started here has passed it, however long the scene is."""
    window = _window(_playing.scene) if _playing is not None else None
    if window is None or not window.screen.is_animation_playing:
        return
    if not _playing.start <= window.scene.frame_current <= _playing.end + REST_FRAMES:
        window.scene.frame_set(_playing.start)


def stop_playing() -> None:
    """Stop what was started here, where it still plays, and go back to the frame on which the user was."""
    global _playing
    playing, _playing = _playing, None
    window = _window(playing.scene) if playing is not None else None
    if playing is not None and window is not None and window.screen.is_animation_playing:
        with suppress(RuntimeError), bpy.context.temp_override(window=window):
            bpy.ops.screen.animation_cancel(restore_frame=False)
        window.scene.frame_set(playing.came_from)


def plays(scene_name: str) -> bool:
    """Whether the scene's timeline runs in a window."""
    window = _window(scene_name)
    return window is not None and window.screen.is_animation_playing


def _window(scene_name: str) -> bpy.types.Window | None:
    windows = bpy.context.window_manager.windows
    return next((window for window in windows if window.scene.name == scene_name), None)
