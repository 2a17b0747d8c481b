"""Builds a result in the scene with the chosen writer: all data first, links last, and nothing left after a failure."""

from __future__ import annotations

from collections.abc import Generator

import bpy

from . import sequence, shape_keys, visibility
from .curve_keys import CurveKeys
from .edited_looks import remember_looks
from .errors import SceneError
from .file_mark import file_mark
from .footprint import mesh_bytes
from .kept_materials import keep_materials
from .look_check import look_notes
from .ownership import Making, ResultStory, marked, portable_path, tell_story
from .packed_model import pack_model
from .showing import show_in
from .source_notes import source_notes
from .spec import EASINGS, WRITERS, ResultSpec

__all__ = ["EASINGS", "WRITERS", "ResultSpec", "write_result", "write_result_in_slices"]

_WRITE = {"SEQUENCE": sequence.write, "VISIBILITY": visibility.write, "SHAPE_KEYS": shape_keys.write}


def write_result(context: bpy.types.Context, spec: ResultSpec, writer: str = "SEQUENCE") -> bpy.types.Object:
    """Build the result in one go and return its object."""
    slices = write_result_in_slices(context, spec, writer)
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            return finished.value


def write_result_in_slices(
    context: bpy.types.Context, spec: ResultSpec, writer: str = "SEQUENCE", keys: CurveKeys | None = None
) -> Generator[float, None, bpy.types.Object]:
    """As ``write_result``, yielding the finished share (0 to 1) a few times a frame; returns the object.

    It is played by ``keys`` where they are given, as of a property from 0 to 1, and not by those of the spec.

    Closing the generator early, or any failure, removes what was made. An undo between two slices invalidates what was
    made so far and ends the writing with a SceneError; the caller may simply start again.
    """
    making = Making()
    making.keys = keys
    try:
        item = yield from _WRITE[writer](context, spec, making)
        remember_looks(making.mark)
        _link(context.scene, item)
        hidden = _hide_sources(context, spec) if spec.hide_sources else []
        taken = sum(mesh_bytes(datablock) for datablock in marked(making.mark) if isinstance(datablock, bpy.types.Mesh))
        folder, model = portable_path(spec.job_folder), portable_path(spec.model_path)
        made_in = str(spec.job_folder or "")
        sources = [bpy.data.objects[name] for name in spec.sources if name in bpy.data.objects]
        notes = spec.notes + making.notes + _notes_of_other_scenes(context.scene, hidden)
        notes += look_notes(spec.slots) + source_notes(sources)
        place = [list(row) for row in item.matrix_basis]
        told = ResultStory(
            writer, spec.sources, hidden, spec.hide_sources, place, folder, model, made_in, taken, notes,
            file_mark(),
        )  # fmt: skip
        tell_story(item, told)
        keep_materials(item, spec.slots)
        if spec.pack_model and spec.job_folder is not None:
            pack_model(item, spec.job_folder)
        _select_only(context, item)
    except ReferenceError as error:
        making.undo()
        raise SceneError("The scene changed under the result, by undo or loading; write it again.") from error
    except BaseException:
        making.undo()
        raise
    return item


def mode_of(context: bpy.types.Context) -> str:
    """In which mode the active object is, such as OBJECT, EDIT or POSE."""
    active = context.view_layer.objects.active
    return "OBJECT" if active is None else str(active.mode)


def _link(scene: bpy.types.Scene, item: bpy.types.Object) -> None:
    """Link the object, or the collection that its writer put it into."""
    if item.users_collection:
        for collection in item.users_collection:
            scene.collection.children.link(collection)
    else:
        scene.collection.objects.link(item)


def _hide_sources(context: bpy.types.Context, spec: ResultSpec) -> list[str]:
    """Hide the sources by the eye, in all view layers, and from renders; returns those that were not hidden before."""
    hidden = []
    for name in spec.sources:
        source = context.view_layer.objects.get(name)
        if source is not None and not (source.hide_render and source.hide_get()):
            show_in(context.scene, source, seen=False)
            hidden.append(name)
    return hidden


def _notes_of_other_scenes(scene: bpy.types.Scene, hidden: list[str]) -> list[str]:
    """Where else a hidden source is missing now: what is hidden from renders is hidden so in all scenes."""
    notes = []
    for name in hidden:
        others = [entry.name for entry in bpy.data.scenes if entry != scene and name in entry.objects]
        if others:
            notes.append(
                f"'{name}' is not rendered in the scene '{others[0]}' either: Blender hides an object from the renders "
                "of all its scenes. Put a linked duplicate into that scene instead, or show it and hide the morph."
            )
    return notes


def _select_only(context: bpy.types.Context, item: bpy.types.Object) -> None:
    """Make the result the active object; whoever works within another one is left there."""
    if mode_of(context) != "OBJECT":
        return
    context.view_layer.update()  # without it, objects that were just removed are still among the selected, as None
    for other in list(context.view_layer.objects.selected):
        other.select_set(False)
    if item.name in context.view_layer.objects:
        item.select_set(True)
        context.view_layer.objects.active = item
