"""The developer's commands: what they say of a bad start, and that a half-made environment is never used."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

import build_addon
import dev
import rings
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

    monkeypatch.setattr(subprocess, "run", create)
    monkeypatch.setattr(environments, "install", fail)
    with pytest.raises(environments.DevError):
        make(tmp_path / "venv")
    assert not (tmp_path / "venv").exists()


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


def test_the_summary_counts_what_the_rings_found(tmp_path: Path) -> None:
    """A ring that never finished counts as a failure."""
    (tmp_path / "engine.xml").write_text(
        '<testsuites><testsuite><testcase classname="a" name="good" time="12.34"/>'
        '<testcase classname="a" name="left"><skipped message="no data"/></testcase></testsuite></testsuites>'
    )
    (tmp_path / "addon.xml").write_text(rings.UNFINISHED)
    answer = subprocess.run(
        dev.summary_command(Path(sys.executable), tmp_path), cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 1
    assert answer.stdout.strip().splitlines()[-1].startswith("1 failed, 1 passed, 1 skipped")
    assert "did not finish" in answer.stdout
    (slowest,) = (line for line in answer.stdout.splitlines() if "::good" in line)
    assert slowest.split() == ["12.3", "s", "engine", "a::good"]


def summary(folder: Path) -> str:
    return subprocess.run(
        dev.summary_command(Path(sys.executable), folder), cwd=ROOT, capture_output=True, text=True
    ).stdout


def printing(name: str, script: str, **how: Any) -> rings.Ring:
    return rings.Ring(name, [sys.executable, "-c", script], **how)


ONE_GOOD = '<testsuite><testcase name="good"/></testsuite>'


def leaves_results(folder: Path, name: str) -> str:
    """Python that leaves the results of a ring of which one test passed."""
    return f"import pathlib; pathlib.Path({str(folder / name)!r} + '.xml').write_text({ONE_GOOD!r})"


def test_a_ring_that_dies_after_its_tests_passed_is_named_in_the_summary(tmp_path: Path) -> None:
    dying = leaves_results(tmp_path, "addon-4.5") + "; import os; os.kill(os.getpid(), 11)"
    rings.run_all([printing("addon-4.5", dying)], tmp_path, ROOT)
    told = summary(tmp_path)
    assert "the ring ended with exit code -11" in told
    assert told.strip().splitlines()[-1].startswith("1 failed, 1 passed")


def test_a_ring_that_leaves_no_results_is_a_failure_beside_one_that_passes(tmp_path: Path) -> None:
    good = printing("good", leaves_results(tmp_path, "good"))
    rings.run_all([printing("lost", "pass"), good], tmp_path, ROOT, lanes=2)
    told = summary(tmp_path)
    assert "did not finish" in told
    assert told.strip().splitlines()[-1].startswith("1 failed, 1 passed")


def test_what_is_not_a_ring_counts_in_the_summary(tmp_path: Path) -> None:
    parts = [printing("lint", "pass", has_tests=False), printing("demo", "raise SystemExit(3)", has_tests=False)]
    rings.run_all(parts, tmp_path, ROOT)
    told = summary(tmp_path)
    assert "exit code 3" in told
    assert told.strip().splitlines()[-1].startswith("1 failed, 1 passed")


def test_a_ring_of_which_nothing_was_asked_for_is_no_failure(tmp_path: Path) -> None:
    leaves = f"import pathlib; pathlib.Path({str(tmp_path / 'addon')!r} + '.xml').write_text('<testsuite/>')"
    rings.run_all([printing("addon", f"{leaves}; raise SystemExit(5)", may_be_empty=True)], tmp_path, ROOT)
    assert [path.name for path in tmp_path.glob("*.xml")] == ["addon.xml"]
    rings.run_all([printing("addon", f"{leaves}; raise SystemExit(5)")], tmp_path, ROOT)
    assert "exit code 5" in summary(tmp_path)


def test_rings_run_side_by_side_and_are_shown_one_after_the_other(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The first ring waits for a word of the second one, whose words appear after its own all the same."""
    sign = tmp_path / "sign"
    waiting = f"""
import pathlib, time
print("first begins", flush=True)
while not pathlib.Path({str(sign)!r}).exists():
    time.sleep(0.01)
print("first ends")
"""
    telling = f"import pathlib; print('second'); pathlib.Path({str(sign)!r}).touch()"
    parts = [printing("one", waiting, has_tests=False), printing("two", telling, has_tests=False)]
    rings.run_all(parts, tmp_path, ROOT, lanes=2)
    told = capfdbinary.readouterr().out.decode().splitlines()
    assert [line for line in told if not line.startswith("dev:")] == ["first begins", "first ends", "second"]
    assert [line for line in told if line.endswith(":")] == ["dev: Ring one:", "dev: Ring two:"]


def test_an_interrupted_run_leaves_no_ring_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = rings._start

    def noting(*arguments: Any) -> subprocess.Popen[bytes]:
        started.append(start(*arguments))
        return started[-1]

    def interrupted(self: object, ended: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rings, "_start", noting)
    monkeypatch.setattr(rings, "AFTER_INTERRUPT", 0.1)
    monkeypatch.setattr(rings._Shown, "go_on", interrupted)
    with pytest.raises(KeyboardInterrupt):
        rings.run_all([printing("endless", "import time; time.sleep(600)", has_tests=False)], tmp_path, ROOT)
    assert started[0].poll() is not None


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


def test_only_the_default_blenders_run_what_no_difference_between_them_can_touch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dev, "blender_python", Path)
    options = argparse.Namespace(ring="addon", all_blenders=True, everything=False, coverage=False, pytest=[])
    chosen = {ring.name: "--what-differs" in ring.command for ring in dev.rings_of_tests(options, Path())}
    wheels = environments.project()["tool"]["dev"]["blenders"]
    assert chosen == {f"addon-{version}": not wheel.get("default") for version, wheel in wheels.items()}


def test_each_real_blender_has_a_ring_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIPMORPH_BLENDERS", "/a/blender-4.3:/a/blender-5.2")
    assert dev.window_rings() == [("blender-4.3", "/a/blender-4.3"), ("blender-5.2", "/a/blender-5.2")]
    monkeypatch.setenv("LIPMORPH_BLENDERS", "/a/blender:/b/blender")
    assert dev.window_rings() == [("blender-1", "/a/blender"), ("blender-2", "/b/blender")]
    monkeypatch.setattr(dev, "find_blenders", list)
    assert dev.window_rings() == [("blender", "")]


def test_coverage_is_measured_in_the_ring_of_the_engine() -> None:
    options = argparse.Namespace(ring="engine", coverage=True, pytest=["-k", "job"])
    for half in dev.rings_of_tests(options, Path("python")):
        assert half.command[:6] == ["python", "-m", "coverage", "run", "-m", "pytest"]
        assert half.command[-2:] == ["-k", "job"]
    assert ROOT / Path(environments.project()["tool"]["coverage"]["run"]["data_file"]).parent == dev.COVERAGE


def test_no_test_of_the_engine_is_lost_between_the_halves() -> None:
    first, second = dev.halves_of_engine()
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests" / "engine").rglob("test_*.py")]
    assert sorted([*first, *second]) == sorted([*files, "tests/project"])
