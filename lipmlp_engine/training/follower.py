"""Whoever follows a training: is told how far it is, may stop it, keeps what is learned. Knows no network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..job.errors import Cancelled
from ..job.events import Notice, Progress

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

Notify = Callable[[Progress | Notice], None]
Look = Callable[[Callable[[], "Morph"]], None]
"""Shown now and then how to get the morph as it stands; getting it costs little, and nothing where it is not wanted."""


@dataclass(frozen=True)
class Follower:
    """Hears of a training, and says whether it is to go on."""

    notify: Notify
    should_stop: Callable[[], bool]
    checkpoint: Path | None = None
    """Where what has been learned is kept now and then, and when the training is stopped."""
    look: Look | None = None
    resume: bool = False
    """Whether a training that stands there unfinished is to go on."""

    def enter(self, phase: str) -> None:
        """A phase before the training begins, unless it was asked to stop."""
        self.stop_if_asked()
        self.notify(Progress(phase, 0.0))

    def note(self, *sentences: str) -> None:
        for sentence in sentences:
            self.notify(Notice(sentence))

    def stop_if_asked(self) -> None:
        if self.should_stop():
            raise Cancelled("Stopped before the training began; nothing was kept.")

    def keep(self, morph: Callable[[], Morph]) -> None:
        """Keep the morph as it stands."""
        if self.checkpoint is not None:
            morph().save(self.checkpoint)

    def see(self, morph: Callable[[], Morph]) -> None:
        """Show the morph as it stands."""
        if self.look is not None:
            self.look(morph)
