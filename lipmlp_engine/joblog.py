"""engine.log: what a job did and what went wrong, for whoever is asked to help. Standard library only."""

from __future__ import annotations

import logging
from pathlib import Path
from types import TracebackType

PACKAGE = __name__.rpartition(".")[0]
LOGGERS = (PACKAGE, "py.warnings")


class JobLog:
    """While open, what the engine logs is added to a file; a file that cannot be written is done without."""

    def __init__(self, path: Path) -> None:
        self._handler = _LogFile(path, encoding="utf-8", delay=True)
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))

    def __enter__(self) -> JobLog:
        for name in LOGGERS:
            logging.getLogger(name).addHandler(self._handler)
        logging.getLogger(PACKAGE).setLevel(logging.INFO)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(self._handler)
        self._handler.close()


class _LogFile(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """Stay silent: on a full disk the job's own error is the one to be heard."""
