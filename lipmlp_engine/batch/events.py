"""What a batch says to a program, beside the greetings, progress and last words of any job. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..events import EventError
from ..hearsay import HearsayError, built, parsed_group


@dataclass(frozen=True)
class Batch:
    """What is to be done; follows the Hello."""

    kind: ClassVar[str] = "batch"
    morphs: int
    refused: int
    """Entries of the list that cannot be done; each has a MorphEnded of its own."""
    folder: str


@dataclass(frozen=True)
class MorphBegun:
    """A process has started for a morph, or for a part of one."""

    kind: ClassVar[str] = "morph_begun"
    name: str
    title: str
    folder: str
    attempt: int


@dataclass(frozen=True)
class MorphProgress:
    """How far a process is."""

    kind: ClassVar[str] = "morph_progress"
    name: str
    title: str
    phase: str
    fraction: float
    seconds_left: float | None = None


@dataclass(frozen=True)
class MorphEnded:
    """What became of a morph; comes once for each."""

    kind: ClassVar[str] = "morph_ended"
    name: str
    folder: str
    state: str
    """"done", "kept", "failed" or "cancelled"."""
    sentence: str = ""
    exit_code: int = 0
    seconds: float = 0.0
    attempts: int = 0


BatchEvent = Batch | MorphBegun | MorphProgress | MorphEnded
_KINDS: dict[str, type[Any]] = {event.kind: event for event in (Batch, MorphBegun, MorphProgress, MorphEnded)}


def batch_event_from_line(line: str) -> BatchEvent:
    """Read an event that only a batch sends; raises EventError for anything else."""
    try:
        values = parsed_group(line)
        event: BatchEvent = built(_KINDS[str(values.pop("kind", ""))], values)
    except (HearsayError, KeyError) as error:
        raise EventError(f"Not a message of a batch: {line[:120]!r}") from error
    return event
