"""Follows a job on a terminal: one moving line where there is a person, plain lines where there is a file.

Standard library only; writes to stderr, so that stdout stays free for results.
"""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from ..job.events import PHASES, Done, Event, Failed, FrameDone, Hello, Notice, Progress
from ..job.hearsay import shown
from ..machine.standard_streams import say
from .channel import Audience

BAR_WIDTH = 20
SECONDS_BETWEEN_LINES = 10.0


class Terminal(Audience):
    """An audience that reads along."""

    def __init__(self, stream: TextIO, moving: bool | None = None) -> None:
        """``moving`` says whether a line may be written over, where the stream itself does not know: in a notebook."""
        super().__init__()
        self._stream = stream
        self._moving = stream.isatty() if moving is None else moving
        self._full, self._empty = ("█", "░") if can_show(stream, "█░") else ("#", "-")
        self._phase = ""
        self._printed = 0.0

    def tell(self, event: Event) -> None:
        """Show an event, if it is of interest to a person."""
        match event:
            case Hello():
                self._line(
                    f"Lipschitz Morph {event.engine} · torch {event.torch} · {event.device_name or event.device}"
                )
            case Progress():
                self._show(event)
            case Notice():
                self._line(f"Note: {event.message}")
            case Done() | Failed():
                self.clear()
            case FrameDone() | _:
                pass

    def _show(self, progress: Progress) -> None:
        words = [f"{PHASES.get(progress.phase, progress.phase):<19}", f"{progress.fraction:4.0%}"]
        if progress.seconds_left is not None:
            words.append(f"{duration(progress.seconds_left)} left")
        if progress.end_error is not None:
            words.append(f"ends {progress.end_error:.2f} %")
        if progress.loss is not None:
            words.append(f"loss {progress.loss:.2g}")
        if self._moving:
            filled = round(progress.fraction * BAR_WIDTH)
            words.insert(1, self._full * filled + self._empty * (BAR_WIDTH - filled))
            columns = shutil.get_terminal_size().columns
            say("\r\x1b[K" + shown("  ".join(words))[: columns - 1], self._stream)
            return
        now = time.monotonic()
        if progress.phase != self._phase or now - self._printed >= SECONDS_BETWEEN_LINES:
            self._phase, self._printed = progress.phase, now
            self._line("  ".join(words))

    def _line(self, words: str) -> None:
        self.clear()
        say(f"{shown(words)}\n", self._stream)

    def clear(self) -> None:
        """Take the moving line away."""
        if self._moving:
            say("\r\x1b[K", self._stream)


def duration(seconds: float) -> str:
    """A time as a person says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def can_show(stream: TextIO, characters: str) -> bool:
    """Whether a stream has letters for them."""
    try:
        characters.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
