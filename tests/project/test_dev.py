"""The developer's commands: what they say of a bad start, and that a half-made environment is never used."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path
from typing import Any

import pytest

import build_addon
import dev
from tests.fake_engine.wheels import stand_in_wheels
from workshop import environments

ROOT = Path(dev.__file__).parent
REQUIREMENTS = ["shapes==1.0"]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The environments made, with an interpreter that runs and what pip leaves of a package, but without pip."""
    names: list[str] = []

    def create(folder: Path, base: Path, python: Path, requirements: list[str], editable: bool) -> None:
        names.append(folder.name)
        venv.create(folder, symlinks=True, with_pip=False)
        package = next(folder.glob("lib/python*/site-packages")) / "shapes-1.0.dist-info"
        package.mkdir()
        (package / "METADATA").write_text("Metadata-Version: 2.1\nName: shapes\nVersion: 1.0\n")

    monkeypatch.setattr(environments, "create_environment", create)
    return names


def make(folder: Path) -> Path:
    return environments.environment(folder, environments.RUNNING, REQUIREMENTS, space=0)


def test_an_environment_is_made_once(tmp_path: Path, made: list[str]) -> None:
    folder = tmp_path / "venv"
    python = make(folder)
    assert subprocess.run([str(python), "-c", "import json"], check=False).returncode == 0
    assert make(folder) == python
    assert made == ["venv"]


@pytest.mark.parametrize(
    "damage", ["no marker", "other packages", "no interpreter", "package gone", "marker cut short"]
)
def test_an_environment_that_is_not_whole_is_made_anew(
    tmp_path: Path, made: list[str], damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "venv"
    python = make(folder)
    marker = folder / environments.MARKER
    if damage == "no marker":
        marker.unlink()
    elif damage == "other packages":
        marker.write_text(json.dumps({"python": environments.RUNNING, "requirements": ["forms==1.0"]}))
    elif damage == "no interpreter":
        python.unlink()
    elif damage == "package gone":
        for path in folder.glob("lib/python*/site-packages/shapes*"):
            shutil.rmtree(path)
    else:
        marker.write_text(marker.read_text()[:10])
    make(folder)
    assert made == ["venv", "venv"]
    assert "making it anew" in capsys.readouterr().out
    assert environments.environment_trouble(folder, python, json.loads(marker.read_text())) is None


def test_a_failed_installation_leaves_no_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def create(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        venv.create(command[-1], symlinks=True, with_pip=False)
        return subprocess.CompletedProcess(command, 0, "", "")

    def fail(command: list[str], name: str) -> None:
        assert Path(command[0]).exists()
        raise environments.DevError("the index cannot be reached")

    monkeypatch.setattr(environments, "lends_pip", lambda base: False)
    monkeypatch.setattr(subprocess, "run", create)
    monkeypatch.setattr(environments, "install", fail)
    with pytest.raises(environments.DevError):
        make(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()


def test_an_environment_borrows_the_pip_that_its_python_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = environments.find_python(environments.RUNNING)
    if not environments.lends_pip(base):
        pytest.skip(f"{base} has no pip that it could lend")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    wheel = next(stand_in_wheels(tmp_path / "wheels").glob("*.whl"))
    folder, name = tmp_path / "venv", wheel.name.split("-")[0]
    python = folder / ("Scripts/python.exe" if environments.WINDOWS else "bin/python")
    environments.create_environment(folder, base, python, [str(wheel)], editable=False)
    assert not environments.lends_pip(python)
    question = f"import {name}_stand_in; print({name}_stand_in.__file__)"
    found = subprocess.run([str(python), "-E", "-c", question], capture_output=True, text=True, check=True).stdout
    assert Path(found.strip()).is_relative_to(folder)


def test_environments_are_made_side_by_side_and_what_fails_is_told() -> None:
    both, last = threading.Barrier(2, timeout=20), threading.Event()

    def make() -> Path:
        return Path(str(both.wait()))

    def wait() -> Path:
        last.wait(20)
        return Path()

    def fail() -> Path:
        raise environments.DevError("the index cannot be reached")

    def soon(made: environments.Makers, *names: str) -> None:
        end = time.monotonic() + 20
        while not made.have(names):
            assert time.monotonic() < end
            time.sleep(0.01)

    with environments.Makers({"one": make, "other": make, "late": wait}) as made:
        soon(made, "one", "other")
        assert not made.have(["one", "late"])
        last.set()
        soon(made, "one", "late")
    with (
        environments.Makers({"good": Path, "bad": fail}) as made,
        pytest.raises(environments.DevError, match="reached"),
    ):
        soon(made, "good", "bad")
        made.have(["good"])


def test_a_full_disk_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(environments.DevError, match="needs 1000000 GB of disk"):
        environments.environment(tmp_path / "venv", environments.RUNNING, REQUIREMENTS, space=1_000_000)
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize(
    ("complaint", "sentence"),
    [
        ("WARNING: Retrying after connection broken by 'NewConnectionError(...)'", "check the network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "make room"),
        ("ERROR: No matching distribution found for torch==0.0", "No matching distribution found for torch==0.0"),
    ],
)
def test_what_pip_complains_of_becomes_a_sentence(complaint: str, sentence: str) -> None:
    script = f"import sys; print({complaint!r}, file=sys.stderr); sys.exit(1)"
    with pytest.raises(environments.DevError, match=sentence):
        environments.install([sys.executable, "-c", script], ".venv")


def test_a_python_that_is_not_there_is_named() -> None:
    with pytest.raises(environments.DevError, match=r"Python 3\.99 is needed"):
        environments.find_python("3.99")


def test_another_python_gets_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(dev, "RUNNING", "3.12")
    monkeypatch.setattr(sys, "argv", ["dev.py", "lint"])
    assert dev.main() == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and "3.12" in told and "3.11 (for Blender 4.5)" in told


def test_no_more_than_the_standard_library_is_needed() -> None:
    asked = subprocess.run([sys.executable, "-S", str(ROOT / "dev.py"), "--help"], capture_output=True, check=False)
    assert asked.returncode == 0


def test_blenders_are_those_named_or_those_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("blender", "blender-5.2", "blender-thumbnailer"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("LIPMORPH_BLENDERS", raising=False)
    assert [Path(path).name for path in dev.find_blenders()] == ["blender", "blender-5.2"]
    monkeypatch.setenv("LIPMORPH_BLENDERS", "/a/blender:/b/blender")
    assert dev.find_blenders() == ["/a/blender", "/b/blender"]


def test_each_python_has_one_default_blender() -> None:
    wheels = environments.project()["tool"]["dev"]["blenders"]
    defaults = {wheel["python"]: name for name, wheel in wheels.items() if wheel.get("default")}
    assert {python: ".".join(name.split(".")[:2]) for python, name in defaults.items()} == dev.PYTHONS


def test_a_demo_that_leaves_nothing_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "run", lambda command, **environment: 0)
    monkeypatch.setattr(dev, "engine_python", Path)
    monkeypatch.setattr(dev, "blender_versions", lambda every: ["4.5"])
    monkeypatch.setattr(dev, "blender_python", Path)
    monkeypatch.setattr(build_addon, "build", Path)
    assert dev.demo(argparse.Namespace(quick=True)) == 1
    assert "no morph.blend and no contact_sheet.png and no morph.mp4" in capsys.readouterr().out
