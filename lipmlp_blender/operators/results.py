"""What can be done with a morph in the scene: take its frames out again, fetch it from its folder, remove it."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..blocking import run_to_the_end
from ..jobs import JobState, MorphJob, read_order
from ..lipmlp_engine.errors import EngineError
from ..lipmlp_engine.events import Done
from ..lipmlp_engine.job import Extraction, Job
from ..lipmlp_engine.results import ResultsFolder
from ..lipmlp_engine.settings import settings_of
from ..preferences import chosen_python
from ..properties import property_for
from ..runtime import runtime
from ..scene.errors import SceneError
from ..scene.ownership import is_morph, story_of
from ..scene.remove import remove_morph

RE_EXTRACTED = ("frames", "resolution", "faces")
_FRAMES, _RESOLUTION, _FACES = (
    property_for(field, setting) for field, setting in settings_of(Extraction) if field.name in RE_EXTRACTED
)


def folder_of(morph: bpy.types.Object) -> Path:
    """The job's folder of a morph in the scene."""
    return Path(bpy.path.abspath(story_of(morph).job_folder))


def needs_morph(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Whether the active object is a morph; says so where it is not."""
    if is_morph(context.active_object):
        return True
    operator.poll_message_set("The active object is no Lipschitz Morph")
    return False


class LIPMORPH_OT_re_extract(bpy.types.Operator):
    """Take other frames out of the trained morph; nothing is trained again"""

    bl_idname = "lipmorph.re_extract"
    bl_label = "Re-Extract"
    bl_options = {"REGISTER"}

    frames: _FRAMES
    resolution: _RESOLUTION
    faces: _FACES
    frame_start: bpy.props.IntProperty(name="Start", description="Frame at which the morph starts", default=1, min=0)
    frame_end: bpy.props.IntProperty(name="End", description="Frame at which the morph ends", default=48, min=1)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not needs_morph(cls, context):
            return False
        reason = chosen_python().sentence
        if not ResultsFolder(folder_of(context.active_object)).model.is_file():
            reason = f"The trained model is not in {folder_of(context.active_object)} any more"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        folder = folder_of(context.active_object)
        try:
            extraction = Job.read(ResultsFolder(folder).job).extraction
            spec = read_order(folder)["spec"]
        except (EngineError, OSError, ValueError, KeyError) as error:
            self.report({"ERROR"}, f"The morph's folder cannot be read: {error}")
            return {"CANCELLED"}
        for name in RE_EXTRACTED:
            setattr(self, name, getattr(extraction, name))
        self.frame_start, self.frame_end = spec["frame_start"], spec["frame_end"]
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in RE_EXTRACTED:
            layout.prop(self, name)
        column = layout.column(align=True)
        column.prop(self, "frame_start")
        column.prop(self, "frame_end")

    def execute(self, context: bpy.types.Context) -> set[str]:
        morph = context.active_object
        folder = folder_of(morph)
        try:
            order = read_order(folder)
            order["spec"].update(frame_start=self.frame_start, frame_end=self.frame_end, name=morph.name)
            order.update(scene=context.scene.name, replaces=morph.name, writer=story_of(morph).writer)
            wanted = [part for name in RE_EXTRACTED for part in (f"--{name}", str(getattr(self, name)))]
            again = MorphJob(order.pop("title", morph.name), folder, order, extracts=tuple(wanted))
            again.write()
            if bpy.app.background:
                run_to_the_end(again)
            else:
                runtime.enqueue(again)
        except (EngineError, SceneError, OSError, ValueError, KeyError) as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


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
        results = ResultsFolder(Path(bpy.path.abspath(self.directory)))
        try:
            order = read_order(results.path)
        except (OSError, ValueError):
            self.report({"ERROR"}, f"{results.path} is no folder of a Lipschitz Morph.")
            return {"CANCELLED"}
        frames = results.frames()
        if not frames or not results.report.is_file():
            self.report({"ERROR"}, f"The morph in {results.path} was not finished; train it again.")
            return {"CANCELLED"}
        order["scene"] = context.scene.name
        order.pop("replaces", None)
        job = MorphJob(order.pop("title", "Morph"), results.path, order, state=JobState.FINISHED)
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
                self.report({"ERROR"}, job.sentence)
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
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_re_extract, LIPMORPH_OT_fetch_result, LIPMORPH_OT_remove_morph)
