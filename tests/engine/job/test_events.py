"""The messages between the engine and whoever started it."""

from __future__ import annotations

import pytest

from lipmlp_engine.job.events import (
    PHASES,
    Cancel,
    Done,
    Event,
    EventError,
    Failed,
    FrameDone,
    Heartbeat,
    Hello,
    Notice,
    Preview,
    PreviewRequest,
    Progress,
    event_from_line,
    request_from_line,
    to_line,
)

EVENTS: list[Event] = [
    Hello("1.0", 1, "3.11", "2.13", "cpu", "a processor, 2 cores"),
    Progress("train", 0.5, 0.01, 0.2, 12.5),
    Progress("load", 0.0),
    Heartbeat(),
    Preview("/tmp/preview.npz", 0.5),
    FrameDone(0, 24, 0.0, "/tmp/frame_0000.npz"),
    Notice("„Katze“ war offen.\nZweite Zeile"),
    Done("/m", "/r", ["/f0", "/f1"], "/c"),
    Failed("It went wrong.", 3, True, "/m"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_is_one_line_that_can_be_read_back(event: Event) -> None:
    line = to_line(event)
    assert "\n" not in line
    assert event_from_line(line) == event


@pytest.mark.parametrize("request_", [Cancel(), PreviewRequest(0.25)], ids=lambda request: request.kind)
def test_a_request_is_one_line_that_can_be_read_back(request_: Cancel | PreviewRequest) -> None:
    assert request_from_line(to_line(request_)) == request_


def test_what_a_newer_engine_adds_is_passed_over() -> None:
    assert event_from_line('{"kind": "notice", "message": "x", "colour": "red"}') == Notice("x")


@pytest.mark.parametrize("line", ["", "x", "[]", "1", "{}", '{"kind": "noise"}', '{"kind": "frame"}', '{"kind": []}'])
def test_anything_else_is_no_message(line: str) -> None:
    with pytest.raises(EventError):
        event_from_line(line)
    with pytest.raises(EventError):
        request_from_line(line)


def test_events_are_no_requests() -> None:
    with pytest.raises(EventError):
        request_from_line(to_line(Heartbeat()))


def test_every_phase_has_words_for_a_person() -> None:
    assert all(words[0].isupper() for words in PHASES.values())
