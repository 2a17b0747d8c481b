"""Shows a picture of the morph in an image editor, in a window of its own where none is open."""

from __future__ import annotations

from pathlib import Path

import bpy

from .errors import SceneError


def show_contact_sheet(context: bpy.types.Context, path: Path) -> bpy.types.Image:
    """Load the picture, or load it anew, and show it where there is a screen."""
    try:
        image = bpy.data.images.load(str(path), check_existing=True)
    except RuntimeError as error:
        raise SceneError(f"The contact sheet {path} cannot be opened: {error}") from error
    image.reload()
    if not bpy.app.background:
        _editor(context).spaces.active.image = image
    return image


def _editor(context: bpy.types.Context) -> bpy.types.Area:
    windows = context.window_manager.windows
    for window in windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR" and area.ui_type == "IMAGE_EDITOR":
                return area
    bpy.ops.wm.window_new()
    area = max(windows[-1].screen.areas, key=lambda candidate: candidate.width * candidate.height)
    area.ui_type = "IMAGE_EDITOR"
    return area
