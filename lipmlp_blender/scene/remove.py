"""Takes a result away with all that was made for it, and shows the sources again that it had hidden."""

from __future__ import annotations

import dataclasses

import bpy

from .errors import NotAMorphError
from .ownership import MARK, is_morph, remove_marked, story_of, tell_story


def replace_morph(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Let a result take another one's name and place; the sources that the old one hid stay hidden, for the new one."""
    name, hidden = old.name, story_of(old).hidden
    remove_morph(old)
    new.name = name
    for source in hidden:
        _set_shown(source, False)
    story = story_of(new)
    tell_story(new, dataclasses.replace(story, hidden=list(dict.fromkeys([*hidden, *story.hidden]))))


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
        _set_shown(name, True)


def _set_shown(name: str, shown: bool) -> None:
    source = bpy.data.objects.get(name)
    if source is not None:
        source.hide_render = not shown
        if name in bpy.context.view_layer.objects:
            source.hide_set(not shown)
