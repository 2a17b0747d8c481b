"""``lipmorph run``: a job file, as the add-on or an earlier run has written it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..job.description import Job
from ..job.events import Done
from ..running.channel import Audience
from ..running.pipeline import run_job
from ..running.portions import Portion
from .following import add_events, add_verbose, follow, in_full
from .options import add_force, add_mark


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="do a job file",
        description="Do a job file. Its paths are relative to it, and so are the results unless output.folder says "
        "otherwise. `lipmorph presets` prints what a job may say.",
    )
    parser.add_argument("job", type=Path, metavar="JOB", help="job file (JSON)")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on from the model, finished or not, that a run of the same job left in the folder when it was killed",
    )
    parser.add_argument("--only", choices=["model"], default="", help="train, and leave the frames to others")
    parser.add_argument(
        "--frames-from",
        nargs="+",
        type=Path,
        default=[],
        metavar="DIR",
        help="take the film's frames out of these folders, which `lipmorph extract --range` has filled, in this order",
    )
    add_mark(parser)
    add_force(parser)
    add_verbose(parser)
    add_events(parser)
    parser.set_defaults(command=run)


def run(given: argparse.Namespace) -> int:
    portion = Portion(given.resume, given.only, tuple(folder.absolute() for folder in given.frames_from), given.mark)

    def work(audience: Audience) -> Done:
        base = given.job.absolute().parent
        return run_job(Job.read(given.job), base, audience, force=given.force, portion=portion)

    return follow(work, given.events, in_full if given.verbose else None)
