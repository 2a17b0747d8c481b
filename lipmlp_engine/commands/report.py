"""``lipmorph report``: what an earlier run measured, or its frames measured once more."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from ..files.results_folder import ResultsFolder
from ..job.hearsay import LARGEST_FILE, shown
from ..running.pipeline import measure_results
from .following import follow, in_full


def add_to(commands: Any) -> None:
    parser = commands.add_parser(
        "report",
        help="print the figures of an earlier run",
        description="Print the figures of an earlier run, in full with --json.",
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="results of an earlier run")
    parser.add_argument("--json", action="store_true", help="print the whole report.json")
    parser.add_argument(
        "--again", action="store_true", help="measure and draw the frames once more; writes report and pictures anew"
    )
    parser.set_defaults(command=report)


def report(given: argparse.Namespace) -> int:
    if given.again:
        return follow(
            lambda audience: measure_results(given.folder.absolute(), audience), events=False, outcome=in_full
        )
    from ..metrics import Report, summary

    path = ResultsFolder(given.folder).report
    found = Report.read(path)
    text = path.read_text(encoding="utf-8") if given.json else summary(found) + "\n"
    sys.stdout.write(shown(text, LARGEST_FILE, keep="\n"))
    return 0
