"""Shows the morph while it is trained, as one object updated in place that never reaches a saved file."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from .frame_mesh import fill_mesh, load_frame

PREVIEW = "lipmlp_preview"
NAME = "Morph Preview"


def show_preview(context: bpy.types.Context, frame_path: Path) -> bpy.types.Object:
    """Put the frame into the preview object, made anew where undo or the user took it away."""
    frame = load_frame(frame_path)
    item = _find()
    if item is None:
        item = bpy.data.objects.new(NAME, bpy.data.meshes.new(NAME))
        item[PREVIEW] = item.data[PREVIEW] = True
        item.hide_select = item.hide_render = True
    if item.name not in context.scene.collection.objects:
        for collection in item.users_collection:
            collection.objects.unlink(item)
        context.scene.collection.objects.link(item)
    fill_mesh(item.data, frame.vertices, frame.faces)
    return item


def clear_preview() -> None:
    """Remove every trace of the preview."""
    marked = [item for item in (*bpy.data.objects, *bpy.data.meshes) if item.library is None and PREVIEW in item]
    if marked:
        bpy.data.batch_remove(marked)


def register() -> None:
    """Keep previews out of saved files, and out of what undo and redo bring back."""
    for handlers in _handlers():
        handlers.append(_clear)


def unregister() -> None:
    """Remove the preview and stop watching."""
    for handlers in _handlers():
        if _clear in handlers:
            handlers.remove(_clear)
    clear_preview()


@persistent
def _clear(*_: object) -> None:
    clear_preview()


def _handlers() -> list[list]:
    handlers = bpy.app.handlers
    return [handlers.save_pre, handlers.undo_post, handlers.redo_post, handlers.load_post]


def _find() -> bpy.types.Object | None:
    return next((item for item in bpy.data.objects if item.library is None and PREVIEW in item), None)
