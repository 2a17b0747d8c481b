"""Exports a result through Blender's own Alembic, USD, glTF and FBX exporters, over its own frame range."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np

from .. import compat
from .errors import ExportError
from .player_nodes import one_mesh_name, player_of

FORMATS = {
    ".abc": "Alembic: changing meshes with velocity",
    ".usdc": "Universal Scene Description, binary",
    ".usda": "Universal Scene Description, text",
    ".usdz": "Universal Scene Description, packed",
    ".usd": "Universal Scene Description",
    ".glb": "glTF: shape keys only",
    ".fbx": "FBX: shape keys only",
}
KEYS_ONLY = {".glb": "glTF", ".fbx": "FBX"}
"""Formats that know no changing meshes."""


def export_morph(
    context: bpy.types.Context, item: bpy.types.Object, path: Path, frame_start: int, frame_end: int
) -> None:
    """Write the result alone to ``path``; the suffix chooses the format."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise ExportError(f"'{suffix}' is no format to export to: choose one of {', '.join(FORMATS)}.")
    if not path.parent.is_dir():
        raise ExportError(f"The folder {path.parent} does not exist.")
    if suffix in KEYS_ONLY and getattr(item.data, "shape_keys", None) is None:
        raise ExportError(
            f"{KEYS_ONLY[suffix]} has no changing meshes: export Alembic or USD, or convert the result to shape keys."
        )
    with _alone(context, item, frame_start, frame_end), _for_exporters(item, suffix, frame_start, frame_end):
        try:
            if suffix == ".abc":
                bpy.ops.wm.alembic_export(
                    filepath=str(path), start=frame_start, end=frame_end, selected=True, as_background_job=False
                )
            elif suffix == ".glb":
                bpy.ops.export_scene.gltf(
                    filepath=str(path), export_format="GLB", use_selection=True, export_morph=True, export_apply=False
                )
            elif suffix == ".fbx":
                bpy.ops.export_scene.fbx(
                    filepath=str(path),
                    use_selection=True,
                    use_mesh_modifiers=False,
                    bake_anim_use_nla_strips=False,
                    bake_anim_use_all_actions=False,
                    bake_anim_simplify_factor=0.0,
                )
            else:
                bpy.ops.wm.usd_export(
                    filepath=str(path), selected_objects_only=True, export_animation=True, export_materials=True
                )
        except AttributeError as error:
            raise ExportError(f"Blender's exporter for {path.suffix} is switched off: enable it in Add-ons.") from error
        except RuntimeError as error:
            raise ExportError(f"Blender could not export {path.name}: {str(error).strip()}") from error
    if not path.is_file():
        raise ExportError(f"Blender wrote no {path.name}: see its console.")


@contextmanager
def _for_exporters(item: bpy.types.Object, suffix: str, frame_start: int, frame_end: int) -> Iterator[None]:
    """What exporters do not see by themselves: one mesh name for all frames, keyed values of relative shape keys."""
    player = player_of(item)
    if player is not None:
        with one_mesh_name(player.node_group):
            yield
    elif suffix in KEYS_ONLY:
        with _keyed_values(item, frame_start, frame_end):
            yield
    else:
        yield


@contextmanager
def _keyed_values(item: bpy.types.Object, frame_start: int, frame_end: int) -> Iterator[None]:
    """These formats know relative shape keys with keyed values only: bake such, for the moment."""
    scene, keys = bpy.context.scene, item.data.shape_keys
    animation = keys.animation_data_create()
    action, absolute = animation.action, not keys.use_relative
    slot = getattr(animation, "action_slot", None)
    driven = [block for block in keys.key_blocks if block != keys.reference_key]
    values = []
    for frame in range(frame_start, frame_end + 1):
        scene.frame_set(frame)
        seen = keys.evaluated_get(bpy.context.evaluated_depsgraph_get())
        values.append(_shares(seen) if absolute else [block.value for block in seen.key_blocks])
    before = [block.value for block in keys.key_blocks]
    muted = [curve for curve in animation.drivers if not curve.mute]
    # An action of its own: left to itself Blender keys into that of the object, which must not go away afterwards.
    baked = bpy.data.actions.new(f"{item.name} Baked")
    animation.action = baked
    try:
        for curve in muted:
            curve.mute = True
        keys.use_relative = True
        for frame, shares in zip(range(frame_start, frame_end + 1), values, strict=True):
            for block in driven:
                block.value = shares[keys.key_blocks.find(block.name)]
                block.keyframe_insert("value", frame=frame)
        for block in driven:
            for point in compat.find_fcurve(keys, block.path_from_id("value")).keyframe_points:
                point.interpolation = "LINEAR"
        yield
    finally:
        animation.action = action
        if slot is not None:
            animation.action_slot = slot
        bpy.data.actions.remove(baked)
        keys.use_relative = not absolute
        for block, value in zip(keys.key_blocks, before, strict=True):
            block.value = value
        for curve in muted:
            curve.mute = False


def _shares(keys: bpy.types.Key) -> list[float]:
    """How much each absolute key has in what the evaluation time shows: two neighbours share it."""
    places = [block.frame for block in keys.key_blocks]
    return [float(np.interp(keys.eval_time, places, row)) for row in np.eye(len(places))]


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
