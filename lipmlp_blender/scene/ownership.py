"""Marks every datablock that a result is made of, so that it can be found, described and taken away whole."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

import bpy

from ..lipmlp_engine.job.hearsay import HearsayError, built, parsed_group
from .curve_keys import CurveKeys
from .player_nodes import player_of

MARK = "lipmlp_morph"
KEPT = "lipmlp_morph_materials"
"""By what a result's object holds the materials of its sources."""
_STORY = "lipmlp_morph_story"
_KINDS = ("objects", "collections", "meshes", "node_groups", "materials", "actions")

_COPY = re.compile(r"(.+)\.\d{3,}")
"""How Blender calls a copy, and what has the name of something else."""

Datablock = TypeVar("Datablock", bound=bpy.types.ID)


@dataclass
class ResultStory:
    """What a result remembers about its making; kept on its object and readable without the add-on."""

    writer: str
    sources: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    """Sources that the result hid and its removal shows again."""
    hides: bool = True
    """Whether its sources are to stay hidden as long as it is there."""
    matrix: list[list[float]] = field(default_factory=list)
    """The space in the world that its geometry was made in; nothing in results of older versions."""
    job_folder: str = ""
    model_path: str = ""
    """Relative to the .blend ("//…") where that is saved."""
    made_in: str = ""
    """The job folder in full, for a .blend that has been saved elsewhere since."""
    mesh_bytes: int = 0
    """What the result's meshes take in a .blend that is not compressed."""
    notes: list[str] = field(default_factory=list)
    """What it cannot show as the sources do, a sentence each."""
    file: str = ""
    """The mark of the file that its sources are in; nothing in results of older versions."""


class Making:
    """One result under construction."""

    def __init__(self, mark: str = "") -> None:
        self.mark = mark or uuid.uuid4().hex
        self.keys: CurveKeys | None = None
        """The keys that Morph gets, 0 to 1, where not those of the spec: of the result that is replaced."""
        self.notes: list[str] = []
        """What the writer has to say of the result, a sentence each."""

    def own(self, datablock: Datablock) -> Datablock:
        """Mark a new datablock as part of the result."""
        datablock[MARK] = self.mark
        return datablock

    def undo(self) -> None:
        """Take away all that was made so far."""
        remove_marked(self.mark)


def is_morph(item: bpy.types.Object | None) -> bool:
    """Whether the object is the one that stands for a result; a copy that was made a plain mesh is none any more."""
    if item is None or not all(isinstance(item.get(name), str) for name in (_STORY, MARK)):
        return False
    if item.type == "MESH":
        return item.data.shape_keys is not None or player_of(item) is not None
    return item.type == "EMPTY"


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


def morphs(mark: str = "") -> list[bpy.types.Object]:
    """The local objects that stand for results, or for those of one mark: an object and its copies."""
    found = [item for item in bpy.data.objects if item.library is None and MARK in item and is_morph(item)]
    return [item for item in found if not mark or item[MARK] == mark]


def remove_marked(mark: str) -> None:
    """Remove all that was made under the mark, but for what something else uses."""
    bpy.data.batch_remove([item for item in bpy.data.objects if item.library is None and item.get(MARK) == mark])
    remove_collections([entry for entry in bpy.data.collections if entry.library is None and entry.get(MARK) == mark])
    remove_unused(mark)


def remove_collections(collections: list[bpy.types.Collection]) -> None:
    """Remove collections of ours; what the user put into them goes to where they hang."""
    for collection in collections:
        _rehouse(collection)
    bpy.data.batch_remove(collections)


def remove_unused(mark: str) -> None:
    """Remove whatever of the result nothing uses any more."""
    while unused := [datablock for datablock in marked(mark) if datablock.users == 0]:
        bpy.data.batch_remove(unused)


def copied_name(name: str) -> str | None:
    """The name of what a copy that is called so was made of, or nothing where it is no copy's."""
    found = _COPY.fullmatch(name)
    return found[1] if found is not None else None


def forget(datablock: bpy.types.ID) -> None:
    """Let something that was part of a result be the user's alone."""
    for name in (MARK, KEPT, _STORY):
        if name in datablock:
            del datablock[name]


def parents_of(collection: bpy.types.Collection) -> list[bpy.types.Collection]:
    """Where a collection hangs: scenes' own collections and others."""
    parents = [scene.collection for scene in bpy.data.scenes] + list(bpy.data.collections)
    return [parent for parent in parents if collection.name in parent.children]


def _rehouse(collection: bpy.types.Collection) -> None:
    """Move what the user put into a collection of ours to where that collection hangs."""
    for parent in parents_of(collection):
        for item in collection.objects:
            if item.name not in parent.objects:
                parent.objects.link(item)
        for child in collection.children:
            if child.name not in parent.children:
                parent.children.link(child)
