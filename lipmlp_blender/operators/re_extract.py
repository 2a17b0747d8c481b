"""Takes other frames out of a trained morph, whose model lies beside the .blend or inside it."""

from __future__ import annotations

import math

import bpy

from ..job_queue import MorphJob, read_order
from ..job_start import start_job
from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..lipmlp_engine.job.description import Job
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.hearsay import shown
from ..lipmlp_engine.job.sections import Extraction
from ..lipmlp_engine.job.setting_kinds import settings_of
from ..order_reading import mean_own, spec_from
from ..preferences import chosen_python
from ..properties import property_for
from ..scene.errors import SceneError
from ..scene.ownership import story_of
from ..scene.packed_model import is_packed
from ..scene.spec import LAST_FRAME, WRITERS, ResultSpec
from ..scene.timeline import Timeline
from ..scene.timing import morph_keys
from .model import folder_with_model
from .results import folder_of, needs_morph, why_not_changed

RE_EXTRACTED = ("frames", "resolution", "faces")
_FRAMES, _RESOLUTION, _FACES = (
    property_for(field, setting) for field, setting in settings_of(Extraction) if field.name in RE_EXTRACTED
)


class LIPMORPH_OT_re_extract(bpy.types.Operator):
    """Take other frames out of the trained morph; nothing is trained again"""

    bl_idname = "lipmorph.re_extract"
    bl_label = "Re-Extract"
    bl_options = {"REGISTER"}

    frames: _FRAMES
    resolution: _RESOLUTION
    faces: _FACES
    frame_start: bpy.props.IntProperty(
        name="Start", description="Frame at which the morph starts", default=1, min=-LAST_FRAME, max=LAST_FRAME
    )
    frame_end: bpy.props.IntProperty(
        name="End", description="Frame at which the morph ends", default=48, min=-LAST_FRAME, max=LAST_FRAME
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not needs_morph(cls, context):
            return False
        morph = context.active_object
        reason = chosen_python().sentence or why_not_changed(morph)
        if not reason and not ResultsFolder(folder_of(morph)).model.is_file() and not is_packed(morph):
            reason = f"The trained model is not in {folder_of(morph)} any more"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        try:
            folder = folder_with_model(context.active_object)
            extraction = Job.read(ResultsFolder(folder).job).extraction
            spec = spec_from(read_order(folder), [], None, folder)
        except (EngineError, SceneError, OSError, ValueError, KeyError) as error:
            self.report({"ERROR"}, shown(f"The morph's folder cannot be read: {error}"))
            return {"CANCELLED"}
        for name, value in self._wanted(extraction).items():
            setattr(self, name, value)
        self.frame_start, self.frame_end = _range_of(context.active_object, spec)
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
        try:
            folder = folder_with_model(morph)
            order = read_order(folder)
            now = _range_of(morph, spec_from(order, [], None, folder))
            # What nobody has set, in a script, is to stay as it is.
            start, end = (
                getattr(self, name) if self.properties.is_property_set(name) else frame
                for name, frame in zip(("frame_start", "frame_end"), now, strict=True)
            )
            order["spec"].update(frame_start=start, frame_end=end, name=morph.name, pack_model=is_packed(morph))
            order.update(scene=context.scene.name, replaces=morph.name, writer=_writer(morph))
            order["new_range"] = (start, end) != now
            if order["new_range"]:
                morph_keys(spec_from(order, [], None, folder))  # refused before the engine is asked
            extraction = Job.read(ResultsFolder(folder).job).extraction
            wanted = [part for name, value in self._wanted(extraction).items() for part in (f"--{name}", str(value))]
            again = MorphJob(order.pop("title", morph.name), folder, order, extracts=tuple(wanted))
            again.write()
            mean_own(order, folder, morph)
            start_job(again)
        except (EngineError, SceneError, OSError, ValueError, KeyError) as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def _wanted(self, before: Extraction) -> dict[str, int]:
        """What the button or the script asks for; of what it says nothing about, what was asked for the last time."""
        chosen = {name: self if self.properties.is_property_set(name) else before for name in RE_EXTRACTED}
        return {name: getattr(owner, name) for name, owner in chosen.items()}


def _range_of(morph: bpy.types.Object, spec: ResultSpec) -> tuple[int, int]:
    """From when to when the morph is played: by its own keys, or as it was wanted."""
    curve = Timeline.of(morph).curve
    if curve is None or not len(curve.keyframe_points):
        return spec.frame_start, spec.frame_end
    first, last = (min(max(frame, -LAST_FRAME), LAST_FRAME) for frame in curve.range())
    return math.floor(first), math.ceil(last)


def _writer(morph: bpy.types.Object) -> str:
    """The kind of result that the morph is; a sequence where that cannot be."""
    return writer if (writer := story_of(morph).writer) in WRITERS else "SEQUENCE"


CLASSES = (LIPMORPH_OT_re_extract,)
