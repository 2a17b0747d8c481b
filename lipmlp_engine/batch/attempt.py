"""One task in a process of its own, followed to its end on whatever machine this is; knows no queue and no scheduler.

Standard library only. The process reads from a pipe that we hold: should we be killed, it hears that and stops.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from ..files.done_mark import is_done
from ..files.folder_lock import is_held
from ..job.events import HEARTBEAT_SECONDS, Cancel, Done, EventError, Failed, Hello, Progress, event_from_line, to_line
from ..job.hearsay import shown
from ..machine.launch import same_engine_command
from ..running.channel import GRACE_SECONDS
from .figures import figures_of
from .tasks import Outcome, Task

LOOK_SECONDS = 0.25
"""How often somebody is asked whether all this is still wanted."""
CANCEL_SECONDS = 10.0
SILENCE_SECONDS = 30 * HEARTBEAT_SECONDS
HELLO_SECONDS = 300.0
LOCKED_SECONDS = 4 * GRACE_SECONDS
"""An earlier process, whose owner was killed, may take as long to leave the folder."""
LAST_WORDS = 300

Hear = Callable[[Progress], object]


def perform(
    task: Task, hear: Hear, stopping: Callable[[], bool], surroundings: Mapping[str, str] | None = None
) -> Outcome:
    """Do a task; ``surroundings`` is added to the environment. Nothing is raised: how it ended is returned."""
    began = time.monotonic()
    folder = Path(task.folder)
    if task.mark and (task.attempt > 1 or not task.again) and is_done(folder, task.mark):
        return Outcome("kept", figures=figures_of(folder))  # whoever died had done it
    if not _await_free(folder, stopping):
        return Outcome("cancelled", "Stopped.", 130)
    try:
        with tempfile.TemporaryDirectory(prefix="lipmorph-", ignore_cleanup_errors=True) as place:
            child = _Child(_arguments(task, Path(place)), Path(place), surroundings or {})
            try:
                outcome = child.follow(hear, stopping)
            finally:
                child.end()
    except OSError as error:
        return Outcome("failed", f"The process cannot be started: {error.strerror or error}.", 1)
    figures = figures_of(folder) if outcome.good and task.stage in ("whole", "assemble") else {}
    return Outcome(outcome.state, outcome.sentence, outcome.exit_code, time.monotonic() - began, figures=figures)


def _arguments(task: Task, place: Path) -> list[str]:
    marked = ["--mark", task.mark] if task.mark else []
    forced = ["--force"] * task.force
    if task.stage == "frames":
        first, end = task.frames
        wanted = ["--range", f"{first}:{end}", "--only", "frames", "--set", f"training.threads={task.threads}"]
        return ["extract", task.model, "--out", task.folder, *wanted, *marked, *forced, "--events"]
    job = place / "job.json"
    values = {**task.job, "training": {**task.job["training"], "threads": task.threads}}
    job.write_text(json.dumps(values), encoding="utf-8")
    stage = ["--only", "model"] if task.stage == "model" else []
    parts = ["--frames-from", *task.parts] if task.parts else []
    anew = task.again and task.attempt == 1 and task.stage != "assemble"
    return ["run", str(job), *([] if anew else ["--resume"]), *stage, *parts, *marked, *forced, "--events"]


def _await_free(folder: Path, stopping: Callable[[], bool]) -> bool:
    """Wait until nobody else is at work in a folder, but not for ever; returns whether it is still wanted."""
    end = time.monotonic() + LOCKED_SECONDS
    while not stopping() and is_held(folder) and time.monotonic() < end:
        time.sleep(LOOK_SECONDS)
    return not stopping()


class _Child:
    """The engine at work."""

    def __init__(self, arguments: list[str], place: Path, surroundings: Mapping[str, str]) -> None:
        environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", **surroundings}
        self._errors = open(place / "stderr", "w+b")  # noqa: SIM115 — it lives as long as the process
        self._process = subprocess.Popen(
            same_engine_command(Path(sys.executable), *arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            # Ctrl-C is for us: we tell the child in our own words.
            start_new_session=os.name == "posix",
            creationflags=_creation_flags(),
        )
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(self._process.stdout,), name="events", daemon=True).start()

    def follow(self, hear: Hear, stopping: Callable[[], bool]) -> Outcome:
        """Hear it out; returns how it ended."""
        heard = time.monotonic()
        patience, asked = HELLO_SECONDS, 0.0
        while True:
            looked = time.monotonic()
            try:
                line = self._lines.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                line = b"\n"
            now = time.monotonic()
            if now - looked > 10 * LOOK_SECONDS or line != b"\n":
                heard = now  # the machine slept, or the child spoke
            if not asked and stopping():
                asked = now
                self._say(to_line(Cancel()))
            if not line:
                return self._ended(bool(asked))
            if (asked and now - asked > CANCEL_SECONDS) or now - heard > patience:
                sentence = "Stopped." if asked else f"The engine has been silent for {patience:.0f} s."
                return Outcome("cancelled" if asked else "died", sentence, 130 if asked else 1)
            if line.startswith(b"{"):
                try:
                    event = event_from_line(line.decode("utf-8", "replace"))
                except EventError:
                    continue
                if isinstance(event, Hello):
                    patience = SILENCE_SECONDS
                elif isinstance(event, Progress):
                    hear(event)
                elif isinstance(event, Done):
                    return Outcome("done")
                elif isinstance(event, Failed):
                    return _of_failure(event, bool(asked))

    def end(self) -> None:
        """Let it leave by itself, or make it; nothing of it is left afterwards."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()
        self._code()
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)  # what it had started
        self._errors.close()

    def _code(self) -> int:
        """Its exit code, once it has left; it is not waited for for ever."""
        try:
            return self._process.wait(timeout=GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _ended(self, asked: bool) -> Outcome:
        code = self._code()
        if asked:
            return Outcome("cancelled", "Stopped.", 130)
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - LAST_WORDS))
        words = self._errors.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
        return Outcome("died", f"The engine was ended {how}{': ' + shown(words, 200) if words else ''}.", code)

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def _read(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                self._lines.put(line)
        self._lines.put(b"")


def _creation_flags() -> int:
    if sys.platform == "win32":
        return subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _of_failure(failure: Failed, asked: bool) -> Outcome:
    if asked:
        return Outcome("cancelled", failure.message, 130)
    # Somebody else has told it to stop: a batch system, or the system when it goes down.
    return Outcome("died" if failure.cancelled else "failed", failure.message, failure.exit_code)
