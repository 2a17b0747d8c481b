"""What a run refuses or tells on its way from frames to keys, without a training."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from lipmlp_engine.files.manifest import Manifest
from lipmlp_engine.files.mesh_frame import FrameLayer, MeshFrame
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.files.workplace import Workplace
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import Cancelled, OutputError, ShapeError
from lipmlp_engine.job.events import Notice, Progress
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.metrics.frame_topology import TopologyOverTime
from lipmlp_engine.metrics.key_quality import KeyMeasure, TargetMeasure, why_tracking_fails
from lipmlp_engine.pictures.film import write_film
from lipmlp_engine.running import key_making
from lipmlp_engine.running.account import Account
from lipmlp_engine.running.frame_writing import FrameWriting
from lipmlp_engine.running.portions import Portion
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.tracking.template_mesh import Template
from lipmlp_engine.tracking.track import Track
from tests.engine.small_jobs import Recorder

CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)


def frame(time: float, faces: int = 1) -> MeshFrame:
    return MeshFrame(time, CORNERS, np.array([[0, 1, 2]] * faces, np.int32).reshape(-1, 3))


@pytest.fixture
def job() -> Job:
    made = Job(shapes=[ShapeInput("a.ply", "a"), ShapeInput("b.ply", "b")])
    made.extraction.frames = 2
    return made


@pytest.fixture
def elsewhere(tmp_path: Path) -> ResultsFolder:
    """A part of a film that another machine has made: its second frame is empty."""
    results = ResultsFolder(tmp_path / "elsewhere")
    results.frame(0).parent.mkdir(parents=True)
    frame(0.0).save(results.frame(0))
    frame(1.0, faces=0).save(results.frame(1))
    return results


def test_a_film_put_together_says_where_nothing_is_to_be_seen(
    job: Job, elsewhere: ResultsFolder, tmp_path: Path
) -> None:
    results, recorder = ResultsFolder(tmp_path / "out"), Recorder()
    place = Workplace(results.path, [], beside=False, force=False)
    place.open([])
    account = Account(recorder, {"extract": 1.0})
    with account.phase("extract"):
        made = FrameWriting(job, results, place, account).write(
            cast(Any, SimpleNamespace(detailed=False)), [], Portion(frames_from=[elsewhere.path])
        )
    place.close(failed=False)
    assert [found.time for found in made] == [0.0, 1.0] and len(made[:1]) == 1
    assert account.notes == ["There is no surface at t = 1.00."]


def test_a_stop_between_frames_closes_what_makes_them_where_they_were_taken(
    job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A traceback of the stop keeps it alive, and whatever thread collects that would have to close it."""
    results, recorder = ResultsFolder(tmp_path / "out"), Recorder()
    place = Workplace(results.path, [], beside=False, force=False)
    place.open([])
    account = Account(recorder, {"extract": 1.0})

    def made() -> Generator[MeshFrame, None, None]:
        yield frame(0.0)
        recorder.stop()
        yield frame(1.0)

    coming = made()
    monkeypatch.setattr("lipmlp_engine.running.method.frames", lambda *_: coming)
    job.times = [0.0, 0.5, 1.0]
    writing = FrameWriting(job, results, place, account)
    with pytest.raises(Cancelled), account.phase("extract"):
        writing.write(cast(Any, SimpleNamespace(detailed=False)), [], Portion())
    place.close(failed=True)
    assert coming.gi_frame is None


def test_parts_that_are_no_film_are_refused(elsewhere: ResultsFolder) -> None:
    portion = Portion(frames_from=[elsewhere.path])
    with pytest.raises(OutputError, match="hold 2 frames together, but it has 3"):
        portion.frames_made_elsewhere([0.0, 0.5, 1.0])
    coming = portion.frames_made_elsewhere([0.0, 0.5])
    assert coming is not None and next(coming).time == 0.0
    with pytest.raises(OutputError, match="is the frame at t = 1; the film wants the one at 0.5 there"):
        next(coming)


def test_notes_and_spectra_are_kept_and_a_wish_to_stop_is_obeyed() -> None:
    recorder = Recorder()
    account = Account(recorder, {"train": 1.0})
    with account.phase("train"):
        account.hear(Notice("It was open."))
        account.hear(Progress("train", 0.5, singular_values=[(1.0, 0.5)]))
    assert account.notes == ["It was open."] and account.spectra == [(0.5, [(1.0, 0.5)])]
    recorder.stop()
    with pytest.raises(Cancelled, match="the frames so far are kept"), account.phase("train"):
        pytest.fail("it was to stop")


