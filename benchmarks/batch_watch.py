"""Watches a batch while its workers are killed: which results folders were finished, and whether one was twice."""

from __future__ import annotations

import argparse
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


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
    client: subprocess.Popen[bytes],
    results: Path,
    options: argparse.Namespace,
    kill_worker: Callable[[random.Random], object],
    kill_head: Callable[[], object],
) -> Marks:
    """Wait for the batch; where asked for, kill a worker now and then, and once, at half time, what hands out work."""
    draws, marks, head = random.Random(options.seed), Marks(results), True
    due = time.monotonic() + (options.every or 0.0)
    while client.poll() is None:
        time.sleep(0.25)
        marks.look()
        if options.every and marks.stamps and time.monotonic() >= due:
            due = time.monotonic() + options.every * draws.uniform(0.5, 1.5)
            if head and len(marks.stamps) >= options.morphs // 2:
                kill_head()
                head = False
            else:
                kill_worker(draws)
    marks.look()
    return marks
