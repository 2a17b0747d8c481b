"""The engine as a process: handshake, events, heartbeat, cancel, grace and kill. No bpy in here, and no interface."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from .last_words import why_it_stopped
from .line_buffer import LINES_AT_ONCE
from .lipmlp_engine import __version__
from .lipmlp_engine.job.events import (
    HEARTBEAT_SECONDS,
    PROTOCOL,
    Begin,
    Cancel,
    Done,
    Event,
    EventError,
    Failed,
    Hello,
    Notice,
    PreviewRequest,
    Ready,
    event_from_line,
    to_line,
)
from .lipmlp_engine.machine.launch import engine_command
from .lipmlp_engine.machine.memory import memory_kills
from .lipmlp_engine.machine.programs import safe_environment
from .process_group import ProcessGroup

HANDSHAKE_SECONDS = 180.0
"""A cold disk and a virus scanner can hold the import of torch up for minutes."""
SILENCE_SECONDS = 30 * HEARTBEAT_SECONDS
CANCEL_GRACE_SECONDS = 10.0
"""What the engine may take to keep what is useful after a request to stop."""
EXIT_GRACE_SECONDS = 5.0
MAXIMUM_UNREADABLE = 20
MAXIMUM_STRAY = 10_000
"""Lines that are no messages: libraries print a few."""
FLOOD_SECONDS = 20.0
"""How long more may arrive than is fetched before it is a flood."""
NOT_LISTENED_SECONDS = 5.0

LOG_NAME = "engine.log"


def engine_environment() -> dict[str, str]:
    """Blender's environment without what would lead another Python astray."""
    environment = safe_environment(
        {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    )
    # With the default, threads that wait for each other burn the processor that Blender needs.
    environment.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    return environment


class EngineProcess:
    """One run of the engine. Call ``poll`` often; its last event is always a Done or a Failed, and comes once."""

    def __init__(
        self,
        python: Path,
        engine_folder: Path,
        folder: Path,
        arguments: Sequence[str],
        waiting: ProcessGroup | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the engine for a job's folder, or let the one that is ``waiting`` begin.

        ``environment`` is what it gets beside Blender's own. A start that fails is reported by ``poll`` like any other
        failure.
        """
        self.hello: Hello | None = None
        self.finished = False
        self._folder = folder
        self._memory_kills = memory_kills()
        self._unreadable = 0
        self._stray = 0
        self._kept_up = time.monotonic()
        """When every line that had come was fetched last."""
        self._cancelled_at: float | None = None
        self._failure: Failed | None = None
        self._group: ProcessGroup | None = None
        self._started = self._listened = time.monotonic()
        self._command = engine_command(python, engine_folder, *arguments, "--events")
        self._environment = engine_environment() | dict(environment or {})
        self._was_waiting = waiting is not None
        try:
            if waiting is None:
                self._start()
            else:
                self._begin(waiting, arguments)
        except OSError as error:
            self._failure = Failed(f"The engine cannot be started: {error.strerror or error}.", 1)

    @property
    def pid(self) -> int | None:
        return self._group.pid if self._group else None

    @property
    def running(self) -> bool:
        return self._group is not None and self._group.running

    def poll(self) -> list[Event]:
        """The events since the last call."""
        if self.finished:
            return []
        if self._group is None:
            assert self._failure is not None
            self.finished = True
            return [self._failure]
        self._forgive_absence()
        events: list[Event] = []
        ended = self._group.drained  # asked first: what is written up to here is fetched below
        lines = self._group.lines()
        if len(lines) < LINES_AT_ONCE:
            self._kept_up = time.monotonic()
        for line in lines:
            events += self._understand(line)
            if self.finished:
                return events
        trouble = self._trouble(ended)
        if trouble is not None:
            events.append(self._end(trouble))
        return events

    def cancel(self) -> None:
        """Ask the engine to stop; ``poll`` ends it by force where it takes too long."""
        if self._group is not None and self._cancelled_at is None and not self.finished:
            self._cancelled_at = time.monotonic()
            self._group.send(to_line(Cancel()))

    def request_preview(self, morph_time: float) -> None:
        if self._group is not None and self.hello is not None and not self.finished:
            self._group.send(to_line(PreviewRequest(morph_time)))

    def kill(self) -> None:
        """End the engine and everything it has started, now."""
        self.finished = True
        if self._group is not None:
            self._group.kill()

    def _start(self) -> None:
        self._group = ProcessGroup(self._command, log=self._folder / LOG_NAME, environment=self._environment)

    def _begin(self, waiting: ProcessGroup, arguments: Sequence[str]) -> None:
        log = self._folder / LOG_NAME
        try:
            waiting.log_into(log)
        except OSError:
            waiting.kill()
            raise
        waiting.send(to_line(Begin(list(arguments), str(log))))
        waiting.last_heard = time.monotonic()
        self._group = waiting

    def _start_afresh(self) -> bool:
        """Whether an engine that left before it had begun, for whatever reason, is replaced by another one."""
        assert self._group is not None
        if not self._was_waiting or self.hello is not None or self._cancelled_at is not None:
            return False
        self._was_waiting = False
        self._group.kill()
        try:
            self._start()
        except OSError:
            return False
        self._started = time.monotonic()
        return True

    def _understand(self, line: str) -> list[Event]:
        assert self._group is not None
        if not line.startswith("{"):
            # Libraries greet on stdout now and then; that belongs into the log.
            if line.strip():
                self._group.note(line)
                self._stray += 1
            return [self._end(Failed(_FLOOD, 1))] if self._stray > MAXIMUM_STRAY else []
        try:
            event = event_from_line(line)
        except EventError as error:
            self._group.note(str(error))
            self._unreadable += 1
            if self._unreadable >= MAXIMUM_UNREADABLE:
                return [self._end(Failed("The engine's messages cannot be read any more; it has been stopped.", 1))]
            return [Notice("A message of the engine could not be read and was left out.")]
        if isinstance(event, Ready) and self.hello is None:
            return []
        if isinstance(event, Hello):
            self.hello = event
            refusal = _refusal(event)
            return [self._end(Failed(refusal, 1))] if refusal else [event]
        if self.hello is None and not isinstance(event, Failed):
            return [self._end(Failed(_OTHER_ENGINE, 1))]
        if isinstance(event, (Done, Failed)):
            return [self._let_go(event)]
        return [event]

    def _trouble(self, ended: bool) -> Failed | None:
        """Why the run must be given up now, if it must."""
        assert self._group is not None
        now = time.monotonic()
        cancelled = self._cancelled_at is not None
        if ended:
            if cancelled:
                return Failed("Cancelled.", 130, cancelled=True)
            if self._start_afresh():
                return None
            ran_out = memory_kills() > self._memory_kills
            code = self._group.exit_code
            return Failed(why_it_stopped(code, self._group.log_end(), self._folder, ran_out), code or 1)
        if now - self._kept_up > FLOOD_SECONDS or self._group.chatters:
            return Failed(_FLOOD, 1)
        if self._cancelled_at is not None and now - self._cancelled_at > CANCEL_GRACE_SECONDS:
            return Failed("Cancelled; the engine did not answer and was ended.", 130, cancelled=True)
        if self.hello is None and now - self._started > HANDSHAKE_SECONDS:
            return Failed(f"The engine did not answer within {HANDSHAKE_SECONDS:.0f} s; it has been ended.", 1)
        if self.hello is not None and now - max(self._group.last_heard, self._started) > SILENCE_SECONDS:
            return Failed(f"The engine has been silent for {SILENCE_SECONDS:.0f} s; it has been ended.", 1)
        return None

    def _forgive_absence(self) -> None:
        """A machine that slept, or a Blender that rendered, must not take its own absence for the engine's silence."""
        now = time.monotonic()
        if now - self._listened > NOT_LISTENED_SECONDS:
            self._started = max(self._started, now - HANDSHAKE_SECONDS / 2)
            self._kept_up = now
            if self._group is not None:
                self._group.last_heard = now
        self._listened = now

    def _end(self, event: Done | Failed) -> Event:
        """Give the run up at once."""
        assert self._group is not None
        self.finished = True
        self._group.kill()
        return event

    def _let_go(self, event: Done | Failed) -> Event:
        """The engine has said its last word: let it leave by itself, but not for ever."""
        assert self._group is not None
        self.finished = True
        self._group.end_within(EXIT_GRACE_SECONDS)
        return event


_FLOOD = "The engine prints without end and has been stopped; its log says more."
_OTHER_ENGINE = (
    "Something other than the Lipschitz Morph engine answered; check the engine's Python in the add-on's preferences."
)


def _refusal(hello: Hello) -> str:
    if hello.protocol != PROTOCOL or hello.engine != __version__:
        return (
            f"The engine is of another version ({hello.engine}, protocol {hello.protocol}) than the add-on "
            f"({__version__}, protocol {PROTOCOL}): restart Blender, or repair the engine in the add-on's preferences."
        )
    return ""
