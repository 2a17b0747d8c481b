"""The add-on's parts that need no Blender: the engine as a process, the queue, the set-up of its Python."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import build_addon
from lipmlp_engine.job import Job
from lipmlp_engine.sections import ShapeInput
from tests.fake_engine import fake_python
from tests.fake_engine.wheels import stand_in_locks
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
    assert "ended from outside, most likely because memory ran out: this job takes about 0.7 GB" in said
    assert "what would fit: resolution 64 instead of 128" in said


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


# ---- the environment


@pytest.fixture
def home(part: Any, tmp_path: Path, wheels: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A home whose engine needs one small package of our own, and no engine named from outside."""
    monkeypatch.delenv("LIPMORPH_PYTHON", raising=False)
    bundled = tmp_path / "bundled"
    bundled.mkdir()
    (bundled / "__init__.py").write_text("")
    (bundled / "__main__.py").write_text(
        "import json, tinything\nprint(json.dumps({'torch': tinything.version, 'devices': []}))"
    )
    stand_in_locks(wheels, bundled / "locked")
    return part("environment").EngineHome(tmp_path / "home", bundled)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with the smallest wheel there can be."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinything-1.0-py3-none-any.whl", "w") as wheel:
        info = "tinything-1.0.dist-info"
        wheel.writestr("tinything.py", "version = '1.0'\n")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinything\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return folder


def run_setup(setup: Any, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while setup.running:
        assert time.monotonic() < end, setup.step
        setup.tick()
        time.sleep(0.02)


def lock_is_free(part: Any, home: Any) -> bool:
    """Whether another set-up could begin."""
    lock = part("setup_lock").SetupLock(home.lock)
    free = lock.take()
    lock.release()
    return bool(free)


def options(part: Any, **values: Any) -> Any:
    return part("engine_setup").SetupOptions(**{"python": sys.executable, "use_uv": False, "online": False, **values})


def test_an_interrupted_set_up_is_repaired_offline_from_a_folder_of_wheels(part: Any, home: Any, wheels: Path) -> None:
    state = part("environment").EnvironmentState
    assert home.state() is state.MISSING
    home.environment.mkdir(parents=True)
    home.lock.write_text("999999999")  # what an earlier version left when it was killed
    assert home.state() is state.INTERRUPTED
    assert "repair" in part("environment").engine_python(home, "").sentence
    setup = part("engine_setup").EngineSetup(home, options(part, wheels=str(wheels)))
    run_setup(setup)
    assert setup.succeeded, (setup.sentence, home.log.read_text())
    assert home.state() is state.READY and setup.fraction == 1.0
    assert setup.diagnosis.facts["torch"] == "1.0"
    assert part("environment").engine_python(home, "").path == home.python
    assert "tinything" in home.log.read_text()
    (home.locked / "packages.txt").write_text("tinything==1.1\n")
    assert home.state() is state.OUTDATED
    home.remove_environment()
    assert home.state() is state.MISSING


def test_a_missing_wheel_is_named_and_nothing_is_trusted(part: Any, home: Any, wheels: Path) -> None:
    (home.locked / "torch.txt").write_text("absentthing==1.0\n")
    setup = part("engine_setup").EngineSetup(home, options(part, wheels=str(wheels)))
    run_setup(setup)
    assert not setup.succeeded and "absentthing" in setup.sentence
    assert home.state() is part("environment").EnvironmentState.MISSING and lock_is_free(part, home)


def test_a_doctor_that_fails_leaves_no_marker(part: Any, home: Any, wheels: Path) -> None:
    (home.engine_folder / "__main__.py").write_text("raise SystemExit(1)")
    setup = part("engine_setup").EngineSetup(home, options(part, wheels=str(wheels)))
    run_setup(setup)
    assert not setup.succeeded and "cannot run the engine" in setup.sentence
    assert home.read_marker() is None


def test_a_cancelled_set_up_leaves_nothing_running_or_half_made(part: Any, home: Any, wheels: Path) -> None:
    setup = part("engine_setup").EngineSetup(home, options(part, wheels=str(wheels)))
    while not home.environment.exists():
        setup.tick()
        time.sleep(0.01)
    setup.cancel()
    assert setup.cancelled and not setup.running
    assert home.state() is part("environment").EnvironmentState.MISSING and lock_is_free(part, home)


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"wheels": ""}, "Online access is off"),
        ({"wheels": "/nowhere"}, "holds no wheels"),
        ({"python": "/bin/false", "online": True}, "is no Python"),
    ],
)
def test_what_cannot_be_set_up_is_said_at_once(part: Any, home: Any, chosen: dict[str, Any], sentence: str) -> None:
    setup = part("engine_setup").EngineSetup(home, options(part, **chosen))
    run_setup(setup)
    assert sentence in setup.sentence


