"""Exports a result through Blender's own Alembic, USD and glTF exporters, over its own frame range."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy

from .errors import ExportError
from .player_nodes import one_mesh_name
from .velocity import player_of

FORMATS = {
    ".abc": "Alembic: changing meshes with velocity",
    ".usdc": "Universal Scene Description, binary",
    ".usda": "Universal Scene Description, text",
    ".usdz": "Universal Scene Description, packed",
    ".usd": "Universal Scene Description",
    ".glb": "glTF: shape keys only",
}


def export_morph(
    context: bpy.types.Context, item: bpy.types.Object, path: Path, frame_start: int, frame_end: int
) -> None:
    """Write the result alone to ``path``; the suffix chooses the format."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ExportError(f"'{suffix}' is no format to export to: choose one of {', '.join(FORMATS)}.")
    if not path.parent.is_dir():
        raise ExportError(f"The folder {path.parent} does not exist.")
    if suffix == ".glb" and getattr(item.data, "shape_keys", None) is None:
        raise ExportError("glTF has no changing meshes: export Alembic or USD, or write the result as shape keys.")
    with _alone(context, item, frame_start, frame_end), _for_exporters(item, frame_start, frame_end):
        try:
            if suffix == ".abc":
                bpy.ops.wm.alembic_export(
                    filepath=str(path), start=frame_start, end=frame_end, selected=True, as_background_job=False
                )
            elif suffix == ".glb":
                bpy.ops.export_scene.gltf(
                    filepath=str(path), export_format="GLB", use_selection=True, export_morph=True, export_apply=False
                )
            else:
                bpy.ops.wm.usd_export(
                    filepath=str(path), selected_objects_only=True, export_animation=True, export_materials=True
                )
        except RuntimeError as error:
            raise ExportError(f"Blender could not export {path.name}: {str(error).strip()}") from error
    if not path.is_file():
        raise ExportError(f"Blender wrote no {path.name}: see its console.")


@contextmanager
def _for_exporters(item: bpy.types.Object, frame_start: int, frame_end: int) -> Iterator[None]:
    """What exporters do not see by themselves: one mesh name for all frames, keys where drivers move shape keys."""
    player = player_of(item)
    keys = getattr(item.data, "shape_keys", None)
    if player is not None:
        with one_mesh_name(player.node_group):
            yield
    elif keys is not None and keys.use_relative and keys.animation_data and keys.animation_data.drivers:
        with _keyed_instead_of_driven(keys, frame_start, frame_end):
            yield
    else:
        yield


@contextmanager
def _keyed_instead_of_driven(keys: bpy.types.Key, frame_start: int, frame_end: int) -> Iterator[None]:
    """glTF knows keyed shape keys only: bake the drivers' values into an action, for the moment."""
    scene = bpy.context.scene
    action = keys.animation_data.action
    driven = [block for block in keys.key_blocks if block != keys.reference_key]
    for frame in range(frame_start, frame_end + 1):
        scene.frame_set(frame)
        values = [block.value for block in keys.evaluated_get(bpy.context.evaluated_depsgraph_get()).key_blocks]
        for block in driven:
            block.value = values[keys.key_blocks.find(block.name)]
            block.keyframe_insert("value", frame=frame)
    baked = keys.animation_data.action
    for curve in keys.animation_data.drivers:
        curve.mute = True
    try:
        yield
    finally:
        for curve in keys.animation_data.drivers:
            curve.mute = False
        keys.animation_data.action = action
        bpy.data.actions.remove(baked)


@contextmanager
def _alone(context: bpy.types.Context, item: bpy.types.Object, frame_start: int, frame_end: int) -> Iterator[None]:
    """Select the result only and set the scene's range to its own, for the moment."""
    scene, layer = context.scene, context.view_layer
    selected, active = list(layer.objects.selected), layer.objects.active
    before = scene.frame_start, scene.frame_end, scene.frame_current
    chosen = [item, *item.children_recursive]
    try:
        for other in selected:
            other.select_set(False)
        for other in chosen:
            other.select_set(True)
        layer.objects.active = item
        scene.frame_start, scene.frame_end = frame_start, frame_end
        yield
    finally:
        for other in chosen:
            other.select_set(False)
        for other in selected:
            other.select_set(True)
        layer.objects.active = active
        scene.frame_start, scene.frame_end = before[:2]
        scene.frame_set(before[2])
