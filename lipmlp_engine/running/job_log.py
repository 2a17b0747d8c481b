"""engine.log: what a job did and what went wrong, for whoever is asked to help. Standard library only."""

from __future__ import annotations

import logging
import os
import tempfile
from collections import deque
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from .. import __name__ as PACKAGE

LOGGERS = (PACKAGE, "py.warnings")
MOST_KEPT = 2000
"""Records that are remembered for a log that has no file yet, or loses it."""


class JobLog(logging.Handler):
    """While entered, it hears what the engine logs, and once it has a file, adds it there; a file that cannot be
    written is done without."""

    def __init__(self) -> None:
        super().__init__()
        self.path: Path | None = None
        self._kept: deque[str] = deque(maxlen=MOST_KEPT)
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def open(self, path: Path) -> None:
        """Write to a file from here on, and what has been heard so far."""
        self.path = path
        self._add("\n".join(self._kept))

    def divert(self) -> Path | None:
        """Move what has been heard to a file of its own, because the results' folder will not stay."""
        with suppress(OSError):
            descriptor, name = tempfile.mkstemp(prefix="lipmorph-", suffix=".log")
            os.close(descriptor)
            self.open(Path(name))
        return self.path

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        self._kept.append(line)
        self._add(line)

    def _add(self, lines: str) -> None:
        # On a full disk the job's own error is the one to be heard.
        if self.path is not None and lines:
            with suppress(OSError), open(self.path, "a", encoding="utf-8") as stream:
                stream.write(lines + "\n")

    def __enter__(self) -> JobLog:
        for name in LOGGERS:
            logging.getLogger(name).addHandler(self)
        logging.getLogger(PACKAGE).setLevel(logging.INFO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(self)
        self.close()