def test_a_film_that_is_stopped_leaves_neither_a_file_nor_a_program(tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\ncat > /dev/null\n")
    program.chmod(0o755)

    def stop(done: int) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        write_film([frame(0.0)], tmp_path / "film.mp4", program=str(program), notify=stop)
    program.write_text("#!/bin/sh\nexec <&-\necho no such codec >&2\nexit 3\n")
    with pytest.raises(OutputError, match="ffmpeg says: no such codec"):
        write_film([frame(0.0)] * 9, tmp_path / "film.mp4", program=str(program))
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


# ---- shape keys


SAME = TopologyOverTime([1], [0], [0], [0], 0, 0, 0, 0, 0, [], [], 0)


def asked_for(job: Job, shape: Shape, monkeypatch: pytest.MonkeyPatch, template: object = None) -> str:
    """What is said of keys that are not even tried."""

    def give(*_: object) -> object:
        if isinstance(template, Exception):
            raise template
        return template or Template(shape.vertices, shape.triangles)

    monkeypatch.setattr(key_making, "critical_moments", lambda *_: [])
    monkeypatch.setattr(key_making, "_template", give)
    nothing = cast(Any, None)
    found = key_making.make_keys(job, ResultsFolder(Path("nowhere")), SAME, [shape], nothing, lambda done: None)
    assert not found.kept
    return found.sentence


def test_keys_that_cannot_be_are_refused_before_anything_is_carried(
    job: Job, ball: Shape, open_ball: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.extraction.keys = "auto"
    assert "because 'open ball' has holes" in asked_for(job, open_ball, monkeypatch)
    assert asked_for(job, ball, monkeypatch, ShapeError("It is a cloud.")) == "There are no shape keys: It is a cloud."
    job.extraction.key_vertices = 100
    many = Template(ball.vertices, ball.triangles, 0.0)
    assert "vertices, more than the 100 that extraction.key_vertices allows" in asked_for(job, ball, monkeypatch, many)


def test_points_have_no_mesh_to_move(job: Job, ball: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Shape("scan", ball.vertices, np.zeros((0, 3), np.int32), cloud=Cloud(ball.vertices))
    monkeypatch.setattr(key_making, "_as_filed", lambda *_: cloud)
    with pytest.raises(ShapeError, match="'scan' is a cloud of points, which has no mesh to move; choose Remesh"):
        key_making._template(job, ResultsFolder(Path("nowhere")), [cloud], cast(Any, None))


def test_a_mesh_that_stays_away_is_told() -> None:
    keys = [SimpleNamespace(time=time, flipped=0.0) for time in (0.0, 1.0)]
    track = Track(np.zeros((2, 3, 3), np.float32), np.array([0.0, 1.0]), np.array([[0, 1, 2]], np.int32))
    target = SimpleNamespace(shape="cat", mean=9.0)
    said = why_tracking_fails(track, cast(list[KeyMeasure], keys), cast(list[TargetMeasure], [target]), "ball")
    assert said == "the mesh stays 9.0 % of the diagonal away from 'cat'"


# ---- files


def test_frames_that_contradict_themselves_are_refused(tmp_path: Path) -> None:
    MeshFrame(0.0, CORNERS, np.array([[0, 1, 7]], np.int32)).save(tmp_path / "a.npz")
    with pytest.raises(OutputError, match="it has faces without vertices"):
        MeshFrame.load(tmp_path / "a.npz")
    layer = FrameLayer("source", "Wear", "float", "edge", np.zeros((3, 1), np.float32))
    MeshFrame(0.0, CORNERS, np.array([[0, 1, 2]], np.int32), layers=[layer]).save(tmp_path / "b.npz")
    with pytest.raises(OutputError, match="which there is not"):
        MeshFrame.load(tmp_path / "b.npz")


def test_a_list_of_files_takes_nothing_that_lies_outside_and_follows_no_link(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    manifest = Manifest(folder)
    with pytest.raises(OutputError, match="lies outside .*: choose another folder, or move it away"):
        manifest.claim(tmp_path / "theirs.txt")
    (tmp_path / "theirs.txt").write_text("the user's")
    (folder / "report.json").symlink_to(tmp_path / "theirs.txt")
    manifest.adopt(["report.json"])
    assert not (folder / "report.json").exists() and (tmp_path / "theirs.txt").read_text() == "the user's"
