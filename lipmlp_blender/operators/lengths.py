"""Gives a shape key in-between keys that keep the mesh's lengths; the engine finds them, in a process of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import bpy
import numpy as np

from ..preferences import chosen_python
from ..scene.length_keys import MARK, add_length_keys, pose_of, triangles_of
from .asking import Asking

POSITIONS = "positions.npz"


class LIPMORPH_OT_preserve_lengths(Asking, bpy.types.Operator):
    """Add corrective keys between the basis and the active shape key, so that limbs swing instead of shrinking"""

    bl_idname = "lipmorph.preserve_lengths"
    bl_label = "Preserve Lengths"
    bl_options = {"REGISTER", "UNDO"}
    stopped = "Stopped; no keys were added."
    gone = "The mesh has been deleted meanwhile; no keys were added."

    count: bpy.props.IntProperty(  # type: ignore[valid-type]
        name="Keys", description="Corrective keys between the basis and the shape key", default=7, min=1, max=31
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        item = context.active_object
        key = getattr(item, "active_shape_key", None) if item is not None and item.type == "MESH" else None
        reason = chosen_python().sentence
        if key is None or key == key.relative_key:
            reason = "Choose a shape key other than the basis"
        elif not item.data.shape_keys.use_relative:
            reason = "The shape keys must be relative"
        elif f" {MARK} " in key.name:
            reason = "This key is itself a corrective one"
        elif item.mode != "OBJECT":
            reason = "Leave Edit Mode first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        key = item.active_shape_key
        # An undo makes all objects anew, and anybody may rename them meanwhile.
        self._uid, self._key = item.session_uid, key.name
        self._shares = [(index + 1) / (self.count + 1) for index in range(self.count)]
        folder = tempfile.TemporaryDirectory(prefix="lipmorph-")
        poses, positions = (Path(folder.name) / name for name in ("poses.npz", POSITIONS))
        np.savez(
            poses,
            first=pose_of(key.relative_key),
            last=pose_of(key),
            triangles=triangles_of(item.data),
            shares=self._shares,
        )
        return self.ask(context, folder, "lengths", str(poses), str(positions))

    def answered(self, context: bpy.types.Context, folder: Path) -> set[str]:
        item = next((item for item in bpy.data.objects if item.session_uid == self._uid), None)
        if item is None or item.name not in context.scene.objects:
            self.report({"ERROR"}, self.gone)
            return {"CANCELLED"}
        if item.mode != "OBJECT":
            self.report({"ERROR"}, "The mesh is being edited; leave Edit Mode, and try again.")
            return {"CANCELLED"}
        keys = item.data.shape_keys
        if not (folder / POSITIONS).is_file() or keys is None or self._key not in keys.key_blocks:
            self.report({"ERROR"}, "The engine found no in-betweens, or the key is gone.")
            return {"CANCELLED"}
        with np.load(folder / POSITIONS) as stored:
            positions = stored["positions"]
        if positions.shape[1] != len(item.data.vertices):
            self.report({"ERROR"}, "The mesh has changed meanwhile; try again.")
            return {"CANCELLED"}
        add_length_keys(item, self._key, self._shares, positions)
        self.report({"INFO"}, f"{len(positions)} keys keep the lengths of '{self._key}'.")
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_preserve_lengths,)
