"""The engine's side of the protocol: events out as JSON lines, requests in; knows nothing of what a job does.

Standard library only, so that the first word can be said before anything heavy is imported.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO

from ..job.errors import Cancelled
from ..job.events import (
    HEARTBEAT_SECONDS,
    Cancel,
    Done,
    Event,
    EventError,
    Failed,
    Heartbeat,
    Hello,
    PreviewRequest,
    request_from_line,
    to_line,
)

GRACE_SECONDS = 5.0
"""How long a job whose owner is gone may take to stop of its own accord."""

log = logging.getLogger(__name__)


class Audience:
    """Whoever follows a job: hears its events, may ask it to stop or to show itself. This one listens in silence."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._preview: float | None = None
        self.may_interrupt = True
        """Whether a wish to stop may break in at once; the job forbids it as long as it has something to keep."""

    def tell(self, event: Event) -> None:
        """Hear an event."""

    def stop(self) -> None:
        """Ask the job to stop soon and to keep what is useful."""
        self._stop.set()

    def stopping(self) -> bool:
        """Whether the job has been asked to stop."""
        return self._stop.is_set()

    def ask_preview(self, time: float) -> None:
        """Ask for a coarse surface at a time; a later wish replaces an earlier one."""
        self._preview = time

    def take_preview(self) -> float | None:
        """The time for which a preview is wanted, once."""
        wanted, self._preview = self._preview, None
        return wanted


class EventChannel(Audience):
    """An audience in another process: events go out as lines, requests come in; when it leaves, the job ends."""

    def __init__(
        self,
        output: IO[bytes],
        requests: int | None,
        *,
        grace: float = GRACE_SECONDS,
        heartbeat: float = HEARTBEAT_SECONDS,
        interrupt: Callable[[], object] = lambda: None,
        leave: Callable[[int], object] = os._exit,
    ) -> None:
        super().__init__()
        self._output = output
        self._grace = grace
        self._heartbeat = heartbeat
        self._interrupt = interrupt
        self._leave = leave
        self._lock = threading.Lock()
        self._said = time.monotonic()
        self._over = threading.Event()
        if requests is not None:
            threading.Thread(target=self._listen, args=(requests,), name="requests", daemon=True).start()

    def stop(self) -> None:
        """Ask the job to stop, and break in where nothing is lost by it."""
        super().stop()
        if self.may_interrupt:
            self._interrupt()

    def tell(self, event: Event) -> None:
        """Send an event. Heartbeats fill the silences between the first event, a Hello, and the last."""
        with self._lock:
            if self._over.is_set():
                return
            if isinstance(event, (Done, Failed)):
                self._over.set()
            self._said = time.monotonic()
            try:
                self._output.write(to_line(event).encode() + b"\n")
                self._output.flush()
            except (OSError, ValueError):
                self._over.set()
                self._orphaned()
                return
        if isinstance(event, Hello):
            threading.Thread(target=self._beat, name="heartbeat", daemon=True).start()

    def _beat(self) -> None:
        while not self._over.wait(max(0.01, self._said + self._heartbeat - time.monotonic())):
            if time.monotonic() >= self._said + self._heartbeat:
                self.tell(Heartbeat())

    def _listen(self, requests: int) -> None:
        for line in lines_of(requests):
            try:
                request = request_from_line(line)
            except EventError as error:
                log.warning("%s", error)
                continue
            if isinstance(request, Cancel):
                self.stop()
            elif isinstance(request, PreviewRequest):
                self.ask_preview(request.time)
        self._orphaned()

    def _orphaned(self) -> None:
        """Nobody is there any more: stop, and if that takes too long, leave without it."""
        self.stop()
        timer = threading.Timer(self._grace, self._leave, args=(Cancelled.exit_code,))
        timer.daemon = True
        timer.start()


def lines_of(descriptor: int) -> Iterator[str]:
    """The lines that arrive at a file descriptor, until it is closed at the other end.

    Not through sys.stdin: a thread that waits inside its buffer would make the interpreter fail when it exits.
    """
    rest = b""
    while chunk := _read(descriptor):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line.decode("utf-8", "replace")


def first_line(descriptor: int) -> str:
    """The first line that arrives, and nothing of what comes after it; empty where none comes any more."""
    line = b""
    while (byte := _read(descriptor, 1)) and byte != b"\n":
        line += byte
    return line.decode("utf-8", "replace") if byte else ""


def _read(descriptor: int, most: int = 65536) -> bytes:
    """The next bytes, or none at the end."""
    try:
        if sys.platform == "win32":
            _await_bytes(descriptor)
        return os.read(descriptor, most)
    except OSError:
        return b""


if sys.platform == "win32":
    import ctypes
    import msvcrt

    def _await_bytes(descriptor: int) -> None:
        """Wait until a pipe has bytes or is closed, without a pending read.

        A pending read locks the handle, and a library whose start-up code asks for the kind of the standard handles
        would then hang while it is being imported.
        """
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(descriptor))
        available = ctypes.c_ulong(0)
        while ctypes.windll.kernel32.PeekNamedPipe(handle, None, 0, None, ctypes.byref(available), None):
            if available.value:
                return
            time.sleep(0.1)
