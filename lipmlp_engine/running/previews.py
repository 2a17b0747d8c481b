"""Coarse surfaces of a morph that is still to be trained, or in training; knows nothing of either.

They form a row over the whole morph, so that it can be played. The guide fills the row before the training begins; from
then on one place after the other is renewed, by the clock, and first of all where somebody looks.
"""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..files.results_folder import STATIONS, ResultsFolder, preview_times
from ..job.description import Job
from ..job.events import Preview
from .channel import Audience

if TYPE_CHECKING:
    from ..files.mesh_frame import MeshFrame
    from ..model.trained_morph import Morph

RESOLUTION = 48
LARGEST_SHARE = 0.1
"""Previews take this share of the training's time at most, however often they are wanted."""


class Previews:
    """Shows the morph as it stands to an audience."""

    def __init__(self, job: Job, results: ResultsFolder, audience: Audience) -> None:
        self._results = results
        self._audience = audience
        self._pause = job.output.preview_seconds
        self._extraction = dataclasses.replace(job.extraction, resolution=RESOLUTION, velocity=False, attributes=False)
        self._times = preview_times(job)
        self._next = len(self._times) // 2
        self._due = self._affordable = time.monotonic()
        self._turns: Counter[int] = Counter()
        self.guided: dict[int, str] = {}
        """Where the surfaces by the guide alone lie, by their places in the row."""

    @property
    def wanted(self) -> bool:
        """Whether previews are shown without being asked for."""
        return self._pause > 0

    def show_guide(self, station: int, frames: Iterator[MeshFrame]) -> None:
        """Write the guide's own surfaces from a place in the row on."""
        for offset, frame in enumerate(frames):
            self.guided[station + offset] = self._show(station + offset, frame, guide=True)

    def look(self, morph_as_it_is: Callable[[], Morph]) -> None:
        """Write a preview if one is wanted and the last one was long enough ago."""
        now = time.monotonic()
        if now < self._affordable:
            return
        wish = self._audience.take_preview()
        if wish is None and (not self._pause or now < self._due):
            return
        if wish is None:
            station = self._next
            # The row has one place more than a multiple of twice the stride: all come up, and never neighbours.
            self._next = (self._next + len(self._times) // 2) % len(self._times)
        else:
            station = min(max(round(wish * STATIONS), 0), len(self._times) - 1)
        self._show_trained(morph_as_it_is(), station)
        done = time.monotonic()
        self._affordable = done + (done - now) * (1 / LARGEST_SHARE - 1)
        self._due = now + self._pause

    def _show_trained(self, morph: Morph, station: int) -> None:
        from ..surface.frame_assembly import frame_at

        self._show(station, frame_at(morph, self._times[station], self._extraction), guide=False)

    def _show(self, station: int, frame: MeshFrame, guide: bool) -> str:
        path = self._results.preview(station, self._turns[station])
        path.parent.mkdir(exist_ok=True)
        frame.save(path)
        self._turns[station] += 1
        self._audience.tell(Preview(str(path), frame.time, station, len(self._times), guide))
        return str(path)
