"""A child process with all that it starts: run, read line by line, and end without leftovers. No bpy in here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from .line_buffer import LONGEST_LINE, LineBuffer
from .lipmlp_engine.machine.programs import neutral_folder

LOG_END_BYTES = 4096
MOST_LOG_BYTES = 64 << 20
"""What a process may add to its log."""

_living: set[ProcessGroup] = set()
_living_lock = threading.Lock()


def end_all() -> None:
    """End every process that has been started here and still has something running: the last act before leaving."""
    with _living_lock:
        groups = list(_living)
    for group in groups:
        group.kill()


class ProcessGroup:
    """A process in a group of its own; its output is read by a thread, so that asking for it never blocks."""

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        log: Path,
        environment: Mapping[str, str] | None = None,
        merge_errors: bool = False,
    ) -> None:
        """Start the command in a neutral folder; stderr goes to ``log``, with ``merge_errors`` into the lines.

        Raises OSError where the command cannot be started.
        """
        self._lines = LineBuffer()
        self.last_heard = time.monotonic()
        # It lives as long as the process, and is not opened through a link that a stranger's folder may hold.
        self._log, self._log_began = _opened(log)
        try:
            self._process = subprocess.Popen(
                [os.fspath(part) for part in command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merge_errors else self._log,
                cwd=neutral_folder(),
                env=dict(environment) if environment is not None else None,
                text=True,
                encoding="utf-8",
                errors="replace",
                bufsize=1,
                start_new_session=os.name == "posix",
                creationflags=_creation_flags(),
            )
        except OSError:
            self._log.close()
            raise
        self._reader = threading.Thread(target=self._read, name="lipmorph-reader", daemon=True)
        self._reader.start()
        with _living_lock:
            _living.add(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The process's exit code, negative for a signal, None while it runs."""
        return self._process.poll()

    def lines(self) -> list[str]:
        """What the process has written since the last call; where that is very much, the rest comes with the next."""
        return self._lines.take()

    @property
    def chatters(self) -> bool:
        """Whether the process has filled its log beyond all measure."""
        with suppress(OSError, ValueError):
            return os.fstat(self._log.fileno()).st_size - self._log_began > MOST_LOG_BYTES
        return False

    def log_end(self) -> str:
        """What the process has written into its log last."""
        with suppress(OSError, ValueError), open(self._log.name, "rb") as stream:
            stream.seek(max(self._log_began, os.fstat(stream.fileno()).st_size - LOG_END_BYTES))
            return stream.read(LOG_END_BYTES).decode("utf-8", "replace")
        return ""

    @property
    def drained(self) -> bool:
        """Whether the process has ended and every line of it has been fetched."""
        return not self.running and not self._reader.is_alive() and self._lines.empty

    def send(self, line: str) -> None:
        """Write a line to the process's stdin; a process that has ended takes no notice."""
        with suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()

    def log_into(self, log: Path) -> None:
        """Count another file as the process's log from here on; the process has to be told by itself."""
        before = self._log
        self._log, self._log_began = _opened(log)
        before.close()

    def note(self, line: str) -> None:
        """Add a line to the log."""
        with suppress(OSError, ValueError):
            self._log.write(line + "\n")

    def kill(self) -> None:
        """End the process and everything it has started, at once."""
        if os.name == "posix":
            # The group outlives its leader where a child of the engine hangs, so it is ended even then.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        elif self.running:
            subprocess.run(
                [neutral_folder() / "taskkill.exe", "/T", "/F", "/PID", str(self._process.pid)],
                capture_output=True,
                check=False,
                creationflags=_creation_flags(),
            )
        with suppress(OSError):
            self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)
        self._close_input()
        self._lines.close()
        self._reader.join(timeout=1.0)
        self._log.close()
        with _living_lock:
            _living.discard(self)

    def end_within(self, seconds: float) -> None:
        """Close the process's stdin, and end it where it has not left by itself in this time; returns at once."""
        self._close_input()
        threading.Thread(target=self._wait_and_kill, args=(seconds,), name="lipmorph-farewell", daemon=True).start()

    def _wait_and_kill(self, seconds: float) -> None:
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=seconds)
        self.kill()

    def _close_input(self) -> None:
        with suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with suppress(OSError, ValueError), self._process.stdout as stream:
            while line := stream.readline(LONGEST_LINE):
                self.last_heard = time.monotonic()
                if not self._lines.put(line.rstrip("\r\n")):
                    return


def _opened(log: Path) -> tuple[IO[str], int]:
    """A log to add to, and its size so far."""
    stream: IO[str] = open(log, "a", encoding="utf-8", buffering=1, opener=_not_through_links)  # noqa: SIM115
    return stream, os.fstat(stream.fileno()).st_size


def _not_through_links(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return 0
