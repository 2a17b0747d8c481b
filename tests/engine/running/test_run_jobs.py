"""Whole jobs, through the engine's process: results, events, stopping, repeating."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.commands import main
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.events import (
    PHASES,
    Cancel,
    Done,
    Failed,
    FrameDone,
    Heartbeat,
    Hello,
    Notice,
    Preview,
    PreviewRequest,
    Progress,
    event_from_line,
    to_line,
)
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.running import previews
from lipmlp_engine.running.pipeline import extract_morph, run_job
from tests.engine.small_jobs import (
    ENDLESS,
    SMALL_OPTIONS,
    Following,
    Recorder,
    command,
    surroundings,
    write_job,
    write_shapes,
)


def training(event: object) -> bool:
    return isinstance(event, Progress) and event.phase == "train" and event.loss is not None


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Following:
    """A small job, with everything that can be written, and its events."""
    job = write_job(tmp_path_factory.mktemp("finished"), output={"pictures": True, "sequence": "ply", "film": True})
    following = Following("run", job, "--events")
    assert following.end() == 0, following.events[-1]
    return following


def folder_of(following: Following) -> Path:
    done = following.events[-1]
    assert isinstance(done, Done)
    return Path(done.model).parent


def test_a_job_leaves_its_results_and_nothing_half_written(finished: Following) -> None:
    folder, done = folder_of(finished), finished.events[-1]
    assert isinstance(done, Done)
    assert done.frames == [str(folder / "frames" / f"frame_{index:04d}.npz") for index in range(3)]
    assert (done.report, done.contact_sheet) == (str(folder / "report.json"), str(folder / "contact_sheet.png"))
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written - {"film.mp4"} == {
        *("job.json", "box.stl", "ball.obj", "model.safetensors", "report.json", "engine.log"),
        *("lipmorph.json", "contact_sheet.png", "plot.png"),
        *(f"frames/frame_{index:04d}.npz" for index in range(3)),
        *(f"sequence/frame_{index:04d}.ply" for index in range(3)),
    }
    assert "Traceback" not in (folder / "engine.log").read_text()


def test_the_frames_are_the_shapes_at_their_times(finished: Following) -> None:
    frames = [MeshFrame.load(path) for path in sorted((folder_of(finished) / "frames").iterdir())]
    assert [frame.time for frame in frames] == [0.0, 0.5, 1.0]
    volumes = [trimesh.Trimesh(f.vertices, f.faces[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)).volume for f in frames]
    assert volumes[0] == pytest.approx(1.0, rel=0.15)
    assert volumes[2] == pytest.approx(4 / 3 * np.pi * 0.6**3, rel=0.15)
    assert frames[1].velocity is not None and np.isfinite(frames[1].velocity).all()


def test_events_come_in_order_and_the_fraction_never_falls(finished: Following) -> None:
    events = [event for event in finished.events if not isinstance(event, Heartbeat)]
    assert isinstance(events[0], Hello) and isinstance(events[-1], Done)
    assert sum(isinstance(event, (Hello, Done, Failed)) for event in events) == 2
    progress = [event for event in events if isinstance(event, Progress)]
    fractions = [event.fraction for event in progress]
    assert fractions == sorted(fractions) and fractions[0] >= 0 and fractions[-1] <= 1
    order = [list(PHASES).index(event.phase) for event in progress]
    assert order == sorted(order) and set(order) == set(range(len(PHASES)))
    assert any(event.loss and event.end_error for event in progress)
    frames = [event for event in events if isinstance(event, FrameDone)]
    assert [(event.index, event.count, event.time) for event in frames] == [(0, 3, 0.0), (1, 3, 0.5), (2, 3, 1.0)]


def test_the_report_times_every_phase(finished: Following) -> None:
    report = json.loads((folder_of(finished) / "report.json").read_text())
    assert list(report["phase_seconds"]) == list(PHASES)
    assert report["device"] and report["versions"]["torch"]
    assert [end["shape"] for end in report["ends"]] == ["box", "ball"]


def test_the_shell_and_python_give_the_same_morph_as_a_job_file(
    finished: Following, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    shapes = map(str, write_shapes(tmp_path / "shapes"))
    assert main.main(["morph", *shapes, "--out", str(tmp_path / "shell"), *SMALL_OPTIONS]) == 0
    said = capfd.readouterr()
    assert "never more or fewer" in said.out and "Chamfer" not in said.out and "Training" in said.err
    kept = Job.read(tmp_path / "shell" / "job.json")
    assert kept.output.folder == "." and kept.shapes[0].path == str(tmp_path / "shapes" / "box.stl")
    here = write_job(tmp_path / "python")
    called = run_job(Job.read(here), here.parent)
    assert json.loads(here.read_text())["shapes"][0]["path"] == "box.stl"
    for path in called.frames:
        one = MeshFrame.load(Path(path))
        for folder in (folder_of(finished), tmp_path / "shell"):
            other = MeshFrame.load(folder / "frames" / Path(path).name)
            assert np.array_equal(one.vertices, other.vertices), folder
            assert np.array_equal(one.faces, other.faces), folder


def test_a_guided_job_shows_itself_while_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "RESOLUTION", 24)
    job = Job.read(write_job(tmp_path, guide={"kind": "transport"}, output={"preview_seconds": 0.01}))
    recorder = Recorder()
    done = run_job(job, tmp_path, recorder)
    shown = [event for event in recorder.events if isinstance(event, Preview)]
    assert shown and next(preview for preview in shown if not preview.guide).time == 0.5
    assert len(MeshFrame.load(Path(shown[-1].path)).faces) > 100
    assert Morph.load(Path(done.model)).motion.flows


def test_frames_are_extracted_again_without_training(finished: Following, tmp_path: Path) -> None:
    model = folder_of(finished) / "model.safetensors"
    options = ["--frames", "2", "--resolution", "40", "--no-film", "--no-pictures"]
    assert main.main(["extract", str(model), "--out", str(tmp_path), *options]) == 0
    frames = [MeshFrame.load(path) for path in sorted((tmp_path / "frames").iterdir())]
    coarse = MeshFrame.load(model.parent / "frames" / "frame_0000.npz")
    assert len(frames) == 2 and len(frames[0].vertices) > len(coarse.vertices)
    kept = Job.read(tmp_path / "job.json")
    assert kept.extraction.resolution == 40 and kept.shapes[0].path == str(model.parent / "box.stl")
    assert Morph.load(tmp_path / "model.safetensors").job == kept


def test_shapes_that_are_gone_do_not_hinder_extraction(finished: Following, tmp_path: Path) -> None:
    """The model has them with it; one of before that shows its function alone."""
    morph = Morph.load(folder_of(finished) / "model.safetensors")
    assert len(morph.shapes) == 2
    done = extract_morph(morph, tmp_path / "whole")
    assert done.report and len(done.frames) == 3
    recorder = Recorder()
    done = extract_morph(dataclasses.replace(morph, shapes=[], blends=[]), tmp_path / "older", recorder)
    assert done.report == "" and len(done.frames) == 3
    assert any(isinstance(event, Notice) and "without colours" in event.message for event in recorder.events)


def test_a_report_is_printed_and_made_anew(finished: Following, capfd: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(finished)
    assert main.main(["report", str(folder)]) == 0
    printed = capfd.readouterr().out
    assert "Chamfer" in printed and "box" in printed
    before = json.loads((folder / "report.json").read_text())
    (folder / "report.json").unlink()
    assert main.main(["report", str(folder)]) == 4
    assert main.main(["report", str(folder), "--again"]) == 0
    after = json.loads((folder / "report.json").read_text())
    assert after["ends"] == before["ends"] and after["middle"] == before["middle"]
    (folder / "frames" / "frame_0001.npz").unlink()
    capfd.readouterr()
    assert main.main(["report", str(folder), "--again"]) == 4
    assert "holds 2 frames, but its job has 3" in capfd.readouterr().err


def test_a_training_goes_on_from_an_earlier_model(finished: Following, tmp_path: Path) -> None:
    """After a single step; of the other steps' reports, some are left out where they come too fast."""
    earlier = os.path.relpath(folder_of(finished) / "model.safetensors", tmp_path)
    errors = []
    for start in (earlier, ""):
        recorder = Recorder()
        run_job(Job.read(write_job(tmp_path, training={"start_from": start, "steps": 1})), tmp_path, recorder)
        last = list(filter(training, recorder.events))[-1]
        assert isinstance(last, Progress) and last.end_error is not None
        errors.append(last.end_error)
    assert errors[0] < errors[1] / 2


