"""Runs with all that can be wanted of them, copies of the engine that lack something, and people in notebooks."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import EngineError
from lipmlp_engine.pictures import film
from lipmlp_engine.running import installation_check
from lipmlp_engine.running.deliveries import Deliveries
from lipmlp_engine.running.key_making import make_keys
from lipmlp_engine.running.pipeline import run_job
from lipmlp_engine.running.python_interface import _told, audience_of
from lipmlp_engine.running.terminal import Terminal
from lipmlp_engine.tracking import template_mesh, traveller
from tests.engine.small_jobs import Recorder, write_job

COUNTED = 'open(sys.argv[-1], "w").write(str(len(sys.stdin.buffer.read())))'
"""What a stand-in for ffmpeg does: it writes how many bytes of pictures it was given."""

posix = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")


@posix
def test_a_run_leaves_a_film_a_clean_mesh_of_keys_and_the_course_of_its_slopes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("\n".join([f"#!{sys.executable}", "import sys", COUNTED]))
    program.chmod(0o755)
    monkeypatch.setattr(film, "ffmpeg", lambda: str(program))
    monkeypatch.setattr(film, "HEIGHT", 90)
    monkeypatch.setattr("lipmlp_engine.training.singular_values.SECONDS_BETWEEN", 0.0)
    monkeypatch.setattr(template_mesh, "FEWEST_VERTICES", 300)  # for speed
    monkeypatch.setattr(traveller, "STEPS", 8)  # likewise
    keys = {"keys": "auto", "template": "remesh", "resolution": 32, "frames": 2}
    network = {"family": "orthogonal", "width": 32, "depth": 3}
    wanted = {"pictures": True, "film": True}
    path = write_job(tmp_path / "job", extraction=keys, network=network, output=wanted, training={"steps": 250})
    run_job(Job.read(path), path.parent, Recorder())
    results = ResultsFolder(path.parent)
    assert int(results.film.read_text()) == 2 * 90 * 2 * round(90 * film.ASPECT / 2) * 3
    assert results.spectra.stat().st_size > 5_000 and results.contact_sheet.is_file()
    tracking = json.loads(results.report.read_text())["tracking"]
    assert tracking["kept"] and "a clean mesh of" in tracking["sentence"], tracking
    with np.load(results.keys) as arrays:
        assert arrays["faces"].shape[1] == 4 and arrays["positions"].shape[1] == arrays["faces"].max() + 1


def test_a_damaged_report_of_frames_that_stand_is_none(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"version": 1')
    standing = cast(Any, SimpleNamespace(results=ResultsFolder(tmp_path)))
    assert Deliveries._report_that_stands(standing) is None


def test_a_clean_mesh_is_not_even_made_where_the_topology_forbids_keys(
    box: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = "lipmlp_engine.running.key_making"
    monkeypatch.setattr(f"{module}.critical_moments", lambda *_: [])
    monkeypatch.setattr(f"{module}.why_topology_fails", lambda *_: "a hole opens")
    job = Job()
    job.extraction.keys, job.extraction.template = "auto", "remesh"
    topology = cast(Any, SimpleNamespace(changes=[]))
    found = make_keys(job, ResultsFolder(tmp_path), topology, [box, box], cast(Any, None), lambda _: None)
    assert not found.kept
    assert found.sentence == "There are no shape keys, because a hole opens; the frames show the morph."


def test_a_copy_of_the_engine_knows_its_packages_by_its_list_or_its_wheel_or_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation_check, "FOLDER", tmp_path / "lipmlp_engine")
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["torch>=2", "dask; extra == 'cluster'"])
    assert installation_check.needed_packages() == ["torch>=2"]

    def unknown(name: str) -> list[str]:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", unknown)
    with pytest.raises(EngineError, match="is incomplete: .*requirements.txt is missing"):
        installation_check.needed_packages()
    (tmp_path / "lipmlp_engine").mkdir()
    (tmp_path / "lipmlp_engine" / "requirements.txt").write_text("torch>=2\nnumpy\n")
    assert installation_check.needed_packages() == ["torch>=2", "numpy"]


def test_a_notebook_sees_a_moving_line_that_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(sys, "stderr", shown)
    assert not isinstance(audience_of(True), Terminal)
    monkeypatch.setitem(sys.modules, "ipykernel", cast(Any, SimpleNamespace()))
    assert isinstance(audience_of(True), Terminal) and not isinstance(audience_of(False), Terminal)
    with _told(True, {"extract": 1.0}) as account, account.phase("extract"):
        account.course.step(1, 2)
    assert not shown.getvalue().endswith("%")
