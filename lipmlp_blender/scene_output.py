"""Saves and renders a scene to which the command line has added morphs; knows neither its options nor the morphs."""

from __future__ import annotations

import sys
from pathlib import Path

import bpy

from .interrupts import ctrl_c_leaves
from .lipmlp_engine.machine.standard_streams import say


def save(path: Path) -> None:
    """Save the scene there, which is the open file from then on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bpy.ops.wm.save_as_mainfile(filepath=str(path.resolve()), copy=False)
    say(f"Saved {path}\n", sys.stdout)


def aim_render(wanted: str, output: Path | None, first: int, last: int) -> None:
    """Say in the scene what is to be rendered, so that the saved file renders the same on a farm."""
    scene = bpy.context.scene
    # A scene begins at frame 0 at the earliest, whatever its keys do.
    scene.frame_start, scene.frame_end = max(first, 0), max(last, 0)
    if first < 0:
        say(f"Blender renders from frame 0 on; the morph's frames {first} to -1 are left out.\n", sys.stdout)
    if wanted:
        scene.render.filepath = str(Path(wanted).resolve())
    elif output:
        scene.render.filepath = str(output.resolve().with_suffix("")) + "_"


def render() -> None:
    """Render the frames that the scene has."""
    scene = bpy.context.scene
    with ctrl_c_leaves("Stopped while rendering; what was trained and saved is kept."):
        bpy.ops.render.render(animation=True)
    first, last = scene.frame_start, scene.frame_end
    say(f"Rendered frames {first} to {last} as {scene.render.frame_path(frame=first)}\n", sys.stdout)
