"""Starts a job: in the queue beside the artist's work, or to its very end where there is no window."""

from __future__ import annotations

import bpy

from .blocking import run_to_the_end
from .job_queue import MorphJob
from .runtime import runtime


def start_job(job: MorphJob) -> None:
    """Raises EngineError or SceneError where the job is done at once and fails."""
    if bpy.app.background:
        run_to_the_end(job)
    else:
        runtime.enqueue(job)
