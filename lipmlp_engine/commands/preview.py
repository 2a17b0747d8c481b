"""``lipmorph preview``: a job's morph by its guide alone, coarse and at once; trains nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..job.description import Job
from ..job.events import Done
from ..running.channel import Audience
from ..running.pipeline import preview_guide
from .following import add_events, follow


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "preview",
        help="show the morph of a job file by its guide alone, in seconds",
        description="Find the motion that a job file asks for and show the whole morph along it, coarse and without "
        "training: surfaces in preview/*.npz and a picture, preview/guide.png, beside the job. For trying out what "
        "guide.rigidity, guide.volume and landmarks do.",
    )
    parser.add_argument("job", type=Path, metavar="JOB", help="job file (JSON), as `lipmorph run` takes it")
    add_events(parser)
    parser.set_defaults(command=preview)


def preview(given: argparse.Namespace) -> int:
    def work(audience: Audience) -> Done:
        return preview_guide(Job.read(given.job), given.job.absolute().parent, audience)

    return follow(work, given.events, lambda done: f"{len(done.frames)} surfaces are in {Path(done.frames[0]).parent}")
