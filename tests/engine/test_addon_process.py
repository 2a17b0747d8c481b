"""The add-on's parts that need no Blender: the engine as a process, the queue, what is read of its answers."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import build_addon
from lipmlp_engine.job import Job
from lipmlp_engine.sections import ShapeInput
from tests.fake_engine import fake_python
from tests.processes import is_gone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")

PACKAGE = "lipmorph_staged"


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of the add-on out of the packed extension, where its imports of the engine resolve."""
    folder = tmp_path_factory.mktemp("staged")
    build_addon.stage(folder / PACKAGE)
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    sys.path.remove(str(folder))


@pytest.fixture
def python(tmp_path: Path) -> Path:
    return fake_python(tmp_path)


@pytest.fixture
def behave(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda how: monkeypatch.setenv("LIPMORPH_FAKE", how)


@pytest.fixture
def job_path(tmp_path: Path) -> Path:
    folder = tmp_path / "job"
    folder.mkdir()
    job = Job(shapes=[ShapeInput("a.npz", "A"), ShapeInput("b.npz", "B")])
    job.extraction.frames = 4
    job.write(folder / "job.json")
    return folder / "job.json"


@pytest.fixture
def start(part: Callable[[str], ModuleType], python: Path, job_path: Path) -> Iterator[Callable[[], Any]]:
    """Start an engine; whatever is left of it at the end of the test is ended."""
    started = []

    def start() -> Any:
        started.append(
            part("engine_process").EngineProcess(python, Path("bundled"), job_path.parent, ["run", str(job_path)])
        )
        return started[-1]

    yield start
    for engine in started:
        engine.kill()


def events_of(engine: Any, seconds: float = 60.0) -> list[Any]:
    """Everything the engine says until it has said its last word."""
    events: list[Any] = []
    end = time.monotonic() + seconds
    while not engine.finished:
        assert time.monotonic() < end, f"no end after {events[-3:]}"
        events += engine.poll()
        time.sleep(0.01)
    return events


def kinds(events: list[Any]) -> list[str]:
    return [event.kind for event in events]


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
    assert Path(where) == part("lipmlp_engine.programs").neutral_folder() != job_path.parent
    assert "" not in search.split(":") and "." not in search.split(":")


# ---- the queue


def queue_of(part: Any, python: Path, tmp_path: Path, titles: list[str]) -> tuple[Any, list[Any]]:
    jobs, engine = part("jobs"), part("engine_process")
    queue = jobs.JobQueue(lambda job: engine.EngineProcess(python, Path("bundled"), job.folder, job.arguments))
    made = []
    for title in titles:
        job = jobs.MorphJob(title, tmp_path / title, {"scene": "Scene"})
        settings = part("lipmlp_engine.job")
        description = settings.Job(shapes=[settings.ShapeInput("a"), settings.ShapeInput("b")])
        description.extraction.frames = 3
        job.write(description)
        queue.add(job)
        made.append(job)
    return queue, made


def run_queue(queue: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while queue.busy:
        assert time.monotonic() < end
        queue.tick()
        time.sleep(0.01)


def test_jobs_run_one_after_the_other(part: Any, python: Path, tmp_path: Path) -> None:
    queue, (first, second) = queue_of(part, python, tmp_path, ["first", "second"])
    queue.tick()
    assert first.state.name == "RUNNING" and second.state.name == "WAITING"
    run_queue(queue)
    assert [job.state.name for job in queue.jobs] == ["FINISHED", "FINISHED"]
    assert first.fraction == 1.0 and first.device == "Fake processor" and first.frames_done == 3
    assert part("jobs").read_order(first.folder) == {"title": "first", "scene": "Scene"}


def test_a_waiting_job_can_be_cancelled_before_it_begins(
    part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]
) -> None:
    behave("slow")
    queue, (first, second) = queue_of(part, python, tmp_path, ["first", "second"])
    queue.tick()
    queue.cancel(second)
    queue.cancel(first)
    run_queue(queue)
    assert [job.state.name for job in queue.jobs] == ["CANCELLED", "CANCELLED"]
    assert second.process is None
    queue.dismiss(first)
    assert queue.jobs == [second]


def test_results_that_vanish_are_a_failure(part: Any, tmp_path: Path) -> None:
    job = part("jobs").MorphJob("gone", tmp_path / "gone")
    job.hear(part("lipmlp_engine.events").Done("model", "report", [str(tmp_path / "gone" / "frame.npz")]))
    assert job.state.name == "FAILED" and "moved or deleted" in job.sentence


def test_a_removed_job_folder_is_a_sentence(
    part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]
) -> None:
    queue, (job,) = queue_of(part, python, tmp_path, ["doomed"])
    shutil.rmtree(job.folder)
    run_queue(queue)
    assert job.state.name == "FAILED" and job.sentence


def test_closing_the_queue_leaves_no_process(
    part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]
) -> None:
    behave("deaf")
    queue, (job, waiting) = queue_of(part, python, tmp_path, ["one", "two"])
    queue.tick()
    pid = job.process.pid
    queue.close()
    assert is_gone(pid) and not queue.busy and waiting.process is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(8.4, "8 s"), (125, "2 min 5 s"), (1300, "21 min"), (4200, "1 h 10 min")]
)
def test_durations_read_as_people_say_them(part: Any, seconds: float, words: str) -> None:
    assert part("jobs").in_words(seconds) == words


def test_the_check_reads_the_doctor(part: Any, python: Path, tmp_path: Path, behave: Callable[[str], None]) -> None:
    def check() -> Any:
        examination = part("doctor_check").DoctorCheck(python, Path("bundled"), tmp_path / "check.log")
        end = time.monotonic() + 60
        while examination.running and time.monotonic() < end:
            examination.tick()
            time.sleep(0.01)
        return examination.diagnosis

    healthy = check()
    assert healthy.healthy and healthy.facts["torch"] == "2.13.0"
    behave("sick")
    assert "torch cannot be imported" in check().sentence


def test_the_summary_says_what_an_artist_needs(part: Any, tmp_path: Path) -> None:
    from tests.fake_engine.engine import report

    lines = part("report_summary").summary_lines
    sentences = [sentence for _, sentence in lines(report(24))]
    assert sentences[0] == "Ends are true to 0.06 % of the diagonal."
    assert "97 %" in sentences[1]
    assert "(sampled)" in sentences[2] and "58 frames keep it below 1 %" in sentences[2]
    bound = {"name": "Largest motion between two frames", "value": 0.1234, "unit": "world units", "how": "certified"}
    proved = lines(report(24) | {"bounds": [bound]})
    assert ("CHECKMARK", "Proved: it moves at most 0.123 world units between two frames.") in proved
    shrunk = report(24) | {"middle": {"least_volume": 0.02, "least_volume_time": 0.5}}
    assert lines(shrunk)[1] == ("ERROR", "The in-between shrinks to 2 % of the smaller end at 0.50.")
    assert part("report_summary").summary_of(tmp_path) == []
    (tmp_path / "report.json").write_text("not json")
    assert part("report_summary").summary_of(tmp_path) == [("ERROR", "The report cannot be read.")]


def test_an_end_without_a_word_is_explained_where_no_job_can_be_read(part: Any, tmp_path: Path) -> None:
    why = part("last_words").why_it_stopped
    assert why(-11, "", tmp_path, False) == "The engine crashed (signal 11); its log says more."
    assert why(-9, "", tmp_path, True).startswith("The system has ended the engine because memory ran out")
    assert "memory" in why(1, "std::bad_alloc", tmp_path, False).lower()
