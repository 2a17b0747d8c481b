"""Lets the preview of a training job follow the timeline: asks its engine for the frame that is looked at."""

from __future__ import annotations

import time
from contextlib import suppress

import bpy
import numpy as np

from .job_queue import MorphJob
from .order_reading import spec_from
from .scene.errors import SceneError
from .scene.timing import morph_keys

REQUEST_SECONDS = 0.5
"""The least time between two wishes: a timeline that is dragged has a new frame at every step."""


class PreviewWishes:
    """What this Blender has asked for."""

    def __init__(self) -> None:
        self._asked = (0, 0.0)
        """The frame, and when."""

    def ask(self, job: MorphJob) -> None:
        """Ask for the frame that the job's scene shows, where that is another than before."""
        if job.process is None or job.sketches or not job.order.get("preview"):
            return
        scene = bpy.data.scenes.get(job.order.get("scene", ""))
        frame, asked = self._asked
        now = time.monotonic()
        if scene is None or scene.frame_current == frame or now - asked < REQUEST_SECONDS:
            return
        self._asked = (scene.frame_current, now)
        with suppress(SceneError):  # an order that no result can be made of is told when the result is
            job.process.request_preview(morph_time_at(job, scene.frame_current))


def morph_time_at(job: MorphJob, frame: int) -> float:
    """The time of the morph that the result will show at a frame, its easing left aside."""
    keys = morph_keys(spec_from(job.order, [], None, job.folder))
    last = max(1, len(job.order["spec"]["sources"]) - 1)
    return last * float(np.interp(frame, [key.frame for key in keys], [key.value for key in keys]))
