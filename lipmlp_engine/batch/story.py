"""Tells what goes on in a batch: to a person or a program, and to the record that the summary is made of."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from ..job.events import Batch, BatchEvent, MorphBegun, MorphEnded, MorphProgress, Progress
from ..job.hearsay import HearsayError, parsed_group
from .batch_errors import MOST_COUNTED
from .orders import Order
from .steps import Verdict
from .tasks import Outcome, Task

TOLD_SECONDS = 0.5
MOST_REMEMBERED = 20
"""Failures that are told once more at the end."""


class Listener(Protocol):
    """Whoever follows the batch."""

    def hear(self, event: BatchEvent) -> None: ...
    def overall(self, done: float, counts: Counter[str]) -> None: ...


class Story:
    """Counts, and passes on; what there is of each morph goes to the record and is forgotten."""

    def __init__(self, total: int, record: Path, listener: Listener) -> None:
        self.counts: Counter[str] = Counter()
        """Morphs by what became of them."""
        self.failures: list[str] = []
        """Of the first ones, who and why."""
        self._total = max(1, total)
        self._listener = listener
        self._fractions: dict[str, float] = {}
        self._told = self._done = 0.0
        self._stream = open(record, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 — open as long as the batch

    @property
    def settled(self) -> int:
        return self.counts.total()

    @property
    def failed(self) -> int:
        return self.counts["failed"]

    def open_with(self, morphs: int, refused: int, folder: Path) -> None:
        self._listener.hear(Batch(morphs, refused, str(folder)))

    def begin(self, task: Task) -> None:
        self._fractions[task.folder] = 0.0
        self._listener.hear(MorphBegun(task.name, task.title, task.folder, task.attempt))
        self.look()

    def progress(self, task: Task, said: Progress) -> None:
        self._fractions[task.folder] = said.fraction
        self._listener.hear(MorphProgress(task.name, task.title, said.phase, said.fraction, said.seconds_left))
        self.look()

    def end(self, task: Task, outcome: Outcome) -> None:
        """One process has ended, which may or may not settle its morph."""
        self._fractions.pop(task.folder, None)
        if outcome.state in ("died", "lost"):
            self._note({"event": outcome.state, "title": task.title, **_plain(outcome), "attempt": task.attempt})

    def settle(self, verdict: Verdict) -> None:
        """What became of a morph."""
        self._settle(verdict.order.name, verdict.order.folder, verdict.outcome, verdict.attempts)

    def refuse(self, name: str, sentence: str) -> None:
        """An entry of the list that cannot be done."""
        self._settle(name, "", Outcome("failed", sentence, 2), 0)

    def cancel(self, order: Order, outcome: Outcome) -> None:
        self._settle(order.name, order.folder, outcome, 0)

    def look(self) -> None:
        """Say how far all is, if that was long enough ago."""
        now = time.monotonic()
        if now - self._told >= TOLD_SECONDS:
            self._told = now
            done = (self.settled + sum(self._fractions.values())) / self._total
            self._done = max(self._done, min(1.0, done))  # what has to be begun anew does not show
            self._listener.overall(self._done, self.counts)

    def close(self) -> None:
        self._stream.close()

    def exit_code(self) -> int:
        """How many failed, as far as an exit code can count."""
        return min(self.failed, MOST_COUNTED)

    def _settle(self, name: str, folder: str, outcome: Outcome, attempts: int) -> None:
        self.counts[outcome.state] += 1
        if outcome.state == "failed" and len(self.failures) < MOST_REMEMBERED:
            self.failures.append(f"{name}: {outcome.sentence}")
        self._note({"event": "morph", "name": name, "folder": folder, **_plain(outcome), "attempts": attempts})
        ended = MorphEnded(name, folder, outcome.state, outcome.sentence, outcome.exit_code, outcome.seconds, attempts)
        self._listener.hear(ended)
        self.look()

    def _note(self, line: dict[str, Any]) -> None:
        self._stream.write(json.dumps({"at": round(time.time(), 2), **line}) + "\n")


def _plain(outcome: Outcome) -> dict[str, Any]:
    return {**asdict(outcome), "seconds": round(outcome.seconds, 2)}


def morphs_in(record: Path) -> Iterator[dict[str, Any]]:
    """What a record says of each morph, line by line."""
    with open(record, encoding="utf-8") as stream:
        for line in stream:
            try:
                told = parsed_group(line)
            except HearsayError:
                continue  # cut off in the middle
            if told.get("event") == "morph":
                yield told
