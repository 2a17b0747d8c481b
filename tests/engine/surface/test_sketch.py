"""The morph by its guide alone: whole, in time, true at its ends, and seen before anything is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from safetensors.numpy import load_file

from lipmlp_engine.commands.preview import preview as preview_command
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.files.results_folder import STATIONS, preview_times
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import JobError
from lipmlp_engine.job.events import Event, Preview, Progress
from lipmlp_engine.running import previews
from lipmlp_engine.running.pipeline import preview_guide, run_job
from lipmlp_engine.running.portions import Portion
from lipmlp_engine.running.progress import expected_seconds
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.training.preparation import show_guide
from tests.engine.known_shapes import moved, shape_of
from tests.engine.small_jobs import Recorder, write_job


def carried() -> Job:
    """A job of the flow; whether shapes are poses of one shape need not be found out each time."""
    job = Job()
    job.guide.kind = "transport"
    return job


def sketched(job: Job, shapes: list[Shape]) -> list[dict[int, MeshFrame]]:
    """Every row of surfaces that is shown, in turn."""
    rows: list[dict[int, MeshFrame]] = [{}]

    def show(station: int, frames: object) -> None:
        for offset, frame in enumerate(frames):  # type: ignore[arg-type]
            if station + offset in rows[-1]:
                rows.append({})
            rows[-1][station + offset] = frame

    show_guide(job, shapes, lambda _: None, lambda: False, show)
    return rows


def solid(frame: MeshFrame) -> trimesh.Trimesh:
    return trimesh.Trimesh(frame.vertices, frame.faces, process=False)


def test_a_ball_travels_and_grows_and_both_rows_are_whole(ball: Shape) -> None:
    small = trimesh.creation.icosphere(subdivisions=3, radius=0.6)
    shapes = [shape_of(moved(small, (-2, 0, 0)), "small"), ball]
    rough, settled = sketched(carried(), shapes)
    for row in (rough, settled):
        assert sorted(row) == list(range(STATIONS + 1))
        assert [row[k].time for k in sorted(row)] == pytest.approx(np.linspace(0, 1, STATIONS + 1))
        assert all(solid(frame).is_watertight for frame in row.values())
        volumes = np.array([solid(row[k]).volume for k in sorted(row)])
        assert volumes[0] == pytest.approx(4.18879 * 0.6**3, rel=0.02)
        assert volumes[-1] == pytest.approx(4.18879, rel=0.02)
    centres = np.array([solid(settled[k]).center_mass[0] for k in sorted(settled)])
    assert (np.diff(centres) > 0).all() and abs(centres[0] + 2) < 0.03 and abs(centres[-1]) < 0.03
    volumes = np.array([solid(settled[k]).volume for k in sorted(settled)])
    assert (np.diff(volumes) > 0).all()


def test_in_a_chain_the_shape_between_is_shown_once(ball: Shape, box: Shape) -> None:
    small = shape_of(trimesh.creation.icosphere(subdivisions=3, radius=0.6), "small")
    rows = sketched(carried(), [ball, box, small])
    assert all(set(row) <= set(range(2 * STATIONS + 1)) for row in rows)
    assert set(rows[-1]) == set(rows[0]) == set(range(2 * STATIONS + 1))
    assert solid(rows[-1][STATIONS]).volume == pytest.approx(6.0, rel=0.05)
    assert rows[-1][STATIONS + 1].segment == 1


def test_a_carried_mesh_is_shown_as_it_is(wiggled: tuple[Shape, Shape]) -> None:
    job = Job()
    job.guide.kind = "poses"
    (row,) = sketched(job, list(wiggled))
    assert sorted(row) == list(range(STATIONS + 1))
    assert len({len(frame.vertices) for frame in row.values()}) == 1


@pytest.fixture
def wiggled(box: Shape) -> tuple[Shape, Shape]:
    """A long bar, and the same bar bent."""
    bar = trimesh.creation.box((4.0, 0.8, 0.8)).subdivide().subdivide().subdivide()
    bent = bar.copy()
    angle = bar.vertices[:, 0] / 4.0
    radius = 4.0 - bar.vertices[:, 1]
    bent.vertices = np.column_stack([radius * np.sin(angle), 4.0 - radius * np.cos(angle), bar.vertices[:, 2]])
    return shape_of(bar, "bar"), shape_of(bent, "bent")


def test_previews_change_nothing_of_what_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(previews, "RESOLUTION", 24)
    learned = []
    for seconds in (0.0, 600.0):
        folder = tmp_path / str(seconds)
        shown = {"preview_seconds": seconds}
        path = write_job(folder, guide={"kind": "transport"}, training={"steps": 40}, output=shown)
        recorder = Recorder()
        done = run_job(Job.read(path), folder, recorder, portion=Portion(only="model"))
        guided = [event for event in recorder.events if isinstance(event, Preview) and event.guide]
        assert len(guided) == (0 if not seconds else 2 * (STATIONS + 1))
        learned.append(load_file(done.model))
        if seconds:
            begun = [getattr(event, "phase", "") for event in recorder.events]
            assert begun.index("train") > max(recorder.events.index(event) for event in guided)
    without, seen = learned
    assert without.keys() == seen.keys()
    assert all(np.array_equal(values, seen[name]) for name, values in without.items())


def test_the_preview_alone_leaves_a_folder_of_results_as_it_was(tmp_path: Path) -> None:
    path = write_job(tmp_path, guide={"kind": "transport"}, output={"pictures": True})
    before = path.read_bytes()
    recorder = Recorder()
    done = preview_guide(Job.read(path), tmp_path, recorder)
    job = Job.read(path)
    assert [MeshFrame.load(Path(frame)).time for frame in done.frames] == preview_times(job)
    assert path.read_bytes() == before and (tmp_path / "preview" / "guide.png").is_file()
    fractions = [event.fraction for event in recorder.events if isinstance(event, Progress)]
    assert fractions == sorted(fractions) and fractions[-1] > 0.7
    assert sum(expected_seconds(job, trained=False, sketches=True).values()) < 10


def test_without_a_guide_there_is_nothing_to_preview(tmp_path: Path) -> None:
    path = write_job(tmp_path)
    recorder = Recorder()
    with pytest.raises(JobError, match="no guide"):
        preview_guide(Job.read(path), tmp_path, recorder)
    assert not (tmp_path / "preview").exists()


def test_a_preview_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    from lipmlp_engine.job.errors import Cancelled

    class Leaving(Recorder):
        def tell(self, event: Event) -> None:
            super().tell(event)
            if isinstance(event, Progress) and event.phase == "guide":
                self.stop()

    path = write_job(tmp_path / "job", guide={"kind": "transport"})
    job = Job.read(path)
    job.output.folder = str(tmp_path / "out")
    with pytest.raises(Cancelled):
        preview_guide(job, path.parent, Leaving())
    assert not (tmp_path / "out").exists()
    assert callable(preview_command) and not torch.is_inference_mode_enabled()
