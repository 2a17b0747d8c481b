"""Files that appear whole or not at all; knows nothing of what is in them. Standard library only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .errors import OutputError

PART = ".part"
"""The ending of a file that is still being written."""


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A stream that becomes the file at ``path`` once it has been written without an error."""
    with moved_when_whole(path) as draft, open(draft, "wb") as stream:
        yield stream


@contextmanager
def moved_when_whole(path: Path) -> Iterator[Path]:
    """A place to write to, for a writer that wants a path; what lies there in the end is moved to ``path``."""
    draft = path.with_name(path.name + PART)
    try:
        yield draft
        os.replace(draft, path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
