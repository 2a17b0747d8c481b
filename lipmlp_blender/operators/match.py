"""Shows before any training which place of a shape becomes which of the next; the engine finds it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import bpy

from ..job_folder import settled_in
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.hearsay import HearsayError, parsed, shown
from ..lipmlp_engine.job.sections import ShapeInput
from ..preferences import chosen_python
from ..request import RequestError, chain, job_from, landmarks_of, why_not
from ..scene.errors import SceneError
from ..scene.gather import gather
from ..scene.match_preview import hide_match, match_shown, show_match
from .asking import Asking

ANSWER = "match.json"
LARGEST_ANSWER = 100_000


class LIPMORPH_OT_show_match(Asking, bpy.types.Operator):
    """Show in colours which place of each shape becomes which of the next, if they are poses of one shape"""

    bl_idname = "lipmorph.show_match"
    bl_label = "Show Match"
    bl_options = {"REGISTER", "UNDO"}
    stopped = "Stopped; nothing is shown."

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = chosen_python().sentence or why_not(context)
        if not reason and context.mode != "OBJECT":
            reason = "Leave Edit Mode first"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        hide_match(context)
        objects, settings = chain(context), context.scene.lipmorph
        self._names = [item.name for item in objects]
        folder = tempfile.TemporaryDirectory(prefix="lipmorph-")
        place = Path(folder.name)
        try:
            landmarks = landmarks_of(settings, objects)
            # What is wrong with the settings is told before shapes are gathered, which takes its time.
            job_from(settings, [ShapeInput(path="-", name=name) for name in self._names], landmarks)
            settled_in(place)
            job = job_from(settings, gather(context, objects, place), landmarks)
            (place / "job.json").write_text(json.dumps(job.to_dict()), encoding="utf-8")
        except (RequestError, SceneError, EngineError, OSError) as error:
            folder.cleanup()
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return self.ask(context, folder, "match", str(place / "job.json"), "--arrays", "--out", str(place / "match"))

    def answered(self, context: bpy.types.Context, folder: Path) -> set[str]:
        try:
            objects = [context.scene.objects[name] for name in self._names]
            told = parsed((folder / "match" / ANSWER).read_bytes(), LARGEST_ANSWER)
            sentences = [shown(answer["sentence"]) for answer in told]
            show_match(context, folder / "match", objects, sentences)
        except (KeyError, TypeError, OSError, HearsayError, SceneError) as error:
            self.report(
                {"ERROR"}, shown(error) if isinstance(error, SceneError) else "The shapes are not there any more."
            )
            return {"CANCELLED"}
        for sentence in sentences:
            self.report({"INFO"}, sentence)
        return {"FINISHED"}


class LIPMORPH_OT_hide_match(bpy.types.Operator):
    """Take the colours away and show the objects again"""

    bl_idname = "lipmorph.hide_match"
    bl_label = "Hide Match"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return match_shown(context) is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        hide_match(context)
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_show_match, LIPMORPH_OT_hide_match)
