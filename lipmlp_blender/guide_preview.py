"""What previews a Blender shows: those of the job that runs, and the guide's own, which follows what steers it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from .job_queue import JobState, MorphJob
from .lipmlp_engine.job.errors import EngineError
from .order_reading import spec_from
from .result_writing import scene_context
from .scene.errors import SceneError
from .scene.playback import keep_playing, plays, start_playing, stop_playing
from .scene.preview import clear_preview, is_whole, restore_preview, show_preview

SHOWING_SECONDS = 0.02
"""How long a step may work on the scene: below what a hand notices."""
LOOK_SECONDS = 0.5
"""How often it is looked whether what steers a shown guide has changed."""


class PreviewShowing:
    """The one preview in the viewport."""

    def __init__(self) -> None:
        self.job: MorphJob | None = None
        """Whose preview it is."""
        self._played = False
        """Whether the timeline has been started for it."""
        self._steered: tuple[Any, ...] = ()
        """By what the guide that is shown was found."""
        self._seen: tuple[Any, ...] = ()

    @property
    def shows_guide(self) -> bool:
        """Whether it is a guide's own preview, for which nothing is trained."""
        return self.job is not None and self.job.sketches and self.job.over

    def ask(self, scene: bpy.types.Scene) -> None:
        """A guide is asked for, as the scene steers it now."""
        self._steered = self._seen = steering(scene)

    def show(self, job: MorphJob, seconds: float | None = None) -> None:
        """Take the job's surfaces in, as many as the time allows; those that were shown before give way."""
        if not job.previews:
            return
        end = None if seconds is None else time.monotonic() + seconds
        if self.job is not job:
            self.job, self._played = job, False
        spec = spec_from(job.order, [], None, job.folder)
        while job.previews and (end is None or time.monotonic() < end):
            station, preview = next(iter(job.previews.items()))
            del job.previews[station]
            self._try(job, lambda: show_preview(bpy.context, Path(preview.path), station, preview.stations, spec))  # noqa: B023
        if is_whole() and not self._played and job.order.get("play"):
            self._played = True
            self._try(job, lambda: start_playing(job.order["scene"], spec))

    def keep_up(self, job: MorphJob | None) -> None:
        """Go on with what did not fit into the last step."""
        restore_preview()
        keep_playing()
        if job is not None and job is self.job and not job.over:
            self.show(job, SHOWING_SECONDS)

    def end(self, job: MorphJob) -> None:
        """The job is over: only a guide that was found stays to be seen."""
        if job.sketches and job.state is JobState.FINISHED:
            self.show(job)
        elif job is self.job:
            self.close()

    def close(self) -> None:
        """Show nothing any more."""
        self.job = None
        stop_playing()
        clear_preview()

    def forget(self) -> None:
        """Another file was opened, and the preview has gone with the one before."""
        self.job = None

    def is_playing(self, job: MorphJob) -> bool:
        return plays(job.order.get("scene", ""))

    def is_outdated(self, scene: bpy.types.Scene) -> bool:
        """Whether what steers the guide has changed since it was found, and rests by now."""
        now = steering(scene)
        rests, self._seen = now == self._seen, now
        outdated = rests and now != self._steered
        if outdated:
            self._steered = now  # once: what cannot be found is not tried for ever
        return outdated

    def _try(self, job: MorphJob, action: Callable[[], object]) -> None:
        """A preview that fails must not stop the job."""
        try:
            with scene_context(job.order.get("scene", "")):
                action()
        except (SceneError, EngineError, OSError, ReferenceError, RuntimeError) as error:
            job.notices = [*job.notices, f"No preview: {error}"][-3:]


def steering(scene: bpy.types.Scene) -> tuple[Any, ...]:
    """All that decides a guide and that a hand changes without entering a mesh, to be compared."""
    settings = scene.lipmorph
    chosen = tuple(
        getattr(group, name) for group in (settings.guide, settings.placement) for name in group.__annotations__
    )
    marks = [point.object for landmark in settings.landmarks for point in landmark.points]
    listed = [entry.object for entry in settings.shapes if entry.object is not None]
    places = tuple(
        (item.name, *(round(value, 5) for row in item.matrix_world for value in row)) if item else ()
        for item in (*marks, *listed)
    )
    return chosen, places
