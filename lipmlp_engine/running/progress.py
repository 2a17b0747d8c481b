"""How far a job has come: phases with their durations, one fraction that never falls, and the time that is left.

Knows a job's size but none of its data. Standard library only.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..job.description import Job
from ..job.events import PHASES, Progress
from .channel import Audience

SECONDS_BETWEEN_EVENTS = 0.2
SOONEST_ESTIMATE = 0.05
"""Fraction of a phase below which nothing is said about the time it will take."""


def expected_seconds(job: Job, trained: bool, sketches: bool = False) -> dict[str, float]:
    """About how long each phase takes on two cores; only the proportions matter.

    ``trained``: the model is there. ``sketches``: there will be none.
    """
    shapes, frames = len(job.shapes), len(job.frame_times())
    neurons = job.network.depth * (job.network.width / 64) ** 1.5
    steps = job.training.steps * max(1.0, job.training.batch / 2048) * neurons / 5 * 0.004
    budget = job.training.seconds
    cells = ((job.extraction.resolution or 128) / 128) ** 2
    expected = {
        "start": 0.1,
        "load": 0.1 * shapes,
        "guide": 4.0 * (shapes - 1) if job.guide.kind != "none" else 0.1,
        "sample": 0.2 + shapes * job.sampling.points / 200_000,
        "train": min(steps or budget, budget or steps),
        "extract": frames * 0.25 * cells * neurons / 5,
        "measure": 0.5 + frames * 0.05 * cells,
        "write": 0.2 + 1.2 * job.output.pictures + frames * 0.5 * job.output.film,
    }
    if trained:
        expected.update(sample=0.1, guide=0.1, train=0.1)
    if sketches:
        expected.update(dict.fromkeys(("sample", "train", "extract", "measure", "write"), 0.0))
    return expected


class Course:
    """Tells an audience how far the job is."""

    def __init__(self, audience: Audience, shares: dict[str, float]) -> None:
        self._audience = audience
        self._shares = shares
        self._phase = ""
        self._entered = time.monotonic()
        self._told = 0.0
        self._fraction = 0.0
        self.seconds: dict[str, float] = {}
        """Time spent in each phase so far."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Be in a phase; what the phase does may move on to later ones by reporting them."""
        self._enter(name)
        try:
            yield
        finally:
            self._leave()

    def expect(self, phase: str, seconds: float) -> None:
        """A phase turns out to take longer than was thought."""
        self._shares[phase] = max(self._shares[phase], seconds)

    def step(self, done: int, count: int) -> None:
        """So many parts of the present phase are done."""
        self.hear(Progress(self._phase, done / max(1, count)))

    def hear(self, progress: Progress) -> None:
        """Pass on progress whose fraction is that of its phase, as that of the whole job."""
        if progress.phase != self._phase:
            self._leave()
            self._enter(progress.phase)
        now = time.monotonic()
        within = min(1.0, max(0.0, progress.fraction))
        if now - self._told < SECONDS_BETWEEN_EVENTS and within < 1.0:
            return
        self._told = now
        total = sum(self._shares.values())
        before = sum(share for phase, share in self._shares.items() if _order(phase) < _order(self._phase))
        share = self._shares[self._phase]
        self._fraction = max(self._fraction, min(1.0, (before + share * within) / total))
        left = self._seconds_left(now - self._entered, within, progress.seconds_left, share, total - before - share)
        values = progress.singular_values
        self._audience.tell(Progress(self._phase, self._fraction, progress.loss, progress.end_error, left, values))

    @staticmethod
    def _seconds_left(spent: float, within: float, told: float | None, share: float, later: float) -> float | None:
        """What is left of this phase, and of the later ones if they are as slow as this one."""
        if told is None:
            if within < SOONEST_ESTIMATE:
                return None
            told = spent * (1.0 - within) / within
        return told + (spent + told) * later / share

    def _enter(self, name: str) -> None:
        self._phase, self._entered, self._told = name, time.monotonic(), 0.0
        self.hear(Progress(name, 0.0))

    def _leave(self) -> None:
        spent = time.monotonic() - self._entered
        self.seconds[self._phase] = self.seconds.get(self._phase, 0.0) + spent


def _order(phase: str) -> int:
    return list(PHASES).index(phase)