def test_a_certificate_is_printed_and_goes_into_the_report(
    finished: Following, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("model.safetensors", "report.json"):
        (tmp_path / name).write_bytes((folder_of(finished) / name).read_bytes())
    asked = ["--json", "--boxes=2000", "--samples=5000", "--at=0,0,0"]
    assert main.main(["certify", str(tmp_path / "model.safetensors"), *asked]) == 0
    figures = {figure["name"]: figure for figure in json.loads(capfd.readouterr().out)["figures"]}
    assert figures["space"]["value"] >= figures["space_sampled"]["value"] > 0
    assert (figures["space"]["kind"], figures["space_sampled"]["kind"]) == ("certified", "sampled")
    before, after = (json.loads((f / "report.json").read_text())["bounds"] for f in (folder_of(finished), tmp_path))
    assert {bound["key"] for bound in before} == {
        "space",
        "time",
        "space_sampled",
        "time_sampled",
        "looseness",
        "overestimated",
    }
    assert {bound["key"]: bound["how"] for bound in after} == {name: f["kind"] for name, f in figures.items()}
    assert 0 < figures["clearance"]["value"] < 0.6


def test_a_certificate_is_worked_out_for_a_program(
    finished: Following, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes((folder_of(finished) / "model.safetensors").read_bytes())
    following = Following("certify", model, "--boxes=2000", "--samples=5000", "--events")
    assert following.end() == 0
    first, *others, last = following.events
    assert isinstance(first, Hello) and isinstance(last, Done) and last.report == ""
    fractions = [event.fraction for event in others if isinstance(event, Progress) and event.phase == "measure"]
    assert fractions == sorted(fractions) and len(fractions) > 2
    capfd.readouterr()
    monkeypatch.setattr(sys, "stdin", None)
    assert main.main(["certify", str(model), "--at=0,0", "--events"]) == 2
    refused = event_from_line(capfd.readouterr().out.splitlines()[-1])
    assert isinstance(refused, Failed) and "three numbers" in refused.message


def test_cancelling_keeps_what_was_learned(tmp_path: Path) -> None:
    following = Following("run", write_job(tmp_path, **ENDLESS), "--events")
    following.until(training)
    following.say(to_line(PreviewRequest(0.25)))
    preview = following.until(lambda event: isinstance(event, Preview))
    assert isinstance(preview, Preview) and preview.time == 0.25
    assert len(MeshFrame.load(Path(preview.path)).faces) > 100
    following.say(to_line(Cancel()))
    assert following.end() == 130
    failed = following.events[-1]
    assert isinstance(failed, Failed) and failed.cancelled and failed.exit_code == 130
    assert Morph.load(Path(failed.model)).names == ["box", "ball"]
    assert isinstance(following.events[0], Hello)


def test_cancelling_breaks_in_where_there_is_nothing_to_keep(tmp_path: Path) -> None:
    following = Following("run", write_job(tmp_path, guide={"kind": "transport"}, **ENDLESS), "--events")
    following.until(lambda event: isinstance(event, Progress) and event.phase == "guide")
    following.say(to_line(Cancel()))
    assert following.end() == 130
    failed = following.events[-1]
    assert isinstance(failed, Failed) and failed.cancelled and failed.model == ""
    assert not any(map(training, following.events))
    assert not (tmp_path / "model.safetensors").exists()


def test_the_engine_ends_when_its_owner_is_gone(tmp_path: Path) -> None:
    following = Following("run", write_job(tmp_path, **ENDLESS), "--events")
    following.until(training)
    assert following.process.stdin is not None
    following.process.stdin.close()
    assert following.end() == 130
    assert (tmp_path / "model.safetensors").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to another process")
def test_ctrl_c_keeps_what_was_learned(tmp_path: Path) -> None:
    engine = subprocess.Popen(
        command("run", write_job(tmp_path, **ENDLESS)), env=surroundings(), stderr=subprocess.PIPE, text=True
    )
    assert engine.stderr is not None
    while "Training" not in engine.stderr.readline():
        assert engine.poll() is None
    time.sleep(0.5)
    engine.send_signal(signal.SIGINT)
    said = engine.communicate(timeout=60)[1]
    assert engine.returncode == 130
    assert said.splitlines()[-1].startswith("lipmorph: Stopped;")
    Morph.load(tmp_path / "model.safetensors")
    assert not list(tmp_path.rglob("*.part"))
