"""Runs a job while a terminal or another process follows it, and keeps stdout clean for what is meant to be there."""

from __future__ import annotations

import _thread
import argparse
import logging
import os
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO

from ..job.errors import Cancelled
from ..job.events import Done, Failed
from ..job.hearsay import LARGEST_FILE, shown
from ..running.channel import Audience, EventChannel
from ..running.failures import failure_of
from ..running.terminal import Terminal

Work = Callable[[Audience], Done]


def add_events(parser: argparse.ArgumentParser) -> None:
    """Add the choice to speak to a program instead of a person."""
    parser.add_argument(
        "--events",
        action="store_true",
        help="write events to stdout and read requests from stdin, one JSON object a line; a pipe on stdin that closes "
        "stops the job",
    )


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Add the wish for every figure at the end."""
    parser.add_argument(
        "--verbose", action="store_true", help="print every figure at the end, as `lipmorph report` does later"
    )


def follow(work: Work, events: bool, outcome: Callable[[Done], str] | None = None) -> int:
    """Do the work and tell its story; returns 0, and raises what stopped it. A person reads the ``outcome`` at the end,
    the report in brief if nothing else is given."""
    logging.captureWarnings(True)
    with reserved_stdout() as output:
        audience: Audience = Terminal(sys.stderr)
        if events:
            audience = EventChannel(output, _owner(), interrupt=_thread.interrupt_main)
        with _interrupts_stop(audience):
            try:
                done = work(audience)
            except (Exception, KeyboardInterrupt) as error:
                failure = failure_of(error, stopping=audience.stopping())
                cancelled = isinstance(failure, Cancelled)
                audience.tell(Failed(str(failure), failure.exit_code, cancelled))
                raise failure from error
        if not events:
            say_to(output, (outcome or in_brief)(done))
    return 0


def _owner() -> int | None:
    """Where requests come from, if somebody holds the other end: a file or /dev/null ends without meaning anything."""
    if sys.stdin is None:
        return None
    descriptor = sys.stdin.fileno()
    kind = os.fstat(descriptor).st_mode
    held = stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) or os.isatty(descriptor)
    return descriptor if held else None


def in_brief(done: Done) -> str:
    """The end of a run for an artist."""
    from ..metrics import Report, brief_summary

    if not done.report:
        return _place(done)
    more = f"; `lipmorph report {Path(done.model).parent}` prints all figures"
    return f"{brief_summary(Report.read(Path(done.report)))}\n{_place(done)}{more}"


def in_full(done: Done) -> str:
    """The end of a run with every figure."""
    from ..metrics import Report, summary

    return "\n".join([*([summary(Report.read(Path(done.report)))] if done.report else []), _place(done)])


def _place(done: Done) -> str:
    return f"{len(done.frames)} frames and all else are in {Path(done.model).parent}"


def say_to(output: IO[bytes], text: str) -> None:
    """Write lines to the real stdout, whatever it cannot show replaced; nobody need be there to read them."""
    lines = shown(text, LARGEST_FILE, keep="\n") + "\n"
    with suppress(OSError):
        output.write(lines.encode(sys.stdout.encoding or "utf-8", errors="replace"))


@contextmanager
def reserved_stdout() -> Iterator[IO[bytes]]:
    """The real stdout, for us alone: whatever libraries print meanwhile, native code included, goes to stderr."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    output = os.fdopen(os.dup(kept), "wb")
    try:
        yield output
    finally:
        with suppress(OSError):
            output.close()
        with suppress(OSError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


@contextmanager
def _interrupts_stop(audience: Audience) -> Iterator[None]:
    """Ctrl-C asks the job to stop and to keep what is useful; where there is nothing to keep, and the second time,
    it breaks in."""

    def stop(number: int, frame: FrameType | None) -> None:
        insists = audience.stopping() or audience.may_interrupt
        Audience.stop(audience)
        if insists:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop), signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
