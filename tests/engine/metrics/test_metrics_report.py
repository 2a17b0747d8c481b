"""Whole reports on morphs whose motion is known, and their way to report.json and back."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import OutputError
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.metrics import Bound, Report, measure_morph, summary
from lipmlp_engine.metrics.frame_motion import frames_needed
from lipmlp_engine.metrics.in_between import log_linear, smaller_end
from lipmlp_engine.shapes.shape import Shape

Place = Callable[[float, np.ndarray], np.ndarray]


def morph(shape: Shape, place: Place, times: np.ndarray, speed: Place | None = None) -> list[MeshFrame]:
    """Frames of a shape whose vertices are placed by a function of time."""
    return [
        MeshFrame(
            float(t),
            place(t, shape.vertices).astype(np.float32),
            shape.triangles,
            velocity=speed(t, shape.vertices).astype(np.float32) if speed else None,
            segment=min(int(t), int(times[-1]) - 1),
        )
        for t in times
    ]


def end_shapes(shape: Shape, place: Place, count: int = 2) -> list[Shape]:
    return [Shape(f"{shape.name} {k}", place(k, shape.vertices), shape.triangles) for k in range(count)]


def measured(shape: Shape, place: Place, times: np.ndarray, speed: Place | None = None, count: int = 2) -> Report:
    frames = morph(shape, place, times, speed)
    return measure_morph(frames, end_shapes(shape, place, count), samples=1000)


@pytest.fixture(scope="module")
def ball() -> Shape:
    """Coarser than the other tests' ball: a report measures every frame."""
    mesh = trimesh.creation.icosphere(4)
    return Shape("ball", np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32))


@pytest.fixture(scope="module")
def travel(ball: Shape) -> Report:
    """A ball that goes four units straight ahead."""
    return measured(
        ball,
        lambda t, x: x + np.array([4 * t, 0, 0]),
        np.linspace(0, 1, 9),
        lambda t, x: np.broadcast_to([4.0, 0, 0], x.shape),
    )


def test_a_travelling_ball_takes_the_shortest_way_evenly(travel: Report) -> None:
    middle = travel.middle
    assert middle.path_length == pytest.approx(1, abs=1e-3)
    assert middle.speed_variation == pytest.approx(0, abs=1e-3)
    assert middle.centroid_jerk == pytest.approx(0, abs=1e-2)
    assert middle.least_volume == pytest.approx(1, abs=1e-4)
    assert middle.volume[4] == pytest.approx(4 / 3 * math.pi, rel=5e-3)
    assert middle.area[4] == pytest.approx(4 * math.pi, rel=5e-3)
    assert middle.largest_speed == pytest.approx(4, rel=1e-3)


def test_its_motion_is_the_same_by_distance_and_by_velocity(travel: Report, ball: Shape) -> None:
    assert travel.motion.per_step == pytest.approx([0.5] * 8, rel=1e-3)
    assert travel.motion.per_step_by_velocity == pytest.approx([0.5] * 8, rel=1e-3)
    assert travel.motion.largest_percent == pytest.approx(100 * 0.5 / ball.diagonal, rel=1e-3)
    assert travel.motion.per_step_usual == pytest.approx([0.5] * 8, rel=1e-2)
    assert travel.motion.usual_percent == pytest.approx(travel.motion.largest_percent, rel=1e-2)
    frames = travel.motion.frames_for["1"]
    assert 4 / (frames - 1) == pytest.approx(0.01 * ball.diagonal, rel=0.02)


