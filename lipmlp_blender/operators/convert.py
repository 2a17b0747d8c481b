"""Turns a morph in the scene into shape keys or into a sequence, out of its trained model and without training."""

from __future__ import annotations

import math
from functools import lru_cache

import bpy

from ..job_queue import JobState, MorphJob, read_order
from ..job_start import start_job
from ..lipmlp_engine.files.model_metadata import read_metadata
from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..lipmlp_engine.job.description import Job
from ..lipmlp_engine.job.errors import EngineError
from ..lipmlp_engine.job.events import Done
from ..lipmlp_engine.job.hearsay import shown
from ..lipmlp_engine.job.sections import KEY_SETTINGS
from ..order_reading import mean_own
from ..preferences import chosen_python
from ..report_summary import tracking_of
from ..runtime import runtime
from ..scene.errors import ChangedSourceError, SceneError
from ..scene.key_source import why_no_keys
from ..scene.ownership import story_of
from ..scene.packed_model import is_packed
from ..scene.remove import sources_called
from ..scene.spec import WRITERS
from .model import folder_with_model
from .results import folder_of, needs_morph

# Made here and not in the class: Blender cannot evaluate comprehensions in annotations.
TARGETS = [(value, value.replace("_", " ").title(), WRITERS[value]) for value in ("SEQUENCE", "SHAPE_KEYS")]


def why_no_conversion(morph: bpy.types.Object) -> str:
    """Why other results cannot be taken out of the morph's model, or nothing; asked at every redraw."""
    if morph.library is not None:
        return "The morph is linked from another file; make it local first"
    folder = folder_of(morph)
    if any(job.folder == folder and not job.over for job in runtime.queue.jobs):
        return "The engine is at work on this morph"
    if runtime.writing is not None:
        return "Another result is being added"
    results = ResultsFolder(folder)
    packed = is_packed(morph) and not results.model.is_file()
    return chosen_python().sentence or ("" if packed else why_no_model(results))


def why_no_model(results: ResultsFolder) -> str:
    """Why the model of a results' folder cannot be used, or nothing."""
    try:
        changed = tuple(path.stat().st_mtime_ns for path in (results.model, results.job))
    except OSError:
        return f"The trained model is not in {results.path} any more"
    return _why_unreadable(results, changed)


@lru_cache(maxsize=16)
def _why_unreadable(results: ResultsFolder, _changed: tuple[int, ...]) -> str:
    try:
        read_metadata(results.model)
        Job.read(results.job)
    except EngineError as error:
        return str(error).removesuffix(".")
    return ""


