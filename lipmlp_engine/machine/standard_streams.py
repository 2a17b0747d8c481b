"""stdin, stdout and stderr as they may be: closed, or a pipe that nobody reads any more. Standard library only."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO


def open_standard_streams() -> None:
    """Open what was closed by whoever started us, as cron and services do, on nothing.

    Else the first file that is opened gets a standard stream's number, and whatever is printed lands in it.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 0 else os.O_WRONLY)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115


def say(text: str, stream: TextIO) -> None:
    """Print without minding whether anybody is there to read it."""
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        silence(stream)


def silence(stream: TextIO) -> None:
    """Let what is printed from here on go nowhere: python would complain once more when it flushes at its end."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
