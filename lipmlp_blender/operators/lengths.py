"""Gives a shape key in-between keys that keep the mesh's lengths; the engine finds them, in a process of its own."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import bpy
import numpy as np

from ..engine_process import engine_environment
from ..lipmlp_engine.launch import engine_command
from ..preferences import chosen_python, engine_home
from ..process_group import ProcessGroup
from ..scene.length_keys import MARK, add_length_keys, pose_of, triangles_of

LOOK_SECONDS = 0.1
LONGEST_SECONDS = 600.0


class LIPMORPH_OT_preserve_lengths(bpy.types.Operator):
    """Add corrective keys between the basis and the active shape key, so that limbs swing instead of shrinking"""

    bl_idname = "lipmorph.preserve_lengths"
    bl_label = "Preserve Lengths"
    bl_options = {"REGISTER", "UNDO"}

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
        self._item, self._key = context.active_object, context.active_object.active_shape_key.name
        key = context.active_object.active_shape_key
        self._shares = [(index + 1) / (self.count + 1) for index in range(self.count)]
        self._folder = tempfile.TemporaryDirectory(prefix="lipmorph-")
        folder = Path(self._folder.name)
        np.savez(
            folder / "poses.npz",
            first=pose_of(key.relative_key),
            last=pose_of(key),
            triangles=triangles_of(self._item.data),
            shares=self._shares,
        )
        arguments = "lengths", str(folder / "poses.npz"), str(folder / "positions.npz")
        command = engine_command(chosen_python().path, engine_home().engine_folder, *arguments)
        try:
            self._process = ProcessGroup(
                command, log=folder / "engine.log", environment=engine_environment(), merge_errors=True
            )
        except OSError as error:
            self._folder.cleanup()
            self.report({"ERROR"}, f"The engine cannot be started: {error.strerror}.")
            return {"CANCELLED"}
        self._began = time.monotonic()
        if bpy.app.background:
            while self._process.running and time.monotonic() - self._began < LONGEST_SECONDS:
                time.sleep(LOOK_SECONDS)
            return self._conclude()
        self._timer = context.window_manager.event_timer_add(LOOK_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "ESC" or time.monotonic() - self._began > LONGEST_SECONDS:
            self._process.kill()
            context.window_manager.event_timer_remove(self._timer)
            self._folder.cleanup()
            self.report({"INFO"}, "Stopped; no keys were added.")
            return {"CANCELLED"}
        if event.type != "TIMER" or self._process.running:
            return {"PASS_THROUGH"}
        context.window_manager.event_timer_remove(self._timer)
        return self._conclude()

    def _conclude(self) -> set[str]:
        found = Path(self._folder.name) / "positions.npz"
        try:
            keys = self._item.data.shape_keys
            if self._process.exit_code or not found.is_file() or keys is None or self._key not in keys.key_blocks:
                self._process.kill()
                said = [line for line in self._process.lines() if line.strip()]
                self.report({"ERROR"}, said[-1] if said else "The engine found no in-betweens, or the key is gone.")
                return {"CANCELLED"}
            with np.load(found) as stored:
                positions = stored["positions"]
            if positions.shape[1] != len(self._item.data.vertices):
                self.report({"ERROR"}, "The mesh has changed meanwhile; try again.")
                return {"CANCELLED"}
            add_length_keys(self._item, self._key, self._shares, positions)
            self.report({"INFO"}, f"{len(positions)} keys keep the lengths of '{self._key}'.")
            return {"FINISHED"}
        finally:
            self._folder.cleanup()


CLASSES = (LIPMORPH_OT_preserve_lengths,)
