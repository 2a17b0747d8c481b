"""The process's side of the protocol, through real pipes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from lipmlp_engine.job.events import (
    Cancel,
    Done,
    Event,
    Heartbeat,
    Hello,
    Notice,
    PreviewRequest,
    event_from_line,
    to_line,
)
from lipmlp_engine.running.channel import EventChannel, lines_of

HELLO = Hello("1", 1, "3", "2", "cpu", "cpu")


class Owner:
    """The other end of a channel."""

    def __init__(self) -> None:
        self._requests, self.requests = os.pipe()
        events, output = os.pipe()
        self.events: IO[bytes] = os.fdopen(events, "rb")
        self.output: IO[bytes] = os.fdopen(output, "wb")
        self.left, self.interrupted = threading.Event(), threading.Event()
        self.channel = EventChannel(
            self.output,
            self._requests,
            grace=0.1,
            heartbeat=0.05,
            interrupt=self.interrupted.set,
            leave=lambda code: self.left.set(),
        )

    def say(self, line: str) -> None:
        os.write(self.requests, line.encode() + b"\n")

    def heard(self) -> Event:
        return event_from_line(self.events.readline().decode())

    def hang_up(self) -> None:
        os.close(self.requests)
        self.requests = -1

    def close(self) -> None:
        if self.requests >= 0:
            self.hang_up()
        self.channel.tell(Done("", ""))
        for stream in (self.events, self.output):
            try:
                stream.close()
            except OSError:
                continue


@pytest.fixture
def owner() -> Iterator[Owner]:
    owner = Owner()
    yield owner
    owner.close()


def eventually(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + 30
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def test_silences_are_filled_between_hello_and_the_end(owner: Owner) -> None:
    time.sleep(0.15)
    owner.channel.tell(HELLO)
    assert owner.heard() == HELLO
    assert owner.heard() == Heartbeat()
    owner.channel.tell(Done("m", "r"))
    owner.channel.tell(Notice("too late"))
    time.sleep(0.15)
    owner.output.close()
    rest = [event_from_line(line.decode()) for line in owner.events]
    assert rest[-1] == Done("m", "r") and rest.count(Done("m", "r")) == 1
    assert all(isinstance(event, Heartbeat) for event in rest[:-1])


def test_requests_arrive_and_noise_is_passed_over(owner: Owner) -> None:
    owner.say("noise")
    owner.say(to_line(PreviewRequest(0.25)))
    owner.say(to_line(PreviewRequest(0.5)))
    assert eventually(lambda: owner.channel._preview == 0.5)
    assert owner.channel.take_preview() == 0.5
    assert owner.channel.take_preview() is None
    assert not owner.channel.stopping()
    owner.channel.may_interrupt = False
    owner.say(to_line(Cancel()))
    assert eventually(owner.channel.stopping)
    time.sleep(0.2)
    assert not owner.left.is_set() and not owner.interrupted.is_set()


def test_a_wish_to_stop_breaks_in_where_it_may(owner: Owner) -> None:
    owner.say(to_line(Cancel()))
    assert owner.interrupted.wait(5) and owner.channel.stopping()


def test_an_owner_that_leaves_ends_the_job_softly_then_hard(owner: Owner) -> None:
    owner.hang_up()
    assert eventually(owner.channel.stopping)
    assert owner.left.wait(5)


def test_an_owner_that_no_longer_reads_ends_the_job(owner: Owner) -> None:
    owner.channel.tell(HELLO)
    owner.events.close()
    owner.channel.tell(Notice("is anybody there?"))
    assert eventually(owner.channel.stopping)
    assert owner.left.wait(5)


def test_lines_are_put_together_from_pieces(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    for piece in (b"on", b"e\r\n\ntw", b"o\nthree"):
        os.write(writing, piece)
    os.close(writing)
    assert [line.strip() for line in lines_of(reading)] == ["one", "two"]
    os.close(reading)