def test_a_tip_that_leaps_is_the_largest_motion_and_asks_for_no_frames(ball: Shape) -> None:
    """What appears has no speed: thousands of frames were asked for where few show the rest move calmly."""
    tip = np.arange(len(ball.vertices)) == ball.vertices[:, 2].argmax()

    def growing(t: float, x: np.ndarray) -> np.ndarray:
        return 1.05**t * x + np.where(tip & (t > 0.5), 1, 0)[:, None] * [0, 0, 0.9]

    def speed(t: float, x: np.ndarray) -> np.ndarray:
        return np.log(1.05) * 1.05**t * x + np.where(tip, 30, 0)[:, None] * [0, 0, 1.0]

    report = measured(ball, growing, np.linspace(0, 1, 9), speed)
    motion = report.motion
    assert motion.largest == pytest.approx(30 / 8, rel=0.05)
    assert max(motion.per_step) == pytest.approx(0.9, rel=0.05)
    assert max(motion.per_step_usual) < 0.02
    assert motion.frames_for["1"] <= 3
    assert "which 99 % of the surface stay below" in summary(report)


def test_a_growing_ball_on_the_log_linear_path_does_not_leave_it(ball: Shape) -> None:
    report = measured(ball, lambda t, x: 2.0**t * x, np.linspace(0, 1, 5))
    assert report.middle.volume_departure == pytest.approx(1, abs=1e-3)
    assert report.middle.least_volume == pytest.approx(1, abs=1e-3)
    assert report.middle.volume_path[-1] == pytest.approx(8 * report.middle.volume_path[0])
    assert report.middle.path_length == pytest.approx(1, abs=0.01)


def test_a_ball_that_shrinks_on_the_way_is_caught(ball: Shape) -> None:
    report = measured(ball, lambda t, x: (1 - 0.8 * math.sin(math.pi * t)) * x, np.linspace(0, 1, 5))
    assert report.middle.least_volume == pytest.approx(0.2**3, rel=1e-2)
    assert report.middle.least_area == pytest.approx(0.2**2, rel=1e-2)
    assert report.middle.least_volume_time == 0.5
    assert report.middle.volume_departure == pytest.approx(125, rel=1e-2)
    assert report.middle.volume_jerk is not None and report.middle.volume_jerk > 10


def test_a_detour_is_longer_and_a_halt_uneven(ball: Shape) -> None:
    # Half a circle of diameter 2, where the straight way would be 2.
    detour = measured(
        ball, lambda t, x: x + np.array([-math.cos(math.pi * t), math.sin(math.pi * t), 0]), np.linspace(0, 1, 17)
    )
    assert detour.middle.path_length == pytest.approx(math.pi / 2, rel=0.01)
    halting = measured(ball, lambda t, x: x + np.array([2 * min(2 * t, 1), 0, 0]), np.linspace(0, 1, 9))
    assert halting.middle.path_length == pytest.approx(1, abs=1e-3)
    assert halting.middle.speed_variation == pytest.approx(1, abs=0.01)


def test_a_chain_is_measured_shape_by_shape(ball: Shape) -> None:
    report = measured(ball, lambda t, x: x * (1 + t) + [2 * t, 0, 0], np.linspace(0, 2, 9), count=3)
    assert [end.time for end in report.ends] == [0, 1, 2]
    assert max(end.chamfer for end in report.ends) < 1e-3
    assert report.middle.path_length == pytest.approx(1, abs=0.01)


def test_an_empty_frame_is_reported_and_not_averaged_away(ball: Shape) -> None:
    frames = morph(ball, lambda t, x: x, np.linspace(0, 1, 5))
    frames[2] = MeshFrame(0.5, np.zeros((0, 3), np.float32), np.zeros((0, 4), np.int32))
    report = measure_morph(frames, end_shapes(ball, lambda t, x: x), samples=500)
    assert report.middle.least_volume == 0
    assert report.topology.lost_components == 1 and report.topology.regrown_components == 1
    assert report.middle.path_length is None and report.middle.speed_variation is None
    assert "  least volume       0.00" in summary(report)


