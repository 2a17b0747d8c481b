"""Remembers which objects results have hidden, as whoever deletes a result by X takes away all that could show them."""

from __future__ import annotations

import bpy

from .scene.ownership import MARK, morphs, story_of
from .scene.remove import sources_called
from .scene.showing import show_in


def remember_hidden(scene: bpy.types.Scene, result: bpy.types.Object) -> None:
    """Keep the sources that a result has hidden in the scene; those that are seen again are forgotten."""
    kept = scene.lipmorph.hidden
    for index in reversed(range(len(kept))):
        if kept[index].object is None or not kept[index].object.hide_render:
            kept.remove(index)
    mark = result[MARK]
    known = {(entry.object, entry.name) for entry in kept if entry.mark == mark}
    for name in story_of(result).hidden:
        for source in sources_called(result, name):
            if (source, name) not in known:
                entry = kept.add()
                entry.object, entry.name, entry.mark = source, name, mark


def hidden_in_vain(scene: bpy.types.Scene) -> list[bpy.types.Object]:
    """Objects that are hidden still though no result is left that hid them."""
    entries = dict.fromkeys(entry.object for entry in scene.lipmorph.hidden)
    hidden = [item for item in entries if item is not None and item.hide_render and item.name in scene.objects]
    if not hidden:
        return []
    needed = {
        source for morph in morphs() for name in story_of(morph).sources for source in sources_called(morph, name)
    }
    return [item for item in hidden if item not in needed]


def show_again(scene: bpy.types.Scene) -> None:
    """Show what is hidden in vain, and forget it."""
    shown, kept = hidden_in_vain(scene), scene.lipmorph.hidden
    for index in reversed(range(len(kept))):
        if kept[index].object in shown:
            kept.remove(index)
    for item in shown:
        show_in(scene, item)
