"""Lists of morphs that take a second each, and a listener that remembers, for the tests of batches."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from lipmlp_engine.job.events import BatchEvent, MorphEnded

from .small_jobs import SMALL, write_shapes

PAIR = {"shapes": ["box.stl", "ball.obj"]}
TINY: dict[str, Any] = {**SMALL, "training": {"steps": 40, "batch": 256, "device": "cpu"}}


def write_list(place: Path, entries: list[dict[str, Any]], settings: dict[str, Any] = TINY) -> Path:
    write_shapes(place)
    path = place / "morphs.json"
    path.write_text(json.dumps({"settings": settings, "morphs": entries}))
    return path


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.events: list[BatchEvent] = []
        self.done: list[float] = []

    def hear(self, event: BatchEvent) -> None:
        self.events.append(event)

    def overall(self, done: float, counts: Counter[str]) -> None:
        self.done.append(done)

    @property
    def ended(self) -> dict[str, MorphEnded]:
        return {event.name: event for event in self.events if isinstance(event, MorphEnded)}
