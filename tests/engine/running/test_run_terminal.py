"""What a person sees while a job runs."""

from __future__ import annotations

import io

import pytest

from lipmlp_engine.job.events import Done, Event, FrameDone, Hello, Notice, Progress
from lipmlp_engine.running.terminal import Terminal

EVENTS: list[Event] = [
    Hello("0.1.0", 1, "3.11", "2.13", "cpu", "a processor"),
    Progress("load", 0.0),
    Notice("'spot' was open."),
    Progress("train", 0.25, 0.0123, 0.5, 30.0),
    Progress("train", 0.5, 0.0123, 0.25, 200.0),
    FrameDone(0, 1, 0.0, "frame.npz"),
    Done("model", "report"),
]


class Screen(io.StringIO):
    encoding = "utf-8"

    def __init__(self, person: bool) -> None:
        super().__init__()
        self._person = person

    def isatty(self) -> bool:
        return self._person


def shown(person: bool) -> str:
    screen = Screen(person)
    terminal = Terminal(screen)
    for event in EVENTS:
        terminal.tell(event)
    return screen.getvalue()


def test_a_file_gets_a_line_for_every_phase() -> None:
    lines = shown(person=False).splitlines()
    assert lines[0] == "Lipschitz Morph 0.1.0 · torch 2.13 · a processor"
    assert [line.split("  ")[0] for line in lines[1:]] == ["Reading shapes", "Note: 'spot' was open.", "Training"]
    assert lines[3].split() == ["Training", "25%", "30", "s", "left", "ends", "0.50", "%", "loss", "0.012"]


def test_a_person_gets_one_line_that_moves_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    states = shown(person=True).split("\r\x1b[K")
    bars = [state for state in states if "█" in state or "░" in state]
    assert len(bars) == 3 and all(len(bar) < 60 and "\n" not in bar for bar in bars)
    assert bars[2].count("█") == bars[2].count("░") == 10
    assert "3 min left" in bars[2]
    assert states[-1] == ""


def test_a_poor_terminal_gets_plain_signs() -> None:
    screen = Screen(person=True)
    screen.encoding = "ascii"
    Terminal(screen).tell(Progress("load", 0.5))
    assert screen.getvalue().isascii() and "##########----------" in screen.getvalue()
