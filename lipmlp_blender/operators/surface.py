"""Has the engine find the surface through an object's points, in the queue like any other job."""

from __future__ import annotations

import shutil

import bpy

from ..job_queue import MorphJob
from ..job_start import start_job
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.sections import FEWEST_POINTS, SECTIONS
from ..lipmlp_engine.job.setting_kinds import settings_of
from ..preferences import chosen_python
from ..properties import SECTION_GROUPS
from ..request import new_folder
from ..scene.errors import SceneError
from ..scene.gather import gather
from ..scene.gather_points import POINT_TYPES, count_loose


class LIPMORPH_OT_surface_from_points(bpy.types.Operator):
    """Find the closed surface that the active object's points lie on, and add it as a mesh"""

    bl_idname = "lipmorph.surface_from_points"
    bl_label = "Surface from Points"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        item = context.active_object
        reason = chosen_python().sentence
        if item is None or item.type not in POINT_TYPES:
            reason = "Choose a point cloud, or a mesh of nothing but vertices"
        elif _has_nothing_but_faces(item):
            reason = f"'{item.name}' has faces already"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        item = context.active_object
        folder = new_folder(f"{item.name}_surface")
        try:
            cloud = gather(context, [item], folder)[0]
            order = {"scene": context.scene.name, "source": item.name}
            job = MorphJob(f"Surface of {item.name}", folder, order, surfaces=(cloud.path, *_options(context)))
            job.write()
            start_job(job)
        except (EngineError, SceneError, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def _has_nothing_but_faces(item: bpy.types.Object) -> bool:
    """Whether there are no loose vertices either; what modifiers make is not known before they are asked."""
    faces = item.type == "MESH" and len(item.data.polygons) and not item.modifiers
    return bool(faces) and count_loose(item) < FEWEST_POINTS


def _options(context: bpy.types.Context) -> list[str]:
    """The panel's settings of how points become a surface, as the engine's command takes them."""
    settings = context.scene.lipmorph
    names = [(section, field.name) for section in ("points",) for field, _ in settings_of(SECTIONS[section])]
    names += [("sampling", "shell"), ("training", "seed"), ("training", "device"), ("training", "threads")]
    shown = [(section, name) for section, name in names if name in SECTION_GROUPS[section].__annotations__]
    return [f"--set={section}.{name}={getattr(getattr(settings, section), name)}" for section, name in shown]


CLASSES = (LIPMORPH_OT_surface_from_points,)
