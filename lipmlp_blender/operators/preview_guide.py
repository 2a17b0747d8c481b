"""Shows the morph by its guide alone: shapes go to the engine as for a training, and nothing stays but what is seen."""

from __future__ import annotations

import time
from pathlib import Path

import bpy

from ..job_folder import clear_away
from ..job_queue import MorphJob
from ..preferences import user_folder
from ..request import RequestError, job_from, let_vertices_match, new_folder, why_not
from ..runtime import runtime
from .train import GathersShapes

LEFT_SECONDS = 3600.0
"""A preview's folder that is older was left by a Blender that was killed."""


class LIPMORPH_OT_preview_guide(GathersShapes, bpy.types.Operator):
    """Play the morph along its guide alone, coarse, without training; it follows the steering and the landmarks"""

    bl_idname = "lipmorph.preview_guide"
    bl_label = "Preview Guide"
    bl_options = {"REGISTER"}

    again: bpy.props.BoolProperty(
        name="Again",
        description="Take the shapes that are shown already",
        default=False,
        options={"HIDDEN", "SKIP_SAVE"},
    )

    @classmethod
    def why_not(cls, context: bpy.types.Context) -> str:
        if bpy.app.background:
            return "A preview needs a window"
        if runtime.queue.busy:
            current = runtime.queue.current
            return (
                "The guide is being found" if current is not None and current.sketches else "A morph is being trained"
            )
        if context.scene.lipmorph.guide.kind == "none":
            return "There is no guide: choose one under Advanced"
        return "" if runtime.showing.shows_guide else why_not(context)

    def _objects(self, context: bpy.types.Context) -> list[bpy.types.Object]:
        if not self.again:
            reason = why_not(context)
            if reason:
                raise RequestError(f"{reason}.")
            return super()._objects(context)
        names = runtime.showing.job.order["spec"]["sources"] if runtime.showing.shows_guide else []
        objects = [context.scene.objects.get(name) for name in names]
        if len(objects) < 2 or None in objects:
            raise RequestError("The shapes of the preview are not in this scene any more.")
        return objects

    def _folder_for(self, title: str) -> Path:
        place = user_folder() / "previews"
        for left in place.glob("*") if place.is_dir() else ():
            if time.time() - left.stat().st_mtime > LEFT_SECONDS:
                clear_away(left)
        return place / new_folder(title).name

    def _finished_job(self, context: bpy.types.Context) -> MorphJob:
        play = context.scene.lipmorph.result.play_preview
        job = MorphJob(self._title, self._folder, {**self._order, "preview": True, "play": play}, sketches=True)
        let_vertices_match(self._order, self._folder, self._shapes)
        wanted = job_from(context.scene.lipmorph, self._shapes, self._landmarks, self._order)
        wanted.output.pictures = False
        job.write(wanted)
        runtime.showing.ask(context.scene)
        return job


class LIPMORPH_OT_hide_guide(bpy.types.Operator):
    """Take the guide's preview away"""

    bl_idname = "lipmorph.hide_guide"
    bl_label = "Hide Preview"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        runtime.showing.close()
        runtime.wake()
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_preview_guide, LIPMORPH_OT_hide_guide)
