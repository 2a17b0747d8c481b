"""The set-up of the engine's Python: locked packages, one lock, one index each, nothing left when Blender is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.engine.staged_addon import PACKAGE, part
from tests.fake_engine.wheels import stand_in_locks
from tests.processes import is_gone

__all__ = ["part"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="uv is a shell script here")


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
