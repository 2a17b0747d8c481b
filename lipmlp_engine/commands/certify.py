"""``lipmorph certify``: what is proved about a trained morph, and what was only sampled."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files.results_folder import MOTION_BOUND, ResultsFolder
from ..files.workplace import Workplace
from ..job.certificate_settings import Certification
from ..job.errors import Cancelled, JobError
from ..job.events import Done, Progress
from ..job.setting_kinds import check_section
from ..running.channel import Audience
from .following import add_events, follow
from .options import add_section, read_section

if TYPE_CHECKING:
    from ..certificates import Certificate, Figure
    from ..model.trained_morph import Morph


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "certify",
        help="prove bounds of a trained morph",
        description="Print bounds of a trained morph, each with the word certified or sampled. A report beside the "
        "model gets them too.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="model.safetensors of an earlier run")
    add_section(parser, "how much is examined", Certification)
    parser.add_argument("--at", metavar="X,Y,Z", help="prove how close any frame's surface comes to this point")
    parser.add_argument("--json", action="store_true", help="print the certificate as JSON")
    add_events(parser)
    parser.set_defaults(command=certify)


def certify(given: argparse.Namespace) -> int:
    found: list[Certificate] = []

    def work(audience: Audience) -> Done:
        from ..machine.devices import device_name
        from ..running.pipeline import greeting

        wanted = read_section(given, Certification)
        check_section(wanted, "certify")
        at = point_from(given.at) if given.at else None
        audience.tell(greeting("cpu", device_name("cpu")))
        results = ResultsFolder(given.model.absolute().parent)
        report = results.report if results.report.is_file() else None
        place = Workplace(results.path, [], beside=True, force=False)
        if report:
            place.require_room([report])
        found.append(_examine(given.model, wanted, at, audience))
        if report:
            place.open([report])
            try:
                _add_to_report(found[0], report)
            finally:
                place.close(failed=False)
        done = Done(str(results.model), str(report or ""), [str(path) for path in results.frames()])
        audience.tell(done)
        return done

    def outcome(_done: Done) -> str:
        return json.dumps(found[0].to_dict(), indent=2) if given.json else found[0].summary()

    return follow(work, given.events, outcome)


def point_from(text: str) -> list[float]:
    """A point as it is written on the command line."""
    try:
        x, y, z = (float(value) for value in text.split(","))
    except ValueError as error:
        raise JobError(f"--at {text} must be three numbers with commas between them.") from error
    return [x, y, z]


def _examine(model: Path, wanted: Certification, at: list[float] | None, audience: Audience) -> Certificate:
    from ..certificates import certify as examine
    from ..model.trained_morph import Morph

    told = -1

    def notify(fraction: float) -> None:
        nonlocal told
        if audience.stopping():
            raise Cancelled("Stopped before anything was proved; the report is as it was.")
        if int(100 * fraction) != told:
            told = int(100 * fraction)
            audience.tell(Progress("measure", fraction))

    morph = Morph.load(model)
    certificate = examine(morph, wanted, at=at, notify=notify)
    if wanted.motion:
        certificate.figures.append(_largest_motion(morph, ResultsFolder(model.absolute().parent)))
    return certificate


def _largest_motion(morph: Morph, results: ResultsFolder) -> Figure:
    from ..certificates import Figure
    from ..files.frame_files import FrameFiles
    from ..metrics.motion_bound import certified_motion

    motion = max(certified_motion(morph, FrameFiles(results.frames())), default=0.0)
    return Figure("motion_bound", motion, "certified", MOTION_BOUND, "world units")


def _add_to_report(certificate: Certificate, path: Path) -> None:
    """Put the figures in the place of those that the report had."""
    from ..metrics import Report

    report = Report.read(path)
    report.bounds = [figure.reported() for figure in certificate.figures]
    report.write(path)
