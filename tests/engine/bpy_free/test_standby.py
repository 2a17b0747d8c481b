"""The engine that waits for its job: one job each, taken only where it is the one that would be started, never left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lipmlp_engine.job.events import PROTOCOL, Begin, Cancel, Done, Failed, Hello, Preview, Ready, to_line
from tests.engine.small_jobs import Following, write_job
from tests.engine.staged_addon import behave, events_of, job_path, kinds, part, python
from tests.processes import is_gone, is_running

__all__ = ["behave", "job_path", "part", "python"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


@pytest.fixture
def standby(part: Callable[[str], ModuleType]) -> Iterator[Any]:
    kept = part("standby").Standby()
    yield kept
    kept.close()


@pytest.fixture
def start_with(part: Callable[[str], ModuleType], python: Path) -> Callable[[], Any]:
    return lambda: part("standby").Start.of(python, Path("bundled"))


def until_ready(standby: Any, part: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while standby.state is not part("standby").StandbyState.READY:
        assert time.monotonic() < end and standby.pid is not None
        standby.tick()
        time.sleep(0.01)


def begun(standby: Any, part: Any, start: Any, python: Path, job_path: Path) -> Any:
    """A job handed to the waiting engine."""
    arguments = ["run", str(job_path)]
    waiting = standby.take(start, arguments)
    assert waiting is not None
    return part("engine_process").EngineProcess(python, Path("bundled"), job_path.parent, arguments, waiting)


def test_the_waiting_engine_does_the_job_and_leaves(
    part: Any, standby: Any, start_with: Any, python: Path, job_path: Path, tmp_path: Path
) -> None:
    standby.prepare(start_with(), tmp_path / "standby.log")
    until_ready(standby, part)
    pid = standby.pid
    assert standby.memory == 123_000_000
    standby.prepare(start_with(), tmp_path / "standby.log")
    assert standby.pid == pid
    engine = begun(standby, part, start_with(), python, job_path)
    assert engine.pid == pid and standby.state is part("standby").StandbyState.NONE
    events = events_of(engine)
    assert kinds(events)[0] == "hello" and kinds(events)[-1] == "done"
    assert is_gone(pid)


def test_an_engine_that_is_still_loading_can_be_taken(
    part: Any, standby: Any, start_with: Any, python: Path, job_path: Path, tmp_path: Path
) -> None:
    standby.prepare(start_with(), tmp_path / "standby.log")
    engine = begun(standby, part, start_with(), python, job_path)
    assert kinds(events_of(engine))[-1] == "done"


@pytest.mark.parametrize("behaviour", ["faint", "faint_at_work"])
def test_one_that_has_left_is_replaced_and_nobody_hears_of_it(
    behaviour: str,
    part: Any,
    standby: Any,
    start_with: Any,
    python: Path,
    job_path: Path,
    tmp_path: Path,
    behave: Callable[[str], None],
) -> None:
    behave(behaviour)
    standby.prepare(start_with(), tmp_path / "standby.log")
    pid = standby.pid
    engine = begun(standby, part, start_with(), python, job_path)
    events = events_of(engine)
    assert kinds(events)[0] == "hello" and kinds(events)[-1] == "done" and engine.pid != pid
    assert is_gone(pid)


def test_a_job_that_fails_or_is_cancelled_leaves_the_next_one_alone(
    part: Any,
    standby: Any,
    start_with: Any,
    python: Path,
    job_path: Path,
    tmp_path: Path,
    behave: Callable[[str], None],
) -> None:
    ends = []
    for behaviour in ("crash", "slow", ""):
        behave(behaviour)
        standby.prepare(start_with(), tmp_path / "standby.log")
        until_ready(standby, part)
        engine = begun(standby, part, start_with(), python, job_path)
        while engine.hello is None:
            engine.poll()
        if behaviour == "slow":
            engine.cancel()
        ends.append(events_of(engine)[-1])
        assert is_gone(engine.pid)
    assert isinstance(ends[0], part("lipmlp_engine.job.events").Failed) and ends[1].cancelled and ends[2].kind == "done"


def test_another_environment_python_or_version_is_another_engine(
    part: Any,
    standby: Any,
    start_with: Any,
    python: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    behave: Callable[[str], None],
) -> None:
    standby.prepare(start_with(), tmp_path / "standby.log")
    first = standby.pid
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert standby.take(start_with(), ["run"]) is None and is_gone(first)
    standby.prepare(start_with(), tmp_path / "standby.log")
    second = standby.pid
    os.utime(python, ns=(1, 1))
    standby.prepare(start_with(), tmp_path / "standby.log")
    assert is_gone(second) and standby.pid not in (None, second)
    behave("other_version")
    standby.prepare(start_with(), tmp_path / "standby.log")
    third = standby.pid
    end = time.monotonic() + 60
    while standby.pid is not None and time.monotonic() < end:
        standby.tick()
        time.sleep(0.01)
    assert standby.pid is None and is_gone(third)


def test_what_a_message_cannot_carry_is_left_to_a_command_line(
    part: Any, standby: Any, start_with: Any, tmp_path: Path
) -> None:
    standby.prepare(start_with(), tmp_path / "standby.log")
    pid = standby.pid
    assert standby.take(start_with(), ["run", "a\nb/job.json"]) is None and is_gone(pid)


def test_one_that_waits_in_vain_is_ended(
    part: Any, standby: Any, start_with: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standby.prepare(start_with(), tmp_path / "standby.log")
    until_ready(standby, part)
    pid = standby.pid
    monkeypatch.setattr(part("standby"), "IDLE_SECONDS", 0.0)
    assert standby.tick() and standby.pid is None and standby.memory == 0
    assert is_gone(pid)


def test_it_leaves_when_whoever_started_it_is_killed(tmp_path: Path, wait_for: Any) -> None:
    """The real engine, held by a process that is killed without a chance to say anything."""
    note = tmp_path / "pid"
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "engine = subprocess.Popen([sys.executable, '-m', 'lipmlp_engine', 'wait'], stdin=subprocess.PIPE,"
            " stdout=subprocess.PIPE)\n"
            f"engine.stdout.readline(); open({str(note)!r}, 'w').write(str(engine.pid)); time.sleep(600)\n",
        ],
        cwd=Path(__file__).parents[3],
    )
    try:
        wait_for(lambda: note.exists() and note.read_text(), 120.0, "the engine's first word")
        pid = int(note.read_text())
        assert is_running(pid)
        holder.kill()
        assert is_gone(pid)
    finally:
        holder.kill()
        holder.wait()


def test_the_real_engine_waits_and_then_does_its_one_job(tmp_path: Path) -> None:
    job = write_job(tmp_path / "job", guide={"kind": "transport"})
    following = Following("wait")
    ready = following.until(lambda event: True)
    assert isinstance(ready, Ready) and ready.protocol == PROTOCOL and ready.memory > 50e6
    log = tmp_path / "log"
    following.say(to_line(Begin(["preview", str(job)], str(log))))
    assert following.end() == 0 and log.is_file()
    first, *others, last = following.events[1:]
    assert isinstance(first, Hello) and isinstance(last, Done)
    shown = [event for event in others if isinstance(event, Preview)]
    assert {event.station for event in shown} == set(range(9)) and all(event.guide for event in shown)
    assert len(last.frames) == 9 and all(Path(path).is_file() for path in last.frames)
    assert not (tmp_path / "job" / "model.safetensors").exists()


def test_a_wish_to_stop_reaches_the_real_engine_before_its_job(tmp_path: Path) -> None:
    following = Following("wait")
    following.until(lambda event: True)
    following.say(to_line(Cancel()))
    assert following.end() == 130
    last = following.events[-1]
    assert isinstance(last, Failed) and last.cancelled
