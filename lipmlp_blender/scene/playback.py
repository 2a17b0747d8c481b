"""Starts the timeline for something that is to be seen moving, and stops it again; leaves alone what the user plays."""

from __future__ import annotations

from contextlib import suppress

import bpy

from .spec import ResultSpec

_started: str | None = None
"""The scene whose timeline was started here."""


def start_playing(scene_name: str, spec: ResultSpec) -> bool:
    """Play the scene where a window shows it, from the spec's range on; returns whether anything was started."""
    global _started
    window = _window(scene_name)
    if window is None or window.screen.is_animation_playing:
        return False
    scene = window.scene
    if not spec.frame_start <= scene.frame_current < spec.frame_end:
        scene.frame_set(spec.frame_start)
    with bpy.context.temp_override(window=window):
        bpy.ops.screen.animation_play()
    _started = scene_name
    return True


def stop_playing() -> None:
    """Stop what was started here, where it still plays, at the frame from which it was started."""
    global _started
    name, _started = _started, None
    window = _window(name) if name is not None else None
    if window is not None and window.screen.is_animation_playing:
        with suppress(RuntimeError), bpy.context.temp_override(window=window):
            bpy.ops.screen.animation_cancel(restore_frame=True)


def plays(scene_name: str) -> bool:
    """Whether the scene's timeline runs in a window."""
    window = _window(scene_name)
    return window is not None and window.screen.is_animation_playing


def _window(scene_name: str) -> bpy.types.Window | None:
    windows = bpy.context.window_manager.windows
    return next((window for window in windows if window.scene.name == scene_name), None)
