"""No program is found in the current folder or through an entry of PATH that means it; a model gives no orders."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lipmlp_engine.commands.extract import changed
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Output, ShapeInput, Training
from lipmlp_engine.machine.programs import find_program, neutral_folder, safe_environment, safe_folders
from lipmlp_engine.pictures import film
from lipmlp_engine.running.pipeline import measure_results

pytestmark = pytest.mark.skipif(os.name != "posix", reason="programs are made of shell scripts here")


@pytest.fixture
def trap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder in which a stranger has put programs."""
    folder = tmp_path / "trap"
    folder.mkdir()
    for name in ("ffmpeg", "uv", "nvidia-smi", "python3"):
        (folder / name).write_text("#!/bin/sh\ntouch was-run\n")
        (folder / name).chmod(0o755)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("search", ["", ".", ":", "bin:.:", "../trap", " "])
def test_the_current_folder_is_never_searched(trap: Path, search: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", search)
    for name in ("ffmpeg", "uv", "nvidia-smi", "python3"):
        assert find_program(name) is None
        assert find_program(name, ["."]) is None
    assert film.ffmpeg() is None
    assert safe_folders(search) == []


def test_a_folder_named_in_full_is_searched(trap: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f".:{trap}")
    assert find_program("ffmpeg") == trap / "ffmpeg"
    (trap / "uv").chmod(0o644)
    assert find_program("uv") is None
    monkeypatch.setenv("PATH", "")
    assert find_program("ffmpeg", [trap]) == trap / "ffmpeg"
    with pytest.raises(ValueError, match="bare name"):
        find_program("./ffmpeg")


def test_another_program_does_not_search_there_either(trap: Path) -> None:
    environment = safe_environment({"PATH": f":.:{os.defpath}:relative", "HOME": "/root"})
    assert "." not in environment["PATH"].split(":") and environment["HOME"] == "/root"
    subprocess.run(["/bin/sh", "-c", "ffmpeg || true"], env=environment, capture_output=True, check=True)
    assert not (trap / "was-run").exists()


def test_a_strangers_job_gives_no_orders() -> None:
    job = Job(shapes=[ShapeInput(r"\\server\share\a.obj", "A"), ShapeInput("//server/share/b.ply", "B")])
    job.output = Output(folder="/home/you", film=True, sequence="obj", pictures=False)
    job.training = Training(start_from="//server/model.safetensors", device="cuda", threads=256, seed=3)
    quiet = job.without_orders()
    assert quiet.output == Output(pictures=False)
    assert quiet.training == Training(seed=3)
    assert [shape.path for shape in quiet.shapes] == ["a.obj", "b.ply"]
    assert quiet.extraction == job.extraction
    assert job.output.film, "the job itself is as it was"


def test_a_film_is_only_made_for_whoever_asks() -> None:
    import argparse

    job = Job(shapes=[ShapeInput("a", "A"), ShapeInput("b", "B")], output=Output(film=True, sequence="glb"))
    given = argparse.Namespace(
        **dict.fromkeys(
            ("frames", "resolution", "faces", "velocity", "attributes", "preset", "times", "timing", "range")
        ),
        assignments=[],
        out="there",
    )
    from lipmlp_engine.commands.options import EXTRACTION_OPTIONS

    for name in EXTRACTION_OPTIONS.values():
        setattr(given, name, None)
    for name in EXTRACTION_OPTIONS:
        setattr(given, name, None)
    assert not changed(job.without_orders(), given).output.film
    given.assignments = ["output.film=true"]
    assert changed(job.without_orders(), given).output.film


def test_a_strangers_results_are_measured_where_they_lie(tmp_path: Path) -> None:
    job = Job(shapes=[ShapeInput("a.npz", "A"), ShapeInput("b.npz", "B")])
    job.output = dataclasses.replace(job.output, folder=str(tmp_path / "elsewhere"), film=True)
    here = tmp_path / "here"
    here.mkdir()
    job.write(ResultsFolder(here).job)
    with pytest.raises(Exception, match=f"{here} holds 0 frames"):
        measure_results(here)
    assert not (tmp_path / "elsewhere").exists()


def test_the_neutral_folder_is_the_systems() -> None:
    folder = neutral_folder()
    assert folder.is_dir() and folder.is_absolute()
    if hasattr(os, "getuid") and os.getuid() != 0:
        assert not os.access(folder, os.W_OK)
    assert Path(sys.executable).is_absolute()
