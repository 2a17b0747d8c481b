"""Rings of tests side by side: nothing of them is lost, not run twice and not passed in silence."""

from __future__ import annotations

import argparse
import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import dev
import rings
from tests.sharing import LONGEST_FIRST
from workshop import environments

ROOT = Path(dev.__file__).parent


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


def test_a_ring_begins_when_there_is_what_it_needs_and_none_goes_on_where_that_fails(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    first = printing("first", f"import pathlib; assert pathlib.Path({str(sign)!r}).exists()", needs=("sign",))
    second = printing("second", f"import pathlib; pathlib.Path({str(sign)!r}).touch()")
    parts = [dataclasses.replace(ring, has_tests=False) for ring in (first, second)]
    rings.run_all(parts, tmp_path, ROOT, 1, lambda needs: not needs or sign.exists())
    assert not any(rings.failures(tmp_path / f"{ring.name}.xml") for ring in parts)

    def fail(_needs: object) -> bool:
        raise environments.DevError("the disk is full")

    with pytest.raises(environments.DevError, match="full"):
        rings.run_all(parts, tmp_path, ROOT, 1, fail)
    assert rings.failures(tmp_path / "first.xml")


def test_what_everything_asks_for_needs_the_environments_that_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    asked: list[rings.Ring] = []

    def run_all(chosen: list[rings.Ring], _folder: Path, _where: Path, _lanes: int, have: Any) -> None:
        asked.extend(chosen)
        made.extend(have.__self__._made)

    for name in ("engine_python", "docs_python"):
        monkeypatch.setattr(dev, name, Path)
    monkeypatch.setattr(dev, "blender_python", lambda _version: Path())
    monkeypatch.setattr(rings, "run_all", run_all)
    monkeypatch.setattr(dev, "run", lambda _command: 0)
    monkeypatch.setattr(dev.shutil, "rmtree", lambda *_, **__: None)
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: None)
    for ring in (None, "engine"):
        asked.clear()
        made.clear()
        dev.test(argparse.Namespace(ring=ring, all_blenders=False, everything=True, coverage=False, pytest=[], lanes=2))
        assert {"lint", "demo", "engine-1", "engine-2"} <= {ring.name for ring in asked}
        assert all(ring.needs and set(ring.needs) <= set(made) for ring in asked)


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


def test_only_the_last_blender_runs_what_no_difference_between_them_can_touch() -> None:
    options = argparse.Namespace(ring="addon", all_blenders=True, everything=False, coverage=False, pytest=[])
    chosen = {ring.name: "--what-differs" in ring.command for ring in dev.rings_of_tests(options, Path(), 2)}
    versions = list(environments.project()["tool"]["dev"]["blenders"])
    assert chosen == {f"addon-{version}": version != versions[-1] for version in versions}
    options.all_blenders = False
    (alone,) = dev.rings_of_tests(options, Path(), 2)
    assert "--what-differs" not in alone.command


def test_each_real_blender_has_a_ring_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIPMORPH_BLENDERS", "/a/blender-4.3:/a/blender-5.2")
    assert dev.window_rings() == [("blender-4.3", "/a/blender-4.3"), ("blender-5.2", "/a/blender-5.2")]
    monkeypatch.setenv("LIPMORPH_BLENDERS", "/a/blender:/b/blender")
    assert dev.window_rings() == [("blender-1", "/a/blender"), ("blender-2", "/b/blender")]
    monkeypatch.setattr(dev, "find_blenders", list)
    assert dev.window_rings() == [("blender", "")]


def test_windows_open_in_the_last_blender_found_and_in_all_where_all_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIPMORPH_BLENDERS", "/a/blender-4.3:/a/blender-5.2")
    options = argparse.Namespace(ring="blender", all_blenders=False, everything=False, coverage=False, pytest=[])
    (alone,) = dev.rings_of_tests(options, Path(), 2)
    assert alone.environment["LIPMORPH_BLENDERS"] == "/a/blender-5.2" and "--what-differs" not in alone.command
    options.everything = True
    chosen = {ring.name: "--what-differs" in ring.command for ring in dev.rings_of_tests(options, Path(), 2)}
    assert chosen == {"blender-4.3": True, "blender-5.2": False}


