"""``lipmorph run``: a job file, as the add-on or an earlier run has written it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..channel import Audience
from ..events import Done
from ..job import Job
from ..run import run_job
from .following import add_events, follow
from .options import add_force


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="do a job file",
        description="Do a job file. Its paths are relative to it, and so are the results unless output.folder says "
        "otherwise. `lipmorph presets` prints what a job may say.",
    )
    parser.add_argument("job", type=Path, metavar="JOB", help="job file (JSON)")
    add_force(parser)
    add_events(parser)
    parser.set_defaults(command=run)


def run(given: argparse.Namespace) -> int:
    def work(audience: Audience) -> Done:
        return run_job(Job.read(given.job), given.job.absolute().parent, audience, force=given.force)

    return follow(work, given.events)
