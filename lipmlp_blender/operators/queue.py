"""Cancels and puts away jobs, and fetches results that another file has kept waiting."""

from __future__ import annotations

import bpy

from ..job_queue import JobState, MorphJob
from ..runtime import runtime
from .results import welcomed


def _job_at(index: int) -> MorphJob | None:
    jobs = runtime.queue.jobs
    return jobs[index] if 0 <= index < len(jobs) else None


class _OfOneJob:
    """Operators that are drawn beside a job of the queue."""

    index: bpy.props.IntProperty(name="Job", description="Which job of the queue", default=-1, options={"HIDDEN"})


class LIPMORPH_OT_cancel(_OfOneJob, bpy.types.Operator):
    """Stop the morph; what has been trained so far is kept in its folder"""

    bl_idname = "lipmorph.cancel"
    bl_label = "Cancel Morph"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if not runtime.queue.busy:
            cls.poll_message_set("No morph is being trained")
        return runtime.queue.busy

    def execute(self, _context: bpy.types.Context) -> set[str]:
        job = _job_at(self.index) or runtime.queue.current
        if job is None:
            return {"CANCELLED"}
        runtime.queue.cancel(job)
        runtime.wake()
        return {"FINISHED"}


class LIPMORPH_OT_dismiss(_OfOneJob, bpy.types.Operator):
    """Put this message away; the job's folder stays where a model has been trained in it"""

    bl_idname = "lipmorph.dismiss"
    bl_label = "Dismiss"
    bl_options = {"INTERNAL"}

    def execute(self, _context: bpy.types.Context) -> set[str]:
        job = _job_at(self.index)
        if job is None or not job.over:
            return {"CANCELLED"}
        runtime.dismiss(job)
        runtime.wake()
        return {"FINISHED"}


class LIPMORPH_OT_bring_in(_OfOneJob, bpy.types.Operator):
    """Add the finished morph to the scene that is open now"""

    bl_idname = "lipmorph.bring_in"
    bl_label = "Add to This File"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        if runtime.writing is not None:
            cls.poll_message_set("Another result is being added")
        return runtime.writing is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        job = _job_at(self.index)
        if job is None or job.state is not JobState.FINISHED:
            return {"CANCELLED"}
        if not welcomed(self, job.order, job.folder):
            return {"CANCELLED"}
        job.order["scene"] = context.scene.name
        runtime.bring_in(job)
        return {"FINISHED"}


CLASSES = (LIPMORPH_OT_cancel, LIPMORPH_OT_dismiss, LIPMORPH_OT_bring_in)
