"""Shows and hides objects; for the moment where Blender leaves unevaluated what it hides. Knows nothing of shapes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bpy

from .errors import HiddenShapeError


@contextmanager
def shown(context: bpy.types.Context, item: bpy.types.Object) -> Iterator[None]:
    """Show an object that it, or the collections in which it lies, hide; afterwards all is as it was."""
    if item.visible_get():
        yield
        return
    layer = context.view_layer
    path = _path_to(layer.layer_collection, item) if item.name in layer.objects else []
    if not path:
        raise HiddenShapeError(f"'{item.name}' is not in the current view layer: include its collection first.")
    eye = item.hide_get()
    hiding: list[Any] = [item, *path, *(entry.collection for entry in path)]
    hiding = [owner for owner in hiding if owner.hide_viewport]
    try:
        for owner in hiding:
            owner.hide_viewport = False
        item.hide_set(False)
        layer.update()
        if not item.visible_get():
            raise HiddenShapeError(f"'{item.name}' cannot be shown: show it and its collection in the viewport first.")
        yield
    finally:
        item.hide_set(eye)
        for owner in hiding:
            owner.hide_viewport = True


def show_in(scene: bpy.types.Scene, item: bpy.types.Object, seen: bool = True) -> None:
    """Show an object in renders and in all view layers of a scene, or hide it there."""
    item.hide_render = not seen
    for layer in scene.view_layers:
        if item.name in layer.objects:
            item.hide_set(not seen, view_layer=layer)


def _path_to(entry: bpy.types.LayerCollection, item: bpy.types.Object) -> list[bpy.types.LayerCollection]:
    """The collections of a view layer that lead to the object, the outermost first."""
    if not entry.exclude and item.name in entry.collection.objects:
        return [entry]
    for child in entry.children:
        path = _path_to(child, item)
        if path:
            return [entry, *path]
    return []
