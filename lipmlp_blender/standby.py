"""Keeps one engine that has loaded everything and waits for the next job. No bpy in here.

An engine does one job and leaves; the next one is made ready after it. One that waits is taken only where everything
that it was started with still holds, and is ended after some minutes without a job, and with Blender.
"""

from __future__ import annotations

import enum
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .engine_process import HANDSHAKE_SECONDS, engine_environment
from .lipmlp_engine import __version__
from .lipmlp_engine.job.events import PROTOCOL, EventError, Ready, event_from_line
from .lipmlp_engine.machine.launch import engine_command
from .process_group import ProcessGroup

IDLE_SECONDS = 300.0
TYPICAL_MEGABYTES = 450
"""What one was seen to take on Linux."""
LONGEST_ARGUMENT = 5_000


class StandbyState(enum.Enum):
    """How far the engine is that waits."""

    NONE = "No engine is kept ready."
    LOADING = "An engine is being made ready."
    READY = "An engine is ready."


@dataclass(frozen=True)
class Start:
    """What an engine is started with: where any of it is another, the engine would be another."""

    python: Path
    stamp: tuple[int, ...]
    """Changes when this Python, or what is installed for it, does."""
    engine_folder: Path
    environment: Mapping[str, str]

    @classmethod
    def of(cls, python: Path, engine_folder: Path, *marks: Path, environment: Mapping[str, str] | None = None) -> Start:
        """As one would be started now; ``marks`` are files that change with what is installed.

        ``environment`` is what it gets beside Blender's own.
        """
        stamp = []
        for path in (python, *marks):
            with suppress(OSError):
                status = path.stat()
                stamp += [status.st_mtime_ns, status.st_ino]
        return cls(python, tuple(stamp), engine_folder, engine_environment() | dict(environment or {}))


class Standby:
    """At most one engine that waits."""

    def __init__(self) -> None:
        self.memory = 0
        """Bytes that the waiting engine takes."""
        self._group: ProcessGroup | None = None
        self._start: Start | None = None
        self._since = 0.0
        self._fits = False

    @property
    def state(self) -> StandbyState:
        if self._group is None:
            return StandbyState.NONE
        return StandbyState.READY if self._fits else StandbyState.LOADING

    @property
    def pid(self) -> int | None:
        return self._group.pid if self._group else None

    def prepare(self, start: Start, log: Path) -> None:
        """Start an engine, unless there is such a one already; where that fails, there is none."""
        if self._group is not None and self._start == start and self._group.running:
            return
        self.close()
        command = engine_command(start.python, start.engine_folder, "wait")
        with suppress(OSError):
            log.parent.mkdir(parents=True, exist_ok=True)
            log.unlink(missing_ok=True)
            self._group = ProcessGroup(command, log=log, environment=start.environment)
            self._start, self._since = start, time.monotonic()

    def take(self, start: Start, arguments: Sequence[str]) -> ProcessGroup | None:
        """Hand over the engine that waits, ready or nearly so; none where it is not the one that would be started."""
        self.tick()
        group, self._group = self._group, None
        # What a message cannot carry letter by letter is left to a command line.
        fits = all(word.isprintable() and len(word) < LONGEST_ARGUMENT for word in arguments)
        if group is not None and (self._start != start or not group.running or not fits):
            group.kill()
            return None
        return group

    def tick(self) -> bool:
        """Hear what the engine says, and end it where it is of no use; returns whether anything has changed."""
        group, before = self._group, self.state
        if group is None:
            return False
        for line in group.lines():
            with suppress(EventError):
                event = event_from_line(line)
                if isinstance(event, Ready):
                    self.memory = event.memory
                    self._fits = event.engine == __version__ and event.protocol == PROTOCOL
                    self._since = time.monotonic()
                    if not self._fits:
                        self.close()
                        return True
        waited = time.monotonic() - self._since
        if not group.running or waited > (IDLE_SECONDS if self._fits else HANDSHAKE_SECONDS) or group.chatters:
            self.close()
        return self.state is not before

    def close(self) -> None:
        """End the engine that waits, now."""
        if self._group is not None:
            self._group.kill()
        self._group, self._start, self._fits, self.memory = None, None, False, 0
