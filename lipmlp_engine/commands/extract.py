"""``lipmorph extract``: other frames out of a trained morph, without training."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from ..job.description import Job
from ..job.errors import JobError
from ..job.events import Done
from ..job.sections import Extraction
from ..running.channel import Audience
from ..running.pipeline import extract_morph
from ..running.portions import Portion
from .following import add_events, add_verbose, follow, in_full
from .options import (
    EXTRACTION_OPTIONS,
    add_assignments,
    add_force,
    add_mark,
    add_settings,
    add_timing,
    apply_settings,
    read_timing,
)


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "extract",
        help="take frames out of a trained morph",
        description="Take other frames out of a trained morph: more, finer, or of another stretch of time. What is "
        "not given stays as the morph was made, but for mesh files and film, which have to be asked for anew.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="model.safetensors of an earlier run")
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the results")
    parser.add_argument("--times", metavar="T,T,…", help="explicit times instead of evenly spaced ones")
    parser.add_argument(
        "--range",
        metavar="A:B",
        help="only the frames A to B - 1 of the film that the model's job describes, counted from 0",
    )
    parser.add_argument(
        "--only", choices=["frames"], default="", help="no report and no pictures: somebody else puts the film together"
    )
    add_mark(parser)
    add_timing(parser)
    add_settings(parser, "frames", EXTRACTION_OPTIONS)
    add_assignments(parser)
    add_force(parser)
    add_verbose(parser)
    add_events(parser)
    parser.set_defaults(command=extract)


def extract(given: argparse.Namespace) -> int:
    def work(audience: Audience) -> Done:
        from ..machine.device_choice import choose_device
        from ..model.trained_morph import Morph

        morph = Morph.load(given.model, choose_device("auto"))
        morph.job = changed(morph.job.without_orders(), given)
        portion = Portion(only=given.only, mark=given.mark)
        return extract_morph(morph, given.model.absolute().parent, audience, force=given.force, portion=portion)

    return follow(work, given.events, in_full if given.verbose else None)


def changed(job: Job, given: argparse.Namespace) -> Job:
    """The morph's job with what the command line says about frames and output."""
    before = dataclasses.asdict(job)
    job = dataclasses.replace(job)
    apply_settings(job, given, EXTRACTION_OPTIONS)
    now = dataclasses.asdict(job)
    now["training"]["threads"] = before["training"]["threads"]  # the machine's, and no part of the morph
    for section, values in now.items():
        if section not in ("extraction", "output") and values != before[section]:
            raise JobError(f"The morph has been trained; its {section} settings cannot be changed any more.")
    if given.times:
        job.times = times_from(given.times)
    elif given.timing or evenly_spaced_anew(before["extraction"], job.extraction):
        job.times = []
    if given.timing:
        job.timing = read_timing(given.timing)
    elif (job.extraction.start, job.extraction.end) != (before["extraction"]["start"], before["extraction"]["end"]):
        job.timing = []
    if given.range:
        job.times = times_within(job.frame_times(), given.range)
    job.output.folder = str(Path(given.out).absolute())
    job.check()
    return job


def evenly_spaced_anew(before: dict[str, Any], now: Extraction) -> bool:
    """Whether other times are wanted than those the morph's job names."""
    return any(before[name] != getattr(now, name) for name in ("frames", "start", "end"))


def times_within(times: list[float], text: str) -> list[float]:
    """Those times of a film that a range of frames means."""
    first, colon, end = text.partition(":")
    if not colon or not (first + end).isdecimal() or not 0 <= int(first or 0) < int(end or len(times)) <= len(times):
        raise JobError(f"--range {text} must be A:B with A below B, and the film has {len(times)} frames.")
    return times[int(first or 0) : int(end or len(times))]


def times_from(text: str) -> list[float]:
    """Times as they are written on the command line."""
    try:
        return [float(time) for time in text.split(",")]
    except ValueError as error:
        raise JobError(f"--times {text} must be numbers with commas between them.") from error
