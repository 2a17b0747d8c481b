"""A batch on a terminal: a line for each process and one for all, or plain lines in a file; and for a program."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from typing import TextIO

from ..job.events import PHASES, Batch, BatchEvent, MorphBegun, MorphEnded, MorphProgress, Progress
from ..job.hearsay import shown
from ..machine.standard_streams import say
from ..running.channel import EventChannel
from ..running.terminal import BAR_WIDTH, SECONDS_BETWEEN_LINES, can_show, duration

MOST_LINES = 12
"""Processes that have a line of their own; more are counted."""


class ProgramListener:
    """Everything as events."""

    def __init__(self, channel: EventChannel) -> None:
        self._channel = channel

    def hear(self, event: BatchEvent) -> None:
        self._channel.tell(event)

    def overall(self, done: float, counts: Counter[str]) -> None:
        self._channel.tell(Progress("batch", done))


class Display:
    """What a person sees."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._moving = stream.isatty()
        self._full, self._empty = ("█", "░") if can_show(stream, "█░") else ("#", "-")
        self._lines: dict[str, str] = {}
        """Of each process, by its title."""
        self._drawn = 0
        self._total = 0
        self._began = self._printed = time.monotonic()

    def hear(self, event: BatchEvent) -> None:
        match event:
            case Batch():
                self._total = event.morphs + event.refused
                self._print(f"{event.morphs} morphs go to {event.folder}")
            case MorphBegun():
                again = f" (attempt {event.attempt})" if event.attempt > 1 else ""
                self._lines[event.title] = f"{event.title}: starting{again}"
            case MorphProgress():
                left = "" if event.seconds_left is None else f"  {duration(event.seconds_left)} left"
                phase = PHASES.get(event.phase, event.phase)
                self._lines[event.title] = (
                    f"{self._bar(event.fraction)} {event.fraction:4.0%}  {event.title}: {phase}{left}"
                )
            case MorphEnded():
                for title in [
                    title for title in self._lines if title == event.name or title.startswith(event.name + ",")
                ]:
                    del self._lines[title]
                self._print(_ended(event))

    def overall(self, done: float, counts: Counter[str]) -> None:
        words = self._overall(done, counts)
        if self._moving:
            self._draw([*list(self._lines.values())[:MOST_LINES], words])
        elif time.monotonic() - self._printed >= SECONDS_BETWEEN_LINES:
            self._print(words)

    def close(self) -> None:
        self._clear()

    def _overall(self, done: float, counts: Counter[str]) -> str:
        ready = counts["done"] + counts["kept"]
        words = [f"{self._bar(done)} {done:4.0%}  {ready} of {self._total} morphs"]
        if counts["failed"]:
            words.append(f"{counts['failed']} failed")
        if len(self._lines) > MOST_LINES:
            words.append(f"{len(self._lines)} at work")
        spent = time.monotonic() - self._began
        if 0.02 < done < 1 and spent > 5:
            words.append(f"{duration(spent * (1 - done) / done)} left")
        return ", ".join(words)

    def _bar(self, fraction: float) -> str:
        filled = round(min(1.0, fraction) * BAR_WIDTH)
        return self._full * filled + self._empty * (BAR_WIDTH - filled)

    def _print(self, words: str) -> None:
        self._clear()
        self._printed = time.monotonic()
        say(f"{shown(words)}\n", self._stream)

    def _draw(self, lines: list[str]) -> None:
        columns = shutil.get_terminal_size().columns
        text = "\n".join(shown(line)[: columns - 1] for line in lines)
        self._clear()
        say(text, self._stream)
        self._drawn = len(lines)

    def _clear(self) -> None:
        if self._drawn:
            up = f"\x1b[{self._drawn - 1}A" if self._drawn > 1 else ""
            say(f"\r{up}\x1b[J", self._stream)
            self._drawn = 0


def _ended(event: MorphEnded) -> str:
    match event.state:
        case "done":
            tries = f", {event.attempts} attempts" if event.attempts > 1 else ""
            return f"Done: {event.name} in {duration(event.seconds)}{tries}"
        case "kept":
            return f"Done before: {event.name}"
        case "failed":
            return f"Failed: {event.name}: {event.sentence}"
        case _:
            return f"Stopped: {event.name}"
