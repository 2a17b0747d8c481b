"""Files that appear whole or not at all; knows nothing of what is in them. Standard library only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..job.errors import OutputError

PART = ".part"
"""The ending of a file that is still being written."""
_TOKEN = secrets.token_hex(4)
_keepers: list[Callable[[Path], None]] = []


def run_name() -> str:
    """What this process calls itself in the names of its drafts."""
    return f"{os.getpid()}-{_TOKEN}"


def draft_of(path: Path, run: str) -> Path:
    """Where a run writes a file before it is whole."""
    return path.with_name(f"{path.name}.{run}{PART}")


@contextmanager
def kept_by(keeper: Callable[[Path], None]) -> Iterator[None]:
    """While open, the keeper hears of every file before its draft is begun, and may refuse it."""
    _keepers.append(keeper)
    try:
        yield
    finally:
        _keepers.remove(keeper)


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A stream that becomes the file at ``path`` once it has been written without an error."""
    with moved_when_whole(path) as draft, open(draft, "wb") as stream:
        yield stream


@contextmanager
def moved_when_whole(path: Path) -> Iterator[Path]:
    """A place to write to, for a writer that wants a path; what lies there in the end is moved to ``path``."""
    for keeper in _keepers:
        keeper(path)
    draft = draft_of(path, run_name())
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)


def stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a file is written anew; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