def test_only_a_plain_test_leaves_campaigns_to_everything() -> None:
    plain = {"ring": None, "all_blenders": False, "everything": False, "coverage": False, "pytest": []}
    for asked in ({}, {"ring": "engine"}, {"everything": True}, {"coverage": True}, {"pytest": ["-k", "kills"]}):
        commands = [ring.command for ring in dev.rings_of_tests(argparse.Namespace(**plain | asked), Path(), 2)]
        assert commands and all(("--no-campaigns" in command) == (not asked) for command in commands), asked


def test_coverage_is_measured_in_the_ring_of_the_engine() -> None:
    options = argparse.Namespace(
        ring="engine", all_blenders=False, everything=False, coverage=True, pytest=["-k", "job"]
    )
    shares = dev.rings_of_tests(options, Path("python"), 3)
    assert [ring.name for ring in shares] == ["engine-1", "engine-2", "engine-3"]
    for ring in shares:
        assert ring.command[:6] == ["python", "-m", "coverage", "run", "-m", "pytest"]
        assert ring.command[-2:] == ["-k", "job"]
    assert ROOT / Path(environments.project()["tool"]["coverage"]["run"]["data_file"]).parent == dev.COVERAGE


def test_windows_are_waited_for_beside_the_lanes_and_alone_where_there_is_one() -> None:
    window, other = rings.Ring("window", [], waits=True), rings.Ring("other", [])
    assert rings._next([window, other], [], lanes=2) is window
    assert rings._next([window, other], [other, other, window], lanes=2) is None
    assert rings._next([window, other], [window], lanes=2) is other
    assert rings._next([window, other], [other, other], lanes=2) is window
    assert rings._next([other], [window], lanes=1) is None and rings._next([window], [], lanes=1) is window


def test_processes_that_share_a_ring_run_each_file_once(tmp_path: Path) -> None:
    """Each waits in its first test of a folder until the other has begun there, so neither can take all.

    So each leaves a folder behind whose last file the other process has, and its fixtures must go all the same.
    """
    tests = tmp_path / "tests"
    for folder, names in (("one", "ab"), ("two", "cd")):
        (tests / folder).mkdir(parents=True)
        (tmp_path / f"met-{folder}").mkdir()
        for name in names:
            text = MEETING.format(folder=str(tmp_path / f"met-{folder}"))
            (tests / folder / f"test_{name}.py").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "--rootdir", str(tmp_path), str(tests)]
    command += ["-p", "tests.sharing", "-p", "no:cacheprovider", "--share", str(tmp_path / "taken")]
    results = [tmp_path / f"share-{number}.xml" for number in (1, 2)]
    shares = [subprocess.Popen([*command, f"--junitxml={path}"], cwd=ROOT) for path in results]
    assert [share.wait(60) for share in shares] == [0, 0]
    ran = [[case.get("classname", "") for case in ElementTree.parse(path).iter("testcase")] for path in results]
    assert all(ran) and sorted(ran[0] + ran[1]) == sorted(
        2 * ["tests.one.test_a", "tests.one.test_b", "tests.two.test_c", "tests.two.test_d"]
    )


MEETING = """\
import os, pathlib, time, pytest
MET = pathlib.Path({folder!r})

@pytest.fixture(scope="module")
def met():
    (MET / str(os.getpid())).touch()
    end = time.monotonic() + 30
    while len(list(MET.iterdir())) < 2 and time.monotonic() < end:
        time.sleep(0.01)
    return len(list(MET.iterdir()))

def test_one(met):
    assert met == 2

def test_two(met):
    assert met == 2
"""


def test_the_files_that_take_longest_are_there() -> None:
    names = [path.name for room in ("engine", "project") for path in (ROOT / "tests" / room).rglob("test_*.py")]
    assert [names.count(name) for name in LONGEST_FIRST] == [1] * len(LONGEST_FIRST)
