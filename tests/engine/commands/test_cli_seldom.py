"""What commands do seldom: nobody reads along, somebody stops them, a place cannot be written, a number is none."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import trimesh

from lipmlp_engine.commands import certify as certify_command
from lipmlp_engine.commands import following
from lipmlp_engine.commands import main as main_module
from lipmlp_engine.commands import match as match_command
from lipmlp_engine.commands import presets as presets_command
from lipmlp_engine.commands import space as space_command
from lipmlp_engine.commands import surface as surface_command
from lipmlp_engine.commands.main import command_parser, main
from lipmlp_engine.commands.match import Told
from lipmlp_engine.commands.morph import job_from
from lipmlp_engine.job.certificate_settings import Certification
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import Cancelled
from lipmlp_engine.metrics import motion_bound
from lipmlp_engine.running import installation_check
from lipmlp_engine.running.channel import Audience
from tests.engine.small_jobs import write_job


class Stopped(Audience):
    """Somebody who has asked to stop."""

    def stopping(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("trouble", "code", "said"),
    [
        (BrokenPipeError(), 0, ""),
        (KeyboardInterrupt(), 130, "Stopped."),
        (ModuleNotFoundError("No module named 'scipy'", name="scipy"), 1, "'scipy' is missing"),
    ],
)
def test_a_reader_that_leaves_a_key_and_a_missing_package_end_a_command_in_order(
    trouble: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def command(given: Any) -> int:
        raise trouble

    monkeypatch.setattr(main_module, "silence", lambda stream: None)
    monkeypatch.setattr(presets_command, "presets", command)
    assert main(["presets"]) == code
    told = capfd.readouterr()
    assert said in told.err and "Traceback" not in told.err


def test_without_any_stdin_nobody_owns_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert following._owner() is None


def test_the_doctor_tells_people_how_fast_it_is(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        installation_check, "try_out", lambda: [installation_check.Figure("distances", 123456.7, "points/s")]
    )
    assert main(["doctor"]) == 0
    assert "distances      123,457 points/s" in capfd.readouterr().out


def test_a_morph_takes_landmarks_and_a_timing_from_its_options(tmp_path: Path) -> None:
    (tmp_path / "marks.csv").write_text("x,y,z,x,y,z\n0,0,1,0,0,2\n")
    asked = ["morph", "a.ply", "b.ply", "--landmarks", str(tmp_path / "marks.csv"), "--timing", "0:0,0.5:1,1:1"]
    given, unknown = command_parser().parse_known_args(asked)
    job = job_from(given)
    assert not unknown and job.timing == [[0.0, 0.0], [0.5, 1.0], [1.0, 1.0]]
    assert [[tuple(point) for point in row if point] for row in job.landmarks] == [[(0, 0, 1), (0, 0, 2)]]


def test_certifying_can_be_stopped_and_proves_motion_where_it_is_asked_to(
    small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Cancelled, match="the report is as it was"):
        certify_command._examine(small_model, Certification(100, 100), None, Stopped())
    monkeypatch.setattr(motion_bound, "certified_motion", lambda morph, frames: [0.5, 2.5, 1.0])
    figures = certify_command._examine(small_model, Certification(100, 100, motion=True), None, Audience()).figures
    assert [(figure.name, figure.value, figure.kind) for figure in figures][-1] == ("motion_bound", 2.5, "certified")


def test_a_surface_can_be_stopped() -> None:
    with pytest.raises(Cancelled, match="nothing was written"):
        surface_command._follower(Stopped())(0.5)


def matched(monkeypatch: pytest.MonkeyPatch, box: Any, out: Path, *more: str) -> int:
    """The command without what takes its time."""
    told = [Told(True, 0.8, "They match.")]
    colours = [np.full((len(box.vertices), 3), 0.5)] * 2
    monkeypatch.setattr("lipmlp_engine.reading.load.load_shapes", lambda *_: [box, box])
    monkeypatch.setattr(match_command, "matched_colours", lambda *_: (colours, told))
    return main(["match", *more, "--out", str(out)])


def test_a_match_is_written_of_files_or_of_a_job_or_said_to_be_impossible(
    box: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "marks.csv").write_text("0,0,1,0,0,2\n")
    marked = ["a.ply", "b.ply", "--landmarks", str(tmp_path / "marks.csv")]
    assert matched(monkeypatch, box, tmp_path / "out", *marked) == 0
    assert json.loads((tmp_path / "out" / "match.json").read_text())[0]["sentence"] == "They match."
    again = trimesh.load(tmp_path / "out" / "0_box.ply", process=False)
    assert np.allclose(again.vertices, box.vertices) and again.visual.vertex_colors[0][3] == 255
    assert matched(monkeypatch, box, tmp_path / "job", str(write_job(tmp_path / "j")), "--arrays") == 0
    with np.load(tmp_path / "job" / "0.npz") as arrays:
        assert arrays["colors"].shape == (len(box.vertices), 4)
    capfd.readouterr()
    (tmp_path / "file").write_text("in the way")
    assert matched(monkeypatch, box, tmp_path / "file" / "out", "a.ply", "b.ply") == 4
    assert "cannot be written" in capfd.readouterr().err
    assert matched(monkeypatch, box, tmp_path / "file", "a.ply", "b.ply") == 4
    assert "cannot be used" in capfd.readouterr().err


def test_a_match_that_is_not_taken_says_why_and_how_sure_it_is(box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pairing = SimpleNamespace(confidence=0.41, said="they are alike")
    verdict = SimpleNamespace(pairing=pairing, objection="it is not sure")
    monkeypatch.setattr("lipmlp_engine.guide.pose_pairs.matched_by_vertices", lambda *_: None)
    monkeypatch.setattr("lipmlp_engine.poses.recognition.judged", lambda *_, **__: verdict)
    found, told = match_command._matched(box, box, None, Job().guide)
    assert found is pairing and not told.matched and told.confidence == 0.41
    assert told.sentence == "Not taken, because it is not sure (confidence 41 %, of which 50 % are needed)."


class Space:
    """Two poses of a triangle, one number between them."""

    origin = np.zeros(1)
    triangles = np.array([[0, 1, 2]])

    def decode(self, codes: Any) -> Any:
        codes = np.atleast_2d(codes)
        return np.stack([np.eye(3) + code[0] for code in codes])

    def code_of(self, name: str) -> Any:
        return np.zeros(1) if name == "1" else np.ones(1)

    def between(self, first: Any, last: Any, steps: int) -> Any:
        return np.linspace(first, last, steps)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--code=x", "--out", "one.obj"], 2, "--code x must be numbers"),
        (["--code=11", "--out", "one.obj"], 2, "must be 1 number from -10 to 10"),
        (["--code=0.5", "--out", "one.doc"], 2, "one.doc is of no known kind"),
        (["--code=0.5", "--out", "file/one.obj"], 4, "cannot be written"),
        (["--between", "1", "2", "--steps", "1", "--out", "one.obj"], 2, "--steps is 1; it must lie between 2 and"),
        (["--grid", "1", "--out", "grid.npz"], 2, "--grid is 1; it must be 0 or lie between 2 and"),
        (["--grid", "3", "--out", "grid.obj"], 2, "A grid is written as .npz, not as grid.obj"),
        (["--between", "1", "2", "--steps", "2", "--out", "one.obj"], 0, ""),
    ],
)
def test_what_is_asked_of_a_space_is_written_or_refused(
    options: list[str], code: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr("lipmlp_engine.pose_space.space_file.load_space", lambda path: Space())
    assert main(["space", "decode", "space.safetensors", *options]) == code
    assert said in capfd.readouterr().err
    if not code:
        assert [path.name for path in sorted(tmp_path.glob("*.obj"))] == ["one_0000.obj", "one_0001.obj"]
        assert np.allclose(trimesh.load(tmp_path / "one_0001.obj", process=False).vertices, np.eye(3) + 1)


def test_learning_a_space_can_be_stopped() -> None:
    with pytest.raises(Cancelled, match="nothing was written"):
        space_command._notifier(Stopped())("load", 0.0, None)


def test_what_cannot_be_written_is_said_of_lengths_too(tmp_path: Path) -> None:
    poses = {"first": np.eye(3), "last": np.eye(3) * 2, "triangles": np.array([[0, 1, 2]], np.int32)}
    np.savez(tmp_path / "poses.npz", **poses, shares=np.array([0.5]))
    (tmp_path / "out.npz").mkdir()
    assert main(["lengths", str(tmp_path / "poses.npz"), str(tmp_path / "out.npz")]) == 4
