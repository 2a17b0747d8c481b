"""Progress of a whole job, made of the progress of its phases."""

from __future__ import annotations

import time

import pytest

from lipmlp_engine.job.description import PRESETS, Job
from lipmlp_engine.job.events import PHASES, Event, Progress
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.running import progress as module
from lipmlp_engine.running.channel import Audience
from lipmlp_engine.running.progress import Course, expected_seconds


class Listener(Audience):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[Progress] = []

    def tell(self, event: Event) -> None:
        assert isinstance(event, Progress)
        self.heard.append(event)


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_EVENTS", 0.0)
    return Listener()


def test_fractions_of_phases_become_one_that_never_falls(listener: Listener) -> None:
    course = Course(listener, {"load": 1.0, "guide": 1.0, "sample": 1.0, "train": 6.0, "extract": 1.0})
    with course.phase("load"):
        course.step(1, 1)
    with course.phase("guide"):
        course.hear(Progress("sample", 0.5))
        course.hear(Progress("train", 0.5, 0.1, 0.2))
        course.hear(Progress("train", 0.2))
        course.hear(Progress("train", 7.0))
    with course.phase("extract"):
        course.step(1, 2)
    fractions = [event.fraction for event in listener.heard]
    assert fractions == sorted(fractions)
    by_phase = {event.phase: event.fraction for event in listener.heard}
    assert by_phase == pytest.approx({"load": 0.1, "guide": 0.1, "sample": 0.25, "train": 0.9, "extract": 0.95})
    assert next(event for event in listener.heard if event.loss).end_error == 0.2


def test_the_time_left_counts_the_phases_to_come(listener: Listener) -> None:
    course = Course(listener, {"train": 2.0, "extract": 1.0})
    with course.phase("train"):
        course.hear(Progress("train", 0.5, seconds_left=10.0))
        course.hear(Progress("train", 0.01))
    told, early = listener.heard[1:]
    assert told.seconds_left == pytest.approx(15.0, abs=0.2)
    assert early.seconds_left is None


def test_phases_are_timed(listener: Listener) -> None:
    course = Course(listener, {"load": 1.0, "train": 1.0})
    with course.phase("load"):
        time.sleep(0.03)
        course.hear(Progress("train", 0.0))
        time.sleep(0.06)
    assert 0.02 < course.seconds["load"] < course.seconds["train"]


def test_events_are_few(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_BETWEEN_EVENTS", 10.0)
    course = Course(listener, {"train": 1.0})
    with course.phase("train"):
        for step in range(1000):
            course.step(step, 1000)
        course.step(1000, 1000)
    assert len(listener.heard) == 2


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("trained", [False, True])
def test_every_phase_is_expected_to_take_some_time(preset: str, trained: bool) -> None:
    job = Job.preset(preset, shapes=[ShapeInput("a"), ShapeInput("b")])
    expected = expected_seconds(job, trained)
    assert list(expected) == list(PHASES)
    assert all(seconds > 0 for seconds in expected.values())


def test_a_phase_that_takes_longer_than_was_thought_moves_the_others_back(listener: Listener) -> None:
    course = Course(listener, dict.fromkeys(PHASES, 1.0))
    with course.phase("load"):
        course.expect("load", 100.0)
        course.step(1, 1)
    fractions = [progress.fraction for progress in listener.heard]
    assert fractions[-1] > 0.9 and fractions == sorted(fractions)
