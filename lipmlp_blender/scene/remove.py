"""Takes a result away with all that was made for it, and shows the sources again that it had hidden."""

from __future__ import annotations

import bpy

from .errors import NotAMorphError
from .ownership import MARK, is_morph, remove_marked, story_of


def remove_morph(item: bpy.types.Object) -> None:
    """Remove the result; while a copy of it is left in the file, only the object itself goes."""
    if not is_morph(item):
        raise NotAMorphError(f"'{item.name}' is no morph: choose the object that Lipschitz Morph made.")
    if item.library is not None:
        raise NotAMorphError(
            f"'{item.name}' is linked from {item.library.filepath}: remove it there, or unlink it here."
        )
    mark, story = item[MARK], story_of(item)
    copies = [other for other in bpy.data.objects if other != item and is_morph(other) and other.get(MARK) == mark]
    if copies:
        bpy.data.objects.remove(item)
        return
    remove_marked(mark)
    for name in story.hidden:
        source = bpy.data.objects.get(name)
        if source is not None:
            source.hide_render = False
            if name in bpy.context.view_layer.objects:
                source.hide_set(False)
