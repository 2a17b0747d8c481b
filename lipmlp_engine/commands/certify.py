"""``lipmorph certify``: what is proved about a trained morph, and what was only sampled."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..results import ResultsFolder
from .following import reserved_stdout, say_to

if TYPE_CHECKING:
    from ..certificates import Certificate, Figure
    from ..morph import Morph


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "certify",
        help="prove bounds of a trained morph",
        description="Print bounds of a trained morph, each with the word certified or sampled. A report beside the "
        "model gets them too.",
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="model.safetensors of an earlier run")
    parser.add_argument("--motion", action="store_true", help="bound the motion between frames too: seconds a frame")
    parser.add_argument("--json", action="store_true", help="print the certificate as JSON")
    parser.set_defaults(command=certify)


def certify(given: argparse.Namespace) -> int:
    with reserved_stdout() as output:
        from ..certificates import certify as examine
        from ..morph import Morph

        morph = Morph.load(given.model)
        certificate = examine(morph)
        results = ResultsFolder(given.model.absolute().parent)
        if given.motion:
            certificate.figures.append(_largest_motion(morph, results))
        if results.report.is_file():
            _add_to_report(certificate, results.report)
        text = json.dumps(certificate.to_dict(), indent=2) if given.json else certificate.summary()
        say_to(output, text)
    return 0


def _largest_motion(morph: Morph, results: ResultsFolder) -> Figure:
    from ..certificates import Figure
    from ..frame_files import FrameFiles
    from ..metrics.motion_bound import certified_motion

    motion = max(certified_motion(morph, FrameFiles(results.frames())), default=0.0)
    return Figure("motion_bound", motion, "certified", "Largest motion between two frames", "world units")


def _add_to_report(certificate: Certificate, path: Path) -> None:
    """Put the figures in the place of those that the report had; yes or no is for the terminal."""
    from ..metrics import Bound, Report

    report = Report.read(path)
    report.bounds = [
        Bound(figure.meaning, float(figure.value), figure.unit, figure.kind)
        for figure in certificate.figures
        if not isinstance(figure.value, bool)
    ]
    report.write(path)
