"""The add-on's parts that need no Blender: the engine as a process, the queue, what is read of its answers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.staged_addon import PACKAGE, behave, events_of, job_path, kinds, part, python, start
from tests.processes import is_gone

__all__ = ["behave", "job_path", "part", "python", "start"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


def test_a_run_begins_with_hello_ends_with_done_and_leaves_no_process(start: Callable[[], Any], job_path: Path) -> None:
    engine = start()
    events = events_of(engine)
    assert kinds(events)[0] == "hello"
    assert kinds(events)[-1] == "done"
    assert len(events[-1].frames) == 4 and all(Path(path).is_file() for path in events[-1].frames)
    assert is_gone(engine.pid)
    assert engine.poll() == []


def test_cancel_is_heard_and_ends_with_a_cancelled_failure(
    start: Callable[[], Any], behave: Callable[[str], None]
) -> None:
    behave("slow")
    engine = start()
    while engine.hello is None:
        engine.poll()
        time.sleep(0.01)
    began = time.monotonic()
    engine.cancel()
    events = events_of(engine)
    assert events[-1].cancelled and time.monotonic() - began < 10.0
    assert is_gone(engine.pid)


def test_a_deaf_engine_is_ended_after_the_grace(
    start: Callable[[], Any], behave: Callable[[str], None], part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave("deaf")
    monkeypatch.setattr(part("engine_process"), "CANCEL_GRACE_SECONDS", 0.5)
    engine = start()
    while engine.hello is None:
        engine.poll()
        time.sleep(0.01)
    engine.cancel()
    events = events_of(engine)
    assert events[-1].cancelled and "ended" in events[-1].message
    assert is_gone(engine.pid)


def test_killing_ends_what_the_engine_has_started(
    start: Callable[[], Any], behave: Callable[[str], None], job_path: Path, wait_for: Any
) -> None:
    behave("with_child")
    engine = start()
    note = job_path.with_name("child.pid")
    wait_for(lambda: note.exists() and note.read_text(), 10.0, "the child")
    engine.kill()
    assert is_gone(engine.pid) and is_gone(int(note.read_text()))


def test_the_engine_ends_when_its_owner_is_killed(
    part: Any, python: Path, job_path: Path, tmp_path: Path, behave: Callable[[str], None], wait_for: Any
) -> None:
    behave("slow")
    note = tmp_path / "engine.pid"
    staged = Path(part("engine_process").__file__).parent
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
            f"from {PACKAGE}.engine_process import EngineProcess\n"
            "python, job = Path(sys.argv[2]), Path(sys.argv[3])\n"
            "engine = EngineProcess(python, Path('bundled'), job.parent, ['run', str(job)])\n"
            "Path(sys.argv[4]).write_text(str(engine.pid)); time.sleep(60)",
            *map(str, (staged.parent, python, job_path, note)),
        ]
    )
    wait_for(lambda: note.exists() and note.read_text(), 10.0, "the engine")
    time.sleep(1.0)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert is_gone(int(note.read_text()))


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        ("crash", "exit code 9"),
        ("disk_full", "disk is full"),
        ("other_version", "another version (0.0.1"),
        ("stranger", "Something other than"),
        ("garbage", "cannot be read any more"),
    ],
)
def test_trouble_ends_in_a_sentence_and_no_process(
    start: Callable[[], Any], behave: Callable[[str], None], behaviour: str, sentence: str
) -> None:
    behave(behaviour)
    engine = start()
    last = events_of(engine)[-1]
    assert last.kind == "failed" and not last.cancelled
    assert sentence in last.message
    assert is_gone(engine.pid)


def test_a_killed_engine_is_explained(start: Callable[[], Any], behave: Callable[[str], None]) -> None:
    behave("slow")
    engine = start()
    while engine.hello is None:
        engine.poll()
        time.sleep(0.01)
    os.kill(engine.pid, signal.SIGKILL)
    said = events_of(engine)[-1].message
    assert "ended from outside, most likely because memory ran out: this job takes about 0.8 GB" in said
    assert "what would fit: resolution 111 instead of 223" in said


def test_a_corrupt_line_is_left_out_and_told(
    start: Callable[[], Any], behave: Callable[[str], None], job_path: Path
) -> None:
    behave("corrupt")
    events = events_of(start())
    assert kinds(events)[-1] == "done"
    assert "notice" in kinds(events)
    assert "a library greets" in job_path.with_name("engine.log").read_text()


def test_an_engine_that_never_answers_is_ended(
    start: Callable[[], Any], behave: Callable[[str], None], part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave("mute")
    monkeypatch.setattr(part("engine_process"), "HANDSHAKE_SECONDS", 0.5)
    engine = start()
    assert "did not answer within" in events_of(engine)[-1].message
    assert is_gone(engine.pid)


def test_a_silent_engine_is_ended(
    start: Callable[[], Any], behave: Callable[[str], None], part: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    behave("slow")
    monkeypatch.setattr(part("engine_process"), "SILENCE_SECONDS", 1.0)
    engine = start()
    while engine.hello is None:
        engine.poll()
        time.sleep(0.01)
    os.killpg(engine.pid, signal.SIGSTOP)
    assert "silent for" in events_of(engine)[-1].message
    assert is_gone(engine.pid)


def test_a_python_that_cannot_be_started_is_a_sentence(part: Any, job_path: Path) -> None:
    engine = part("engine_process").EngineProcess(job_path, Path("bundled"), job_path.parent, [])
    assert "cannot be started" in events_of(engine)[-1].message


def test_the_bundled_engine_runs_whatever_else_is_installed(part: Any, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere" / "lipmlp_engine"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("word = 'bundled'")
    (folder / "__main__.py").write_text("import sys; from . import word; print(word, sys.argv[1:], sys.path[0])")
    command = part("engine_process").engine_command(Path(sys.executable), folder, "run", "job.json")
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": "/x"})
    assert answer.stdout.startswith("bundled ['run', 'job.json']")
    assert "elsewhere" not in answer.stdout and "/x" not in answer.stdout


def test_the_engine_works_in_a_neutral_folder_and_finds_no_program_there(
    part: Any, job_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teller = tmp_path / "python"
    teller.write_text(f"#!/bin/sh\npwd > {tmp_path}/where\necho $PATH >> {tmp_path}/where\n")
    teller.chmod(0o755)
    monkeypatch.chdir(job_path.parent)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}:")
    engine = part("engine_process").EngineProcess(teller, Path("bundled"), job_path.parent, ["run", str(job_path)])
    events_of(engine)
    where, search = (tmp_path / "where").read_text().splitlines()
    assert Path(where) == part("lipmlp_engine.machine.programs").neutral_folder() != job_path.parent
    assert "" not in search.split(":") and "." not in search.split(":")
