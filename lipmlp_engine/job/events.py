"""The messages between the engine and whoever started it: one JSON object a line, events out, requests in.

Standard library only. The engine writes events to stdout and reads requests from stdin; when stdin closes it stops,
so that no engine outlives the Blender that started it.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .hearsay import HearsayError, built, parsed_group

PROTOCOL = 2
HEARTBEAT_SECONDS = 2.0
LONGEST_LINE = 8_000_000
"""Characters: the last message of a job names all its frames."""

PHASES = {
    "start": "Starting",
    "load": "Reading shapes",
    "guide": "Finding the motion",
    "sample": "Measuring distances",
    "train": "Training",
    "extract": "Extracting frames",
    "measure": "Measuring quality",
    "write": "Writing results",
}
"""Every phase in its order, with what a person is shown."""


class EventError(ValueError):
    """A line that is no message of this protocol."""


@dataclass(frozen=True)
class Hello:
    """The first message: who answers, and with what."""

    kind: ClassVar[str] = "hello"
    engine: str
    protocol: int
    python: str
    torch: str
    device: str
    device_name: str


@dataclass(frozen=True)
class Progress:
    """Sent a few times a second at most; figures that do not apply are None."""

    kind: ClassVar[str] = "progress"
    phase: str
    fraction: float
    """Of the whole job, 0 to 1, never falling."""
    loss: float | None = None
    end_error: float | None = None
    """Mean distance of the ends' surfaces from f = 0, % of the diagonal."""
    seconds_left: float | None = None
    singular_values: list[tuple[float, float]] | None = None
    """Now and then in training: largest and smallest of each layer, where the network's family constrains them."""


@dataclass(frozen=True)
class Heartbeat:
    """Sent while nothing else is, so that silence means trouble."""

    kind: ClassVar[str] = "heartbeat"


@dataclass(frozen=True)
class Preview:
    """A coarse surface of the morph as it stands: one of a row that shows the whole of it."""

    kind: ClassVar[str] = "preview"
    path: str
    time: float
    station: int = 0
    """Its place in the row."""
    stations: int = 1
    """How many the row has, at even times from the first shape to the last."""
    guide: bool = False
    """Whether it is the guide's alone, nothing of it learned yet."""


@dataclass(frozen=True)
class FrameDone:
    """One frame has been written."""

    kind: ClassVar[str] = "frame"
    index: int
    count: int
    time: float
    path: str


@dataclass(frozen=True)
class Notice:
    """Something the user should know that does not stop the job."""

    kind: ClassVar[str] = "notice"
    message: str


@dataclass(frozen=True)
class Done:
    """The last message of a job that went well; paths are absolute."""

    kind: ClassVar[str] = "done"
    model: str
    report: str
    frames: list[str] = field(default_factory=list)
    contact_sheet: str = ""


@dataclass(frozen=True)
class Failed:
    """The last message of a job that did not: a sentence for the user, details are in engine.log."""

    kind: ClassVar[str] = "failed"
    message: str
    exit_code: int
    cancelled: bool = False
    model: str = ""
    """A usable checkpoint, where there is one."""


@dataclass(frozen=True)
class Batch:
    """What `lipmorph batch` is to do; follows the Hello."""

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


@dataclass(frozen=True)
class Cancel:
    """Request: stop soon, keep what is useful."""

    kind: ClassVar[str] = "cancel"


@dataclass(frozen=True)
class Ready:
    """The first message of an engine that waits for its job with everything loaded; a Hello follows with the job."""

    kind: ClassVar[str] = "ready"
    engine: str
    protocol: int
    memory: int
    """Bytes that it takes while it waits."""


@dataclass(frozen=True)
class Begin:
    """Request: be the command with these arguments. The first and only one before a Hello."""

    kind: ClassVar[str] = "begin"
    arguments: list[str]
    log: str
    """File that standard error goes to from now on."""


@dataclass(frozen=True)
class PreviewRequest:
    """Request: send a coarse surface at this time when it suits."""

    kind: ClassVar[str] = "preview_request"
    time: float


BatchEvent = Batch | MorphBegun | MorphProgress | MorphEnded
Event = Hello | Ready | Progress | Heartbeat | Preview | FrameDone | Notice | Done | Failed | BatchEvent
Request = Begin | Cancel | PreviewRequest

_OF_JOBS = (Hello, Ready, Progress, Heartbeat, Preview, FrameDone, Notice, Done, Failed)
_OF_BATCHES = (Batch, MorphBegun, MorphProgress, MorphEnded)
_EVENTS: dict[str, type[Any]] = {event.kind: event for event in (*_OF_JOBS, *_OF_BATCHES)}
_REQUESTS: dict[str, type[Any]] = {request.kind: request for request in (Begin, Cancel, PreviewRequest)}


def to_line(message: Event | Request) -> str:
    """A message as one line without its end."""
    return json.dumps({"kind": message.kind, **dataclasses.asdict(message)}, separators=(",", ":"))


def event_from_line(line: str) -> Event:
    """Read an event; raises EventError for anything else."""
    event: Event = _from_line(line, _EVENTS)
    return event


def request_from_line(line: str) -> Request:
    """Read a request; raises EventError for anything else."""
    request: Request = _from_line(line, _REQUESTS)
    return request


def _from_line(line: str, kinds: dict[str, type[Any]]) -> Any:
    try:
        values = parsed_group(line, LONGEST_LINE)
        return built(kinds[str(values.pop("kind", ""))], values)
    except (HearsayError, KeyError) as error:
        raise EventError(f"Not a message of protocol {PROTOCOL}: {line[:120]!r}") from error
