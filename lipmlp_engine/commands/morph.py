"""``lipmorph morph``: shapes on the command line, results in a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..job.description import Job
from ..job.events import Done
from ..job.sections import MAXIMUM_SHAPES, ShapeInput
from ..running.channel import Audience
from ..running.pipeline import run_job
from .following import add_events, add_verbose, follow, in_full
from .options import (
    EXTRACTION_OPTIONS,
    TRAINING_OPTIONS,
    add_assignments,
    add_force,
    add_preset,
    add_settings,
    add_timing,
    apply_settings,
    read_landmarks,
    read_timing,
    read_ups,
)


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "morph",
        help="train a morph between shapes and write its frames",
        description="Train a morph through two or more shapes, in their order, and write frames, report and pictures.",
    )
    parser.add_argument(
        "shapes",
        nargs="+",
        metavar="SHAPE",
        help=f"2 to {MAXIMUM_SHAPES} mesh files (STL, OBJ, PLY, GLB, OFF, …) or .npz of the add-on",
    )
    parser.add_argument("--out", metavar="DIR", help="folder for the results (default FIRST_to_LAST)")
    add_preset(parser)
    parser.add_argument(
        "--landmarks",
        metavar="CSV",
        type=Path,
        help="points that travel into each other: a row each, columns x, y, z for every shape, empty where a shape has "
        "no such point; a first row of headings is left out",
    )
    parser.add_argument(
        "--up",
        metavar="AXIS,AXIS,…",
        help="which axis of each file is up: y, z or auto (as is its format's custom), one for all or one each; shapes "
        "that differ from the first are turned",
    )
    add_timing(parser)
    add_settings(parser, "model", TRAINING_OPTIONS)
    add_settings(parser, "frames", EXTRACTION_OPTIONS)
    add_assignments(parser)
    add_force(parser)
    add_verbose(parser)
    add_events(parser)
    parser.set_defaults(command=morph)


def morph(given: argparse.Namespace) -> int:
    def work(audience: Audience) -> Done:
        return run_job(job_from(given), Path.cwd(), audience, force=given.force)

    return follow(work, given.events, in_full if given.verbose else None)


def job_from(given: argparse.Namespace) -> Job:
    """The job that the command line describes; relative paths are relative to the current folder."""
    ups = read_ups(given.up, len(given.shapes))
    shapes = [ShapeInput(path, Path(path).stem, up) for path, up in zip(given.shapes, ups, strict=True)]
    job = Job.preset(given.preset, shapes=shapes)
    apply_settings(job, given, TRAINING_OPTIONS | EXTRACTION_OPTIONS)
    first, last = job.shapes[0].name, job.shapes[-1].name
    job.output.folder = str(Path(given.out or job.output.folder or f"{first}_to_{last}").absolute())
    if given.landmarks:
        job.landmarks = read_landmarks(given.landmarks, len(job.shapes))
    if given.timing:
        job.timing = read_timing(given.timing)
    job.check()
    return job
