"""Has the engine learn a space of poses, in the queue like any other job; moves to a learned pose, and keys one."""

from __future__ import annotations

import shutil

import bpy

from ..job_folder import settled_in
from ..job_queue import MorphJob
from ..job_start import start_job
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.setting_kinds import settings_of
from ..lipmlp_engine.pose_space.section import Learning
from ..preferences import chosen_python
from ..request import new_folder
from ..scene.errors import SceneError
from ..scene.pose_sources import POSES_NAME, found_poses, why_no_poses
from ..scene.pose_space import is_space, key_sliders, set_code, story_of

SETTINGS = {field.name: (field.default, setting) for field, setting in settings_of(Learning)}
MOST_SLIDERS = 3
"""For the pose: each more would multiply the shape keys."""


def _number(name: str, most: int) -> object:
    default, setting = SETTINGS[name]
    return bpy.props.IntProperty(
        name=setting.label,
        description=setting.description,
        default=default,
        min=int(setting.minimum or 0),
        max=min(most, int(setting.maximum or 0)),
    )


class LIPMORPH_OT_learn_pose_space(bpy.types.Operator):
    """Learn sliders that move the mesh through its shape keys, or through the selected meshes, and keep its lengths"""

    bl_idname = "lipmorph.learn_pose_space"
    bl_label = "Learn Pose Space"
    bl_options = {"REGISTER"}

    pose: _number("pose", MOST_SLIDERS)  # type: ignore[valid-type]
    shape: _number("shape", 1)  # type: ignore[valid-type]
    steps: _number("steps", 100_000)  # type: ignore[valid-type]
    seed: _number("seed", 1_000_000)  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = why_no_poses(context) or chosen_python().sentence
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        folder = new_folder(f"{item.name}_poses")
        try:
            found = found_poses(context)
            settled_in(folder).claim(folder / POSES_NAME)
            found.write(folder)
            options = [f"--{name}={getattr(self, name)}" for name in SETTINGS]
            order = {"scene": context.scene.name, "source": item.name}
            job = MorphJob(f"Poses of {item.name}", folder, order, poses=(POSES_NAME, *options))
            job.write()
            start_job(job)
        except (EngineError, SceneError, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class _OnSpace:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return is_space(context.active_object) and bool(story_of(context.active_object).sliders)


class LIPMORPH_OT_go_to_pose(_OnSpace, bpy.types.Operator):
    """Move the sliders to this pose"""

    bl_idname = "lipmorph.go_to_pose"
    bl_label = "Go to Pose"

    index: bpy.props.IntProperty(name="Pose", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        codes = story_of(item).codes
        if self.index >= len(codes):
            self.report({"ERROR"}, f"This space was learned from {len(codes)} poses.")
            return {"CANCELLED"}
        set_code(item, codes[self.index])
        return {"FINISHED"}


class LIPMORPH_OT_key_pose(_OnSpace, bpy.types.Operator):
    """Key all sliders at the current frame"""

    bl_idname = "lipmorph.key_pose"
    bl_label = "Key Pose"

    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        key_sliders(item, story_of(item).sliders)
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_learn_pose_space, LIPMORPH_OT_go_to_pose, LIPMORPH_OT_key_pose)
