"""Shows a match as colours: a coloured copy stands in each object's place until it is taken away; knows no engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import bpy
import numpy as np
from bpy.app.handlers import persistent

from ..lipmlp_engine.files.array_file import ArrayFile
from ..lipmlp_engine.job.hearsay import HearsayError, parsed, shown, texts
from .errors import BrokenFrameError
from .frame_mesh import add_point_attribute, build_mesh

MARK = "lipmlp_match"
COLLECTION = "Lipschitz Match"
COLOR = "Match"
BOXED = "BOUNDS"
"""How the objects themselves are drawn meanwhile: still there to be selected, and not in the way."""
MOST_SENTENCES = 8
LONGEST_SENTENCE = 300


def match_shown(context: bpy.types.Context) -> bpy.types.Collection | None:
    """The collection of the coloured copies in this scene."""
    return _shown_in(context.scene)


def _shown_in(scene: bpy.types.Scene) -> bpy.types.Collection | None:
    return next((part for part in scene.collection.children if MARK in part), None)


def sentences_of(preview: bpy.types.Collection) -> list[str]:
    """What is said of the match, for the panel."""
    try:
        said = texts(parsed(str(preview[MARK])).get("sentences"), MOST_SENTENCES)
    except (HearsayError, AttributeError):
        return []
    return [shown(sentence, LONGEST_SENTENCE) for sentence in said]


def show_match(
    context: bpy.types.Context, folder: Path, objects: Sequence[bpy.types.Object], sentences: Sequence[str]
) -> None:
    """Put coloured copies in the objects' places, which are drawn as boxes meanwhile; renders do not change."""
    meshes = [_mesh_of(folder / f"{index}.npz", item.name) for index, item in enumerate(objects)]
    hide_match(context)
    preview = bpy.data.collections.new(COLLECTION)
    preview.hide_render = True
    context.scene.collection.children.link(preview)
    boxed = {}
    for (mesh, origin), item in zip(meshes, objects, strict=True):
        copy = bpy.data.objects.new(mesh.name, mesh)
        copy.location = origin
        copy.hide_select = True
        preview.objects.link(copy)
        if item.display_type != BOXED:
            boxed[item.name] = item.display_type
            item.display_type = BOXED
    solid = [space.shading for space in _viewports(context.screen)]
    before = [shading.color_type for shading in solid]
    for shading in solid:
        shading.color_type = "VERTEX"
    preview[MARK] = json.dumps({"sentences": list(sentences), "boxed": boxed, "colors": before})


def hide_match(context: bpy.types.Context) -> None:
    """Take the copies away, and draw the objects again as they were drawn before."""
    _hide(context.scene, _viewports(context.screen))


def _hide(scene: bpy.types.Scene, viewports: list[bpy.types.SpaceView3D]) -> None:
    preview = _shown_in(scene)
    if preview is None:
        return
    try:
        story = parsed(str(preview[MARK]))
        boxed, before = dict(story.get("boxed", {})), texts(story.get("colors"))
    except (HearsayError, AttributeError, TypeError, ValueError):
        boxed, before = {}, []
    for name, display in boxed.items():
        item = scene.objects.get(str(name))
        if item is not None and item.display_type == BOXED and display in _choices(item, "display_type"):
            item.display_type = display
    for space, color in zip(viewports, before, strict=False):
        if space.shading.color_type == "VERTEX" and color in _choices(space.shading, "color_type"):
            space.shading.color_type = color
    for copy in list(preview.objects):
        mesh = copy.data
        bpy.data.objects.remove(copy)
        if mesh.users == 0:
            bpy.data.meshes.remove(mesh)
    bpy.data.collections.remove(preview)


def _choices(owner: bpy.types.bpy_struct, name: str) -> set[str]:
    return {entry.identifier for entry in owner.bl_rna.properties[name].enum_items}


def register() -> None:
    """Keep the colours out of saved files, where nobody without the add-on could take them away."""
    bpy.app.handlers.save_pre.append(_take_away)


def unregister() -> None:
    bpy.app.handlers.save_pre.remove(_take_away)
    _take_away()


@persistent
def _take_away(*_: object) -> None:
    for scene in bpy.data.scenes:
        window = next((window for window in bpy.context.window_manager.windows if window.scene == scene), None)
        _hide(scene, _viewports(window.screen if window is not None else None))


def _viewports(screen: bpy.types.Screen | None) -> list[bpy.types.SpaceView3D]:
    return [area.spaces.active for area in screen.areas if area.type == "VIEW_3D"] if screen is not None else []


def _mesh_of(path: Path, name: str) -> tuple[bpy.types.Mesh, list[float]]:
    """The coloured copy's mesh about its own middle, and where that is."""
    try:
        stored = ArrayFile(path)
        vertices = stored.real("vertices", None, 3)
        triangles = stored.whole("triangles", None, 3, most=max(len(vertices) - 1, 0))
        colors = stored.real("colors", len(vertices), 4)
    except (OSError, ValueError) as error:
        raise BrokenFrameError(f"{path} holds no coloured shape; show the match again.") from error
    origin = (vertices.max(axis=0) + vertices.min(axis=0)) / 2 if len(vertices) else np.zeros(3, np.float32)
    mesh = build_mesh(f"{name} Match", vertices - origin, triangles)
    add_point_attribute(mesh, COLOR, colors)
    mesh.attributes.active_color_name = mesh.attributes.default_color_name = COLOR
    return mesh, origin.tolist()
