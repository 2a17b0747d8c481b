"""Has the engine prove bounds of a trained morph, in the queue like any other job; knows none of the bounds."""

from __future__ import annotations

import bpy

from ..job_queue import MorphJob
from ..job_start import start_job
from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..lipmlp_engine.job.certificate_settings import Certification
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.hearsay import shown
from ..lipmlp_engine.job.setting_kinds import settings_of
from ..preferences import chosen_python
from ..properties import property_for
from ..runtime import runtime
from ..scene.errors import SceneError
from ..scene.packed_model import is_packed
from .model import folder_with_model
from .results import folder_of, needs_morph

WANTED = {field.name: property_for(field, setting) for field, setting in settings_of(Certification)}
_SAMPLES, _BOXES, _MOTION = WANTED["samples"], WANTED["boxes"], WANTED["motion"]


class LIPMORPH_OT_certify(bpy.types.Operator):
    """Prove bounds of this morph: slopes, topology, how clear the 3D cursor is of it where it was made"""

    bl_idname = "lipmorph.certify"
    bl_label = "Certify"
    bl_options = {"REGISTER"}

    samples: _SAMPLES
    boxes: _BOXES
    motion: _MOTION

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not needs_morph(cls, context):
            return False
        morph = context.active_object
        folder = folder_of(morph)
        reason = chosen_python().sentence
        if not ResultsFolder(folder).model.is_file() and not is_packed(morph):
            reason = f"The trained model is not in {folder} any more"
        elif any(job.folder == folder and not job.over for job in runtime.queue.jobs):
            reason = "The engine is busy with this morph already"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, _context: bpy.types.Context) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        for name in WANTED:
            layout.prop(self, name)

    def execute(self, context: bpy.types.Context) -> set[str]:
        morph = context.active_object
        # As the shapes lay when they were gathered; where the result has been moved to since, the engine cannot know.
        options = [
            f"--at={','.join(f'{value:.7g}' for value in context.scene.cursor.location)}",
            f"--samples={self.samples}",
            f"--boxes={self.boxes}",
            "--motion" if self.motion else "--no-motion",
        ]
        try:
            job = MorphJob(f"Certificate of {morph.name}", folder_with_model(morph), certifies=tuple(options))
            start_job(job)
        except (EngineError, SceneError, OSError) as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_certify,)
