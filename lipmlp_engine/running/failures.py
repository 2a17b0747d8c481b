"""Turns whatever goes wrong into one sentence for a person and an exit code; torch is recognised without import."""

from __future__ import annotations

import errno
from pathlib import Path

from ..job.description import Job
from ..job.errors import Cancelled, EngineError, OutputError
from ..machine.memory import is_low_memory, low_memory, memory_limit

_WRITING = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO}


def failure_of(
    error: BaseException, log: Path | None = None, *, stopping: bool = False, job: Job | None = None
) -> EngineError:
    """The error to show; what nobody foresaw points to the log. ``stopping``: whether the job was asked to stop."""
    # Libraries that catch everything take the interruption for a failure of their own.
    if isinstance(error, KeyboardInterrupt) or (stopping and not isinstance(error, Cancelled)):
        return Cancelled("Stopped.")
    if is_low_memory(error):
        return EngineError(low_memory(job, memory_limit()))
    if isinstance(error, EngineError):
        return error
    if isinstance(error, ModuleNotFoundError) and error.name:
        package = error.name.partition(".")[0]
        return EngineError(f"The Python package '{package}' is missing; `lipmorph doctor` says what to install.")
    if isinstance(error, OSError) and error.errno in _WRITING:
        place = error.filename or (log.parent if log else "The result")
        return OutputError(f"{place} cannot be written: {error.strerror}.")
    where = f"; details are in {log}" if log else ""
    return EngineError(f"Something unexpected went wrong ({_in_short(error)}){where}.")


def foreseen(error: BaseException) -> bool:
    """Whether the sentence says it all, so that nobody needs a traceback."""
    return isinstance(error, (EngineError, KeyboardInterrupt)) or is_low_memory(error)


def _in_short(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0].rstrip(".")[:160]
    return f"{type(error).__name__}: {first}" if first else type(error).__name__
