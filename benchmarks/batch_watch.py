"""Watches a batch while its workers are killed: which results folders were finished, and whether one was twice."""

from __future__ import annotations

import argparse
import random
import subprocess
import time
from collections import Counter
from pathlib import Path

from benchmarks.slurm_here import Slurm


class Marks:
    """The marks of finished results folders, and which were written more than once."""

    def __init__(self, results: Path) -> None:
        self._results = results
        self.stamps: dict[str, int] = {}
        self.twice: set[str] = set()

    def look(self) -> None:
        for mark in self._results.glob("*/lipmorph-done.json"):
            name, stamp = mark.parent.name, mark.stat().st_mtime_ns
            if self.stamps.setdefault(name, stamp) != stamp:
                self.twice.add(name)


def while_it_runs(
    client: subprocess.Popen[bytes], cluster: Slurm, results: Path, options: argparse.Namespace
) -> tuple[Counter[str], Marks]:
    """Wait for the batch; where asked for, kill one of Slurm's jobs now and then, and its controller once."""
    draws, deaths, marks = random.Random(options.seed), Counter[str](), Marks(results)
    due = time.monotonic() + (options.every or 0.0)
    while client.poll() is None:
        time.sleep(0.25)
        marks.look()
        if options.every and marks.stamps and time.monotonic() >= due:
            due = time.monotonic() + options.every * draws.uniform(0.5, 1.5)
            if not deaths["controller"] and len(marks.stamps) >= options.morphs // 2:
                cluster.kill_controller()
                deaths["controller"] += 1
            elif cluster.kill_a_job(draws):
                deaths["jobs"] += 1
    marks.look()
    return deaths, marks