class LIPMORPH_OT_convert(bpy.types.Operator):
    """Make another kind of result of the trained morph and put it in this one's place; nothing is trained again"""

    bl_idname = "lipmorph.convert"
    bl_label = "Convert"
    bl_options = {"REGISTER"}

    target: bpy.props.EnumProperty(name="To", description="What the morph becomes", items=TARGETS)
    anyway: bpy.props.BoolProperty(
        name="Anyway",
        description="Make shape keys even where the morph's topology changes, and mark where they fail",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        if properties.anyway:
            return "Make shape keys although they do not hold; the vertex group Morph Trouble marks where they fail"
        return f"{WRITERS[properties.target]}. Taken out of the trained model, nothing is trained again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not needs_morph(cls, context):
            return False
        reason = why_no_conversion(context.active_object)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        morph = context.active_object
        relative = context.scene.lipmorph.result.key_mode == "RELATIVE"
        try:
            if self.target == "SHAPE_KEYS":
                require_source(context, morph)
            folder = folder_with_model(morph)
            order = read_order(folder)
            order["spec"].update(name=morph.name, relative_keys=relative, pack_model=is_packed(morph))
            order.update(scene=context.scene.name, replaces=morph.name, writer=self.target, new_range=False)
            job = MorphJob(order.pop("title", morph.name), folder, order)
            perform(job, wanted_keys(context, self.target == "SHAPE_KEYS", self.anyway), morph)
        except (EngineError, SceneError, OSError, ValueError, KeyError) as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class LIPMORPH_OT_settle_keys(bpy.types.Operator):
    """Say what becomes of a morph for which shape keys do not hold"""

    bl_idname = "lipmorph.settle_keys"
    bl_label = "Use Sequence"
    bl_options = {"INTERNAL"}

    index: bpy.props.IntProperty(name="Job", description="Which job of the queue", default=-1, options={"HIDDEN"})
    anyway: bpy.props.BoolProperty(
        name="Anyway", description="Make shape keys although they do not hold, and mark where they fail"
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: bpy.types.OperatorProperties) -> str:
        if properties.anyway:
            return "Make shape keys although they do not hold; the vertex group Morph Trouble marks where they fail"
        return "Add the morph as a sequence, which is there already"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if runtime.writing is not None:
            cls.poll_message_set("Another result is being added")
        return runtime.writing is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        jobs = runtime.queue.jobs
        refused = jobs[self.index] if 0 <= self.index < len(jobs) else None
        if refused is None or not refused.keys_refused:
            return {"CANCELLED"}
        writer = "SHAPE_KEYS" if self.anyway else "SEQUENCE"
        order = {**refused.order, "writer": writer, "scene": context.scene.name}
        try:
            job = MorphJob(refused.title, refused.folder, order)
            perform(job, wanted_keys(context, self.anyway, self.anyway))
        except (EngineError, SceneError, OSError) as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        runtime.dismiss(refused)
        return {"FINISHED"}


def require_source(context: bpy.types.Context, morph: bpy.types.Object) -> None:
    """Refuse shape keys on the mesh of a source that is gone or cannot carry any."""
    extraction = context.scene.lipmorph.extraction
    if extraction.template != "source":
        return
    name = [*story_of(morph).sources, ""][0]
    source = next(iter(sources_called(morph, name)), None)
    if source is None:
        raise ChangedSourceError(f"'{name}' is no longer in the file, and shape keys are made on a copy of its mesh.")
    reason = why_no_keys(context, source, extraction.key_vertices)
    if reason:
        raise SceneError(reason)


def wanted_keys(context: bpy.types.Context, keys: bool, anyway: bool) -> dict[str, object]:
    """What the extraction is to be told of shape keys, as the panel has it now."""
    if not keys:
        return {"keys": "none"}
    extraction = context.scene.lipmorph.extraction
    return {"keys": "always" if anyway else "auto", **{name: getattr(extraction, name) for name in KEY_SETTINGS}}


def perform(job: MorphJob, wanted: dict[str, object], morph: bpy.types.Object | None = None) -> None:
    """Bring the result in that lies in the job's folder, or have the engine take it out of the model there.

    Where it is to be in the place of ``morph``, it means the sources of that one.
    """
    results = job.results
    frames = results.frames()
    job.order["anyway"] = wanted["keys"] == "always"
    made = _is_there(results, len(frames), wanted)
    if not made:
        job.extracts = tuple(word for name, value in wanted.items() for word in ("--set", f"extraction.{name}={value}"))
    job.write()
    if morph is not None:
        mean_own(job.order, job.folder, morph)
    if not made:
        start_job(job)
        return
    job.state = JobState.FINISHED
    job.done = Done(model=str(results.model), report=str(results.report), frames=[str(path) for path in frames])
    runtime.queue.add(job)
    runtime.bring_in(job)
    if bpy.app.background:
        runtime.finish_writing()
        if job.state is JobState.FAILED:
            raise SceneError(job.sentence)


def _is_there(results: ResultsFolder, frames: int, wanted: dict[str, object]) -> bool:
    """Whether what is wanted has been made before."""
    made = Job.read(results.job)
    if not results.report.is_file() or frames != len(made.frame_times()):
        return False
    if wanted["keys"] == "none":
        return True
    same = all(_alike(getattr(made.extraction, name), wanted[name]) for name in KEY_SETTINGS)
    return same and results.keys.is_file() and tracking_of(results.path).kept


def _alike(made: object, wanted: object) -> bool:
    """Whether two settings are the same, of which one is in Blender's single precision."""
    return math.isclose(made, wanted, rel_tol=1e-6) if isinstance(made, float) else made == wanted


CLASSES = (LIPMORPH_OT_convert, LIPMORPH_OT_settle_keys)