def test_only_one_set_up_at_a_time(part: Any, home: Any, wheels: Path) -> None:
    lock = part("setup_lock").SetupLock(home.lock)
    assert lock.take()
    setup = part("engine_setup").EngineSetup(home, options(part, wheels=str(wheels)))
    run_setup(setup)
    assert "Another Blender" in setup.sentence and not lock_is_free(part, home)
    lock.release()
    assert lock_is_free(part, home)


@pytest.mark.parametrize("left", ["", "junk\x00", "1" + "0" * 400, f"{os.getpid()}", "-1"])
def test_what_lies_in_the_lock_neither_blocks_nor_gives_it(part: Any, home: Any, left: str) -> None:
    home.folder.mkdir()
    home.lock.write_text(left)
    assert lock_is_free(part, home)
    lock = part("setup_lock").SetupLock(home.lock)
    assert lock.take()
    home.lock.write_text(left)
    os.utime(home.lock, (0, 0))
    assert not lock_is_free(part, home), "its age steals no lock"
    lock.release()


def test_a_blender_that_is_killed_leaves_no_lock_and_no_installer(
    part: Any, home: Any, tmp_path: Path, wait_for: Any
) -> None:
    """uv goes on by itself when whoever started it is killed; it must not."""
    note = tmp_path / "uv.pids"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "uv").write_text(f"#!/bin/sh\nsleep 600 &\necho $$ $! > {note}.part\nmv {note}.part {note}\nsleep 600\n")
    (folder / "uv").chmod(0o755)
    staged = Path(part("engine_process").__file__).parent
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, time; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
            f"from {PACKAGE}.engine_setup import EngineSetup, SetupOptions\n"
            f"from {PACKAGE}.environment import EngineHome\n"
            "home = EngineHome(Path(sys.argv[2]), Path(sys.argv[3]))\n"
            "setup = EngineSetup(home, SetupOptions(python=sys.executable))\n"
            "while setup.running:\n    setup.tick()\n    time.sleep(0.02)\n",
            *map(str, (staged.parent, home.folder, home.engine_folder)),
        ],
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.defpath}"},
    )
    wait_for(note.exists, 30.0, "uv")
    assert not lock_is_free(part, home)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    wait_for(lambda: all(is_gone(int(pid)) for pid in note.read_text().split()), 10.0, "the end of uv")
    assert lock_is_free(part, home)


