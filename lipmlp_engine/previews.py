"""Coarse surfaces of a morph that is still in training, by wish or by the clock; knows nothing of the training."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .channel import Audience
from .events import Preview
from .job import Job
from .results import ResultsFolder

if TYPE_CHECKING:
    from .morph import Morph

RESOLUTION = 48
LARGEST_SHARE = 0.1
"""Previews take this share of the time at most, however often they are wanted."""


class Previews:
    """Shows the morph as it stands to an audience."""

    def __init__(self, job: Job, results: ResultsFolder, audience: Audience) -> None:
        self._results = results
        self._audience = audience
        self._pause = job.output.preview_seconds
        self._extraction = dataclasses.replace(job.extraction, resolution=RESOLUTION, velocity=False, attributes=False)
        self._last_time = float(len(job.shapes) - 1)
        self._time = self._last_time / 2
        self._due = self._affordable = time.monotonic()
        self._count = 0

    def look(self, morph_as_it_is: Callable[[], Morph]) -> None:
        """Write a preview if one is wanted and the last one was long enough ago."""
        now = time.monotonic()
        if now < self._affordable:
            return
        wish = self._audience.take_preview()
        if wish is not None:
            self._time = min(max(wish, 0.0), self._last_time)
        elif not self._pause or now < self._due:
            return
        self._show(morph_as_it_is())
        done = time.monotonic()
        self._affordable = done + (done - now) * (1 / LARGEST_SHARE - 1)
        self._due = now + self._pause

    def _show(self, morph: Morph) -> None:
        from .surface.assemble import frame_at

        path = self._results.preview(self._count)
        path.parent.mkdir(exist_ok=True)
        frame_at(morph, self._time, self._extraction).save(path)
        self._count += 1
        self._audience.tell(Preview(str(path), self._time))
