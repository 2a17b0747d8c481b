"""What a run tells while it goes on, and what of that is kept: progress, notes, spectra. Knows no shape and no file.

Standard library only.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..job.errors import Cancelled
from ..job.events import FrameDone, Notice, Progress
from .channel import Audience
from .progress import Course

log = logging.getLogger(__name__)


class Account:
    """Between a run and its audience."""

    def __init__(self, audience: Audience, shares: dict[str, float]) -> None:
        self.audience = audience
        self.course = Course(audience, shares)
        self.notes: list[str] = []
        self.spectra: list[tuple[float, list[tuple[float, float]]]] = []
        """The layers' singular values, by how far the training was."""

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Be in a phase, unless the run was asked to stop."""
        self.stop_if_asked()
        with self.course.phase(name):
            yield

    def hear(self, message: Progress | Notice) -> None:
        """Pass on what is heard from within a phase."""
        if isinstance(message, Notice):
            self.note(message.message)
            return
        # Before the training there is nothing to keep.
        self.audience.may_interrupt = message.phase in ("guide", "sample")
        if message.singular_values is not None:
            self.spectra.append((message.fraction, message.singular_values))
        self.course.hear(message)

    def note(self, sentence: str) -> None:
        """Tell a sentence that the report keeps."""
        log.info("%s", sentence)
        self.notes.append(sentence)
        self.audience.tell(Notice(sentence))

    def frame_done(self, index: int, times: Sequence[float], path: Path) -> None:
        """Tell that one of the frames is there."""
        self.audience.tell(FrameDone(index, len(times), times[index], str(path)))
        self.course.step(index + 1, len(times))

    def stop_if_asked(self) -> None:
        """Raise where the audience wants the run to stop."""
        if self.audience.stopping():
            raise Cancelled("Stopped; the model and the frames so far are kept.")
