"""Marks every datablock that a result is made of, so that it can be found, described and taken away whole."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

import bpy

from ..lipmlp_engine.job.hearsay import HearsayError, built, parsed_group

MARK = "lipmlp_morph"
_STORY = "lipmlp_morph_story"
_KINDS = ("objects", "collections", "meshes", "node_groups", "materials", "actions")

Datablock = TypeVar("Datablock", bound=bpy.types.ID)


@dataclass
class ResultStory:
    """What a result remembers about its making; kept on its object and readable without the add-on."""

    writer: str
    sources: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    """Sources that the result hid and its removal shows again."""
    job_folder: str = ""
    model_path: str = ""
    """Relative to the .blend ("//…") where that is saved."""
    made_in: str = ""
    """The job folder in full, for a .blend that has been saved elsewhere since."""
    mesh_bytes: int = 0
    """What the result's meshes take in a .blend that is not compressed."""
    notes: list[str] = field(default_factory=list)
    """What it cannot show as the sources do, a sentence each."""


class Making:
    """One result under construction."""

    def __init__(self, mark: str = "") -> None:
        self.mark = mark or uuid.uuid4().hex

    def own(self, datablock: Datablock) -> Datablock:
        """Mark a new datablock as part of the result."""
        datablock[MARK] = self.mark
        return datablock

    def undo(self) -> None:
        """Take away all that was made so far."""
        remove_marked(self.mark)


def is_morph(item: bpy.types.Object | None) -> bool:
    """Whether the object is the one that stands for a result."""
    return item is not None and all(isinstance(item.get(name), str) for name in (_STORY, MARK))


def story_of(item: bpy.types.Object) -> ResultStory:
    """What the result remembers, and nothing where that cannot be; entries written by other versions are left out."""
    try:
        return built(ResultStory, parsed_group(item[_STORY]))
    except HearsayError:
        return ResultStory(writer="")


def tell_story(item: bpy.types.Object, story: ResultStory) -> None:
    """Write the story onto the result's object."""
    item[_STORY] = json.dumps(asdict(story))


def portable_path(path: Path | None) -> str:
    """The path relative to the .blend where there is one and both lie on one drive."""
    if path is None:
        return ""
    try:
        return bpy.path.relpath(str(path)) if bpy.data.filepath else str(path)
    except ValueError:
        return str(path)


def marked(mark: str) -> Iterator[bpy.types.ID]:
    """Every local datablock of the result."""
    for kind in _KINDS:
        for datablock in getattr(bpy.data, kind):
            if datablock.library is None and datablock.get(MARK) == mark:
                yield datablock


def remove_marked(mark: str) -> None:
    """Remove the result's objects, and of the rest whatever nothing else uses any more."""
    objects = [item for item in bpy.data.objects if item.library is None and item.get(MARK) == mark]
    bpy.data.batch_remove(objects)
    for collection in [entry for entry in bpy.data.collections if entry.library is None and entry.get(MARK) == mark]:
        _rehouse(collection)
    while True:
        unused = [
            datablock
            for datablock in marked(mark)
            if datablock.users == 0 or isinstance(datablock, bpy.types.Collection)
        ]
        if not unused:
            return
        bpy.data.batch_remove(unused)


def _rehouse(collection: bpy.types.Collection) -> None:
    """Move what the user put into a collection of ours to where that collection hangs."""
    parents = [scene.collection for scene in bpy.data.scenes] + list(bpy.data.collections)
    for parent in parents:
        if collection.name in parent.children:
            for item in collection.objects:
                if item.name not in parent.objects:
                    parent.objects.link(item)
            for child in collection.children:
                if child.name not in parent.children:
                    parent.children.link(child)
