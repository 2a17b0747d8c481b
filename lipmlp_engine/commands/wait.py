"""``lipmorph wait``: an engine that has loaded everything and waits on stdin to be told what to do, once.

Whoever starts it keeps it for the next job. It does one and leaves, so that no job finds anything of another; it leaves
as well when stdin closes. Nothing of a GPU is taken while it waits.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from typing import Any

from .. import __name__ as ENGINE
from .. import __version__
from ..job.errors import Cancelled, EngineError
from ..job.events import PROTOCOL, Begin, EventError, Failed, Ready, request_from_line, to_line
from ..machine.memory import memory_in_use
from ..running.channel import first_line
from .following import reserved_stdout

LOADED = (
    "reading.load",
    "reading.vertex_matches",
    "running.method",
    "surface.parallel_frames",
    "metrics",
    "pictures.contact_sheet",
    "certificates.shown_surface",
    "points.reconstruct",
)
"""What jobs import when they come to it."""
KERNELS = (
    "shapes.distance_kernels",
    "guide.flow_kernels",
    "guide.exact_kernels",
    "tracking.sheet_kernels",
    "metrics.mesh_kernels",
    "shapes.crossing_kernels",
)


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "wait",
        help="load everything and wait on stdin for one job, for programs",
        description="Load everything, say that on stdout, and wait on stdin for one line that names the command to be.",
    )
    parser.set_defaults(command=wait)


def wait(given: argparse.Namespace) -> int:
    with reserved_stdout() as output:
        load()
        ready = Ready(__version__, PROTOCOL, memory_in_use())
        try:
            output.write(to_line(ready).encode() + b"\n")
            output.flush()
            line = first_line(sys.stdin.fileno())
            if not line:
                return Cancelled.exit_code
            begin = request_from_line(line)
            if not isinstance(begin, Begin):
                output.write(to_line(Failed("Cancelled before it began.", Cancelled.exit_code, True)).encode() + b"\n")
                return Cancelled.exit_code
        except EventError as error:
            raise EngineError(f"{error}.") from error
    _log_into(begin.log)
    code: int = given.begin([*begin.arguments, "--events"])
    return code


def load() -> None:
    """Import all that takes time, and the kernels for the processor."""
    from ..machine.warp_runtime import warp_kernels

    for name in LOADED:
        importlib.import_module(f"{ENGINE}.{name}")
    for name in KERNELS:
        warp_kernels(name, "cpu")


def _log_into(path: str) -> None:
    """Let standard error go to a file, which may not be a link that lies in a stranger's folder."""
    sys.stderr.flush()
    stream = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666)
    os.dup2(stream, 2)
    os.close(stream)