def test_a_wheel_that_is_another_than_the_locked_one_is_refused(
    part: Any, home: Any, wheels: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(wheels / "tinything-1.0-py3-none-any.whl", "a") as wheel:
        wheel.writestr("tampered.py", "")
    source = part("package_sources").sources(home.locked, wheels=str(wheels))[0]
    command = [sys.executable, "-m", "pip", "install", "--target", tmp_path / "there", *source.arguments(uses_uv=False)]
    answer = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert answer.returncode != 0 and not (tmp_path / "there").exists()
    said = part("engine_setup")._reason((answer.stdout + answer.stderr).splitlines())
    assert "not the one that was tested" in said


def test_the_variable_overrules_the_preferences(part: Any, home: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    choose = part("environment").engine_python
    assert choose(home, sys.executable).path == Path(sys.executable)
    monkeypatch.setenv("LIPMORPH_PYTHON", "/nowhere/python")
    assert choose(home, sys.executable).path is None
    assert "LIPMORPH_PYTHON" in choose(home, sys.executable).sentence


@pytest.mark.parametrize(
    ("system", "machine", "nvidia", "index", "listed"),
    [
        ("linux", "x86_64", True, "Python Package Index", "torch.txt"),
        ("linux", "x86_64", False, "whl/cpu", "torch-cpu.txt"),
        ("linux", "aarch64", False, "Python Package Index", "torch.txt"),
        ("win32", "AMD64", True, "whl/cu", "torch-cu130.txt"),
        ("win32", "AMD64", False, "Python Package Index", "torch.txt"),
        ("darwin", "arm64", False, "Python Package Index", "torch.txt"),
    ],
)
def test_every_package_comes_from_one_index(
    part: Any, home: Any, system: str, machine: str, nvidia: bool, index: str, listed: str
) -> None:
    choose = part("package_sources").sources
    machine_is = {"system": system, "machine": machine, "has_nvidia": nvidia}
    rest, torch = choose(home.locked, **machine_is)
    assert rest.listed.name == "packages.txt" and "Python Package Index" in rest.place
    assert torch.listed.name == listed and index in torch.place
    for source in (rest, torch):
        for uses_uv in (True, False):
            words = source.arguments(uses_uv)
            # The public index is the installers' own default, and nothing in the environment tells them another.
            named = 0 if "Package Index" in source.place else 1
            assert sum("://" in word for word in words) == named and "--no-deps" in words
            assert not any("extra" in word or "strategy" in word for word in words)
    mirrored = choose(home.locked, mirror="https://mirror.studio/simple", **machine_is)
    assert {source.place for source in mirrored} == {"https://mirror.studio/simple"}


def test_the_torch_in_a_folder_of_wheels_decides_its_list(part: Any, home: Any, tmp_path: Path) -> None:
    choose = part("package_sources").sources
    for build, listed in (("+cpu", "torch-cpu.txt"), ("+cu130", "torch-cu130.txt"), ("", "torch.txt")):
        folder = tmp_path / f"of{build}"
        folder.mkdir()
        (folder / f"torch-2.13.0{build}-cp312-cp312-linux_x86_64.whl").touch()
        assert choose(home.locked, wheels=str(folder))[1].listed.name == listed


def test_what_a_set_up_fetches_is_told_before(part: Any, home: Any, wheels: Path) -> None:
    told, choose = part("package_sources").told, part("package_sources").sources
    linux = {"system": "linux", "machine": "x86_64"}
    small = told(choose(home.locked, **linux, has_nvidia=False), home.folder)
    assert (
        "0.4 GB, 1.5 GB on disk, from the Python Package Index and download.pytorch.org into" in small
        and f"{home.folder}" in small
    )
    assert "3 GB" in told(choose(home.locked, system="win32", machine="AMD64", has_nvidia=True), home.folder)
    assert "from mirror.studio into" in told(choose(home.locked, mirror="https://me:word@mirror.studio/x"), home.folder)
    assert "without a network" in told(choose(home.locked, str(wheels)), home.folder)


def test_a_users_own_indexes_do_not_mix_in(part: Any) -> None:
    environment = part("package_sources").installer_environment(
        {
            "PIP_EXTRA_INDEX_URL": "x",
            "UV_INDEX": "x",
            "pip_index_url": "x",
            "PIP_CERT": "c",
            "PYTHONPATH": "p",
            "HOME": "h",
        }
    )
    assert not {"PIP_EXTRA_INDEX_URL", "UV_INDEX", "pip_index_url", "PYTHONPATH"} & set(environment)
    assert (environment["PIP_CERT"], environment["HOME"]) == ("c", "h")
    assert environment["PIP_CONFIG_FILE"] == os.devnull


def test_progress_is_read_from_what_pip_prints(part: Any) -> None:
    progress = part("engine_setup").InstallProgress(["torch", "numpy", "warp-lang", "scipy"])
    seen = []
    for line in (
        "Collecting torch>=2.13 (from -r requirements.txt (line 1))",
        "  Downloading torch-2.13.0-cp311-cp311-manylinux_2_28_x86_64.whl (180.4 MB)",
        "Collecting numpy>=2.0",
        "Processing ./wheels/warp_lang-1.19.0-py3-none-any.whl",
        "Installing collected packages: numpy, torch",
        "Successfully installed numpy-2.0 torch-2.13.0",
    ):
        progress.hear(line)
        seen.append((progress.step, progress.fraction))
    assert seen[1][0] == "Fetching torch (180.4 MB)"
    assert [fraction for _, fraction in seen] == sorted(fraction for _, fraction in seen)
    assert seen[3] == ("Fetching warp_lang", pytest.approx(0.7 * 3 / 4))
    assert seen[-1] == ("Packages installed", 1.0)


def test_only_suitable_pythons_are_taken(part: Any) -> None:
    read = part("interpreters").interpreter_from
    answer = {"version": [3, 12], "path": "/p", "implementation": "cpython", "makes_environments": True}
    assert read("noise\n" + json.dumps(answer)).suits
    assert not read(json.dumps({**answer, "version": [3, 14]})).suits
    assert read(json.dumps({**answer, "implementation": "pypy"})) is None
    assert read("Python was not found; run without arguments to install from the Store") is None


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