@pytest.mark.parametrize("times", [[0.0], [0.25, 0.5], [0.0, 0.5, 0.5, 1.0]])
def test_any_times_can_be_measured(ball: Shape, times: list[float]) -> None:
    frames = [MeshFrame(t, ball.vertices.astype(np.float32), ball.triangles) for t in times]
    report = measure_morph(frames, end_shapes(ball, lambda t, x: x), samples=100)
    assert [end.time for end in report.ends] == [t for t in times if t in (0, 1)]
    assert report.middle.least_volume == pytest.approx(1)
    assert report.motion.largest == pytest.approx(0, abs=1e-5)
    assert set(report.motion.frames_for.values()) == {2}


def test_far_from_the_origin_volumes_keep_their_digits(ball: Shape) -> None:
    shapes = end_shapes(ball, lambda t, x: x + np.array([1e4, 0, 0]))
    report = measure_morph(
        morph(ball, lambda t, x: x + np.array([1e4, 0, 0]), np.array([0.0, 1.0])), shapes, samples=500
    )
    assert report.middle.volume[0] == pytest.approx(4 / 3 * math.pi, rel=5e-3)


def test_reports_survive_the_file(travel: Report, tmp_path: Path) -> None:
    travel.bounds = [Bound("Lipschitz constant in space", 1.5, "", "certified")]
    travel.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == travel
    values = json.loads((tmp_path / "report.json").read_text())
    assert values["conventions"]["ends"] and values["versions"]["lipmlp_engine"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_what_was_not_measured_is_null_in_the_file(ball: Shape, tmp_path: Path) -> None:
    frames = morph(ball, lambda t, x: x, np.linspace(0, 1, 3))
    frames[1] = MeshFrame(0.5, np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    measure_morph(frames, end_shapes(ball, lambda t, x: x), samples=200).write(tmp_path / "report.json")
    assert "NaN" not in (tmp_path / "report.json").read_text()
    back = Report.read(tmp_path / "report.json")
    assert all(math.isnan(step) for step in back.middle.step_mean)


def test_a_report_names_its_job(ball: Shape) -> None:
    job = Job(shapes=[ShapeInput("a.obj"), ShapeInput("b.obj")])
    job.training.seed = 7
    frames = morph(ball, lambda t, x: x, np.array([0.0, 1.0]))
    report = measure_morph(
        frames, end_shapes(ball, lambda t, x: x), job=job, phase_seconds={"train": 2.0}, device="cpu", samples=200
    )
    assert report.seed == 7 and report.job["shapes"][0]["path"] == "a.obj"
    assert "train 2.0" in summary(report)


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other.json").write_text('{"version": 1, "shapes": 3}')
    with pytest.raises(OutputError, match="not a report"):
        Report.read(tmp_path / "other.json")
    (tmp_path / "newer.json").write_text('{"version": 99}')
    with pytest.raises(OutputError, match="version 99"):
        Report.read(tmp_path / "newer.json")


def test_a_bound_says_what_it_is_worth() -> None:
    with pytest.raises(ValueError, match="sampled or certified"):
        Bound("speed", 1.0, "", "guessed")


def test_progress_ends_at_one(ball: Shape) -> None:
    heard: list[float] = []
    frames = morph(ball, lambda t, x: x, np.array([0.0, 0.5, 1.0]))
    measure_morph(frames, end_shapes(ball, lambda t, x: x), samples=200, notify=heard.append)
    assert heard == sorted(heard) and heard[-1] == 1


def test_frames_needed() -> None:
    assert frames_needed(fastest=2.0, span=1.0, length=0.1) == 21
    assert frames_needed(fastest=0.0, span=1.0, length=0.1) == 2
    with pytest.raises(ValueError, match="positive"):
        frames_needed(fastest=1.0, span=1.0, length=0.0)


def test_paths_between_shapes() -> None:
    times = np.array([0, 0.5, 1, 1.5, 2])
    assert log_linear(times, np.array([1.0, 4.0, 1.0])) == pytest.approx([1, 2, 4, 2, 1])
    assert smaller_end(times, np.array([1.0, 4.0, 2.0])) == pytest.approx([1, 1, 4, 2, 2])
