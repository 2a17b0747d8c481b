"""Fetches a morph from its folder, and removes it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bpy

from ..hidden_sources import hidden_in_vain, show_again
from ..job_queue import JobState, MorphJob, read_order
from ..job_start import start_job
from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.events import Done
from ..lipmlp_engine.job.hearsay import shown
from ..order_reading import welcome
from ..preferences import user_folder
from ..runtime import runtime
from ..scene.errors import SceneError
from ..scene.ownership import is_morph, story_of
from ..scene.remove import remove_morph
from ..strange_paths import may_be_followed


def welcomed(operator: bpy.types.Operator, order: dict[str, Any], folder: Path) -> bool:
    """Let a result that is fetched mean its own sources, and say so; whether its order can be read."""
    try:
        sentence = welcome(order, folder)
    except SceneError as error:
        operator.report({"ERROR"}, shown(error))
        return False
    if sentence:
        operator.report({"WARNING"}, shown(sentence))
    return True


def folder_of(morph: bpy.types.Object) -> Path:
    """The job's folder of a morph in the scene: where it lies beside the .blend, else where it was made."""
    story = story_of(morph)
    named = [bpy.path.abspath(story.job_folder), story.made_in]
    folders = [Path(name) for name in named if may_be_followed(name, bpy.data.filepath)]
    return next((folder for folder in folders if folder.is_dir()), [*folders, user_folder() / "nowhere"][0])


def why_not_changed(morph: bpy.types.Object) -> str:
    """Why nothing can be changed about the morph in this file, or nothing."""
    return "" if morph.library is None else "The morph is linked from another file; make it local first"


def needs_morph(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Whether the active object is a morph; says so where it is not."""
    if is_morph(context.active_object):
        return True
    operator.poll_message_set("The active object is no Lipschitz Morph")
    return False


class LIPMORPH_OT_fetch_result(bpy.types.Operator):
    """Add a finished morph from its folder, for example after Blender was closed too early"""

    bl_idname = "lipmorph.fetch_result"
    bl_label = "Add Result from Folder"
    bl_options = {"REGISTER"}

    directory: bpy.props.StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        results = ResultsFolder(Path(os.path.abspath(bpy.path.abspath(self.directory))))
        try:
            order = read_order(results.path)
        except (OSError, ValueError):
            self.report({"ERROR"}, shown(f"{results.path} is no folder of a Lipschitz Morph."))
            return {"CANCELLED"}
        frames = results.frames()
        finished = bool(frames) and results.report.is_file()
        if not finished and not results.model.is_file():
            self.report({"ERROR"}, shown(f"The morph in {results.path} was not finished; train it again."))
            return {"CANCELLED"}
        if any(job.folder == results.path and not job.over for job in runtime.queue.jobs):
            self.report({"ERROR"}, "The engine is at work on this morph")
            return {"CANCELLED"}
        if not welcomed(self, order, results.path):
            return {"CANCELLED"}
        order["scene"] = context.scene.name
        order.pop("replaces", None)
        job = MorphJob(order.pop("title", "Morph"), results.path, order)
        if not finished:
            return self._finish(job)
        job.state = JobState.FINISHED
        job.done = Done(
            model=str(results.model) if results.model.is_file() else "",
            report=str(results.report),
            frames=[str(path) for path in frames],
        )
        runtime.queue.add(job)
        runtime.bring_in(job)
        if bpy.app.background:
            runtime.finish_writing()
            if job.state is JobState.FAILED:
                self.report({"ERROR"}, shown(job.sentence))
                return {"CANCELLED"}
        return {"FINISHED"}

    def _finish(self, job: MorphJob) -> set[str]:
        """Take the frames that are missing out of the model, which is as far as the training had come."""
        self.report({"INFO"}, "The morph was not finished: it is taken out of what was learned.")
        job.extracts = ()
        try:
            start_job(job)
        except (EngineError, SceneError, OSError) as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class LIPMORPH_OT_remove_morph(bpy.types.Operator):
    """Take the morph and all that was made for it away, and show its sources again"""

    bl_idname = "lipmorph.remove_morph"
    bl_label = "Remove Morph"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return needs_morph(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            remove_morph(context.active_object)
        except SceneError as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class LIPMORPH_OT_show_hidden(bpy.types.Operator):
    """Show the shapes again that a morph had hidden which is there no more"""

    bl_idname = "lipmorph.show_hidden"
    bl_label = "Show Them Again"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        found = bool(hidden_in_vain(context.scene))
        if not found:
            cls.poll_message_set("No shape is hidden by a morph that is gone")
        return found

    def execute(self, context: bpy.types.Context) -> set[str]:
        show_again(context.scene)
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_fetch_result, LIPMORPH_OT_remove_morph, LIPMORPH_OT_show_hidden)
