"""Takes a result away with all that was made for it, and shows the sources again that it had hidden."""

from __future__ import annotations

import dataclasses
import re

import bpy

from .. import compat
from .edited_looks import forget_look
from .errors import NotAMorphError
from .file_mark import is_of_this_file
from .ownership import (
    MARK,
    copied_name,
    forget,
    is_morph,
    marked,
    morphs,
    remove_collections,
    remove_unused,
    story_of,
    tell_story,
)
from .player_nodes import FRAMES_INPUT, player_of
from .showing import show_in

_FRAME = re.compile(r".* \d{4,}(\.\d{3,})?")
"""How the writers call a frame."""


def remove_morph(item: bpy.types.Object) -> None:
    """Remove the result; what a copy of it in the file needs stays, and what the artist copied out of it."""
    require_morph(item)
    mark, story = item[MARK], story_of(item)
    sources = [source for name in story.hidden for source in sources_called(item, name)]
    frames, collections = disposable_parts(item)
    _let_children_go(item, frames)
    bpy.data.batch_remove([item, *frames])
    remove_collections(collections)
    remove_remains(mark)
    for source in sources:
        _show_unless_needed(source)


def require_morph(item: bpy.types.Object) -> None:
    """Refuse what cannot be removed or replaced."""
    if not is_morph(item):
        raise NotAMorphError(f"'{item.name}' is no morph: choose the object that Lipschitz Morph made.")
    if item.library is not None:
        raise NotAMorphError(
            f"'{item.name}' is linked from {item.library.filepath}: remove it there, or unlink it here."
        )


def parts_of(item: bpy.types.Object) -> tuple[list[bpy.types.Object], list[bpy.types.Collection]]:
    """A result's frames and the collections in which they lie; without what the artist has copied out of it."""
    mark, player = item[MARK], player_of(item) if item.type == "MESH" else None
    if item.type == "MESH" and player is None:
        return [], []
    held = item.users_collection if player is None else [compat.get_input(player, FRAMES_INPUT)]
    collections = [entry for entry in held if entry is not None and entry.library is None and entry.get(MARK) == mark]
    inside = [frame for collection in collections for frame in collection.objects if frame.get(MARK) == mark]
    if player is not None:
        frames = [frame for frame in inside if all(entry.get(MARK) == mark for entry in frame.users_collection)]
        return frames, collections
    children = [child for child in item.children if child.library is None and child.get(MARK) == mark]
    frames = {frame.name: frame for frame in [*inside, *children] if not is_morph(frame)}
    return [
        frame for name, frame in frames.items() if _FRAME.fullmatch(name) and copied_name(name) not in frames
    ], collections


def disposable_parts(item: bpy.types.Object) -> tuple[list[bpy.types.Object], list[bpy.types.Collection]]:
    """Of a result's parts those that no copy of it plays as well."""
    mark = item[MARK]
    frames, collections = parts_of(item)
    for twin in morphs(mark):
        if twin != item:
            theirs = parts_of(twin)
            frames = [frame for frame in frames if frame not in theirs[0]]
            collections = [collection for collection in collections if collection not in theirs[1]]
    return frames, collections


def remove_remains(mark: str) -> None:
    """Remove what nothing uses after the parts have gone; what is left is the artist's, unless a copy is there."""
    remove_unused(mark)
    if morphs(mark):
        return
    for datablock in list(marked(mark)):
        if isinstance(datablock, bpy.types.Material):
            _let_go(datablock)
            forget_look(datablock)
        forget(datablock)


def sources_called(item: bpy.types.Object, name: str) -> list[bpy.types.Object]:
    """The source of a result that has, or had, the name, or what a full copy of its scene has in its place.

    Of a result that was appended from another file the sources are there, whatever has their names here.
    """
    if not is_of_this_file(story_of(item).file):
        return []
    scenes = [scene for scene in bpy.data.scenes if item.name in scene.objects]
    # What the result has hidden is remembered itself: it may be called otherwise since, and something else so.
    own = [
        entry.object
        for scene in scenes
        for entry in scene.lipmorph.hidden
        if (entry.mark, entry.name) == (item[MARK], name) and entry.object in scene.objects.values()
    ]
    own = own or [scene.objects[name] for scene in scenes if name in scene.objects]
    own = own or [copy for scene in scenes for copy in scene.objects if copied_name(copy.name) == name]
    named = bpy.data.objects.get(name)
    return list(dict.fromkeys(own)) or ([named] if named is not None else [])


def _let_children_go(item: bpy.types.Object, frames: list[bpy.types.Object]) -> None:
    """Leave what hangs on the result where it is, but for its own frames."""
    for child in item.children:
        if child.library is None and child not in frames:
            place = child.matrix_world.copy()
            child.parent = None
            child.matrix_world = place


def _show_unless_needed(source: bpy.types.Object) -> None:
    """Show a source, or leave that to the removal of another result of it."""
    for other in morphs():
        story = story_of(other)
        names = [name for name in story.sources if source in sources_called(other, name)] if story.hides else []
        if names:
            tell_story(other, dataclasses.replace(story, hidden=list(dict.fromkeys([*story.hidden, *names]))))
            return
    for scene in bpy.data.scenes:
        show_in(scene, source)


def _let_go(material: bpy.types.Material) -> None:
    """Take away the drivers by which the viewport's colour followed a result that has gone."""
    animation = material.animation_data
    for driver in list(animation.drivers) if animation is not None else []:
        targets = [target for variable in driver.driver.variables for target in variable.targets]
        if driver.data_path == "diffuse_color" and all(target.id is None for target in targets):
            animation.drivers.remove(driver)
