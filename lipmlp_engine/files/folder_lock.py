"""One run at a time in a folder: a lock of the operating system, which ends with its process; knows no job.

Standard library only: the add-on asks who is at work as well.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from ..job.errors import OutputError
from .whole_file import run_name

LOCK = "lipmorph.lock"
LONGEST_STORY = 4096
LONGEST_COMMAND = 160
RUN_NAME = re.compile(r"\d{1,10}-[0-9a-f]{8}")


class FolderLock:
    """Taken, it keeps other runs out of a folder. The file says who holds it, and is gone when nobody does."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOCK
        self.earlier_run = ""
        """The run that held the lock last and could not put it away, because it was killed."""
        self._descriptor: int | None = None

    def take(self) -> None:
        """Take the lock, or say who has it."""
        while self._descriptor is None:
            try:
                # Not through a link: the file is written to.
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
            except OSError as error:
                raise OutputError(
                    f"The folder {self.path.parent} cannot be written to: {error.strerror or error}."
                ) from error
            story = _story_in(descriptor)
            if not locked(descriptor):
                os.close(descriptor)
                raise OutputError(_who(self.path.parent, story))
            if not self._is_at_its_place(descriptor):
                os.close(descriptor)  # whoever had it has put it away meanwhile
                continue
            self._descriptor = descriptor
            self.earlier_run = str(_story_in(descriptor).get("run", ""))

    def sign(self) -> None:
        """Say in the file who holds the lock; from here on its drafts are known by their name."""
        assert self._descriptor is not None
        story = {
            "pid": os.getpid(),
            "run": run_name(),
            "since": time.strftime("%Y-%m-%d %H:%M:%S"),
            "command": shlex.join([_program(), *sys.argv[1:]])[:LONGEST_COMMAND],
        }
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, json.dumps(story).encode())

    def release(self) -> None:
        """Put the lock away."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        if os.name == "nt":  # an open file cannot be deleted there
            os.close(descriptor)
        with contextlib.suppress(OSError):
            self.path.unlink()
        if os.name != "nt":
            os.close(descriptor)

    def __enter__(self) -> FolderLock:
        self.take()
        self.sign()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def _is_at_its_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.lstat(self.path))
        except OSError:
            return False


def is_held(folder: Path) -> bool:
    """Whether a run is at work in a folder now; leaves no trace."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        return not locked(descriptor)
    finally:
        os.close(descriptor)


def _program() -> str:
    name = Path(sys.argv[0]).name if sys.argv else ""
    return "lipmorph" if name in ("", "-c", "__main__.py") else name


def left_by_us(path: Path) -> bool:
    """Whether a file of the lock's name can be a lock that a killed run has left, and no file of the user's."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError:
        return False
    try:
        return os.fstat(descriptor).st_size == 0 or bool(_story_in(descriptor))
    finally:
        os.close(descriptor)


def _story_in(descriptor: int) -> dict[str, Any]:
    """Who the file says holds the lock; nothing where it is junk, which anybody may have written there."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        story = json.loads(os.read(descriptor, LONGEST_STORY))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(story, dict) or not RUN_NAME.fullmatch(str(story.get("run"))):
        return {}
    return story


def _who(folder: Path, story: dict[str, Any]) -> str:
    """Who is at work in a folder, for a person."""

    def told(name: str) -> str:
        return "".join(letter for letter in str(story.get(name, ""))[:LONGEST_COMMAND] if letter.isprintable())

    who = f" (process {told('pid')}, since {told('since')}: {told('command')})" if story else ""
    return f"Another run is at work in {folder}{who}: wait until it has ended, or choose another folder."


if sys.platform == "win32":
    import msvcrt

    _FAR_BEYOND_THE_STORY = 1 << 30
    """Bytes that are locked cannot be read there, and who holds the lock is to be read."""

    def locked(descriptor: int) -> bool:
        """Whether the system's lock on an open file is this process's from here on, until it closes the file."""
        os.lseek(descriptor, _FAR_BEYOND_THE_STORY, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def locked(descriptor: int) -> bool:
        """Whether the system's lock on an open file is this process's from here on, until it closes the file."""
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks: there is nobody to be asked
        return True
