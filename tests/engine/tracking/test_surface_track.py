"""Shape keys: known motions are followed, the topology decides, bad sources are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from lipmlp_engine.commands.main import main
from lipmlp_engine.guide import Motion
from lipmlp_engine.guide.frame_pose import Pose, PosePath
from lipmlp_engine.metrics.critical_moments import halved
from lipmlp_engine.metrics.frame_topology import TopologyOverTime
from lipmlp_engine.metrics.key_quality import measure_keys, measure_targets, why_topology_fails, why_tracking_fails
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.smooth_normals import values_and_mean_gradient
from lipmlp_engine.tracking import template_mesh, traveller
from lipmlp_engine.tracking.template_mesh import Template, clean_mesh, euler_number, own_mesh
from lipmlp_engine.tracking.track import Track, chosen_keys, track
from lipmlp_engine.tracking.traveller import onto_surface
from tests.engine.known_shapes import shape_of
from tests.engine.small_jobs import SMALL_OPTIONS
from tests.engine.tracked_shapes import AWAY, CENTRE, moved_and_scaled, source, trained


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """A third of the steps along the way, and clean meshes of as few vertices as the shapes' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(traveller, "STEPS", 16)
        patch.setattr(template_mesh, "FEWEST_VERTICES", 600)
        yield


@pytest.fixture(scope="module")
def scaled() -> tuple[list[Shape], Morph]:
    """A shape that travels and grows."""
    first = source()
    shapes = [first, Shape("target", moved_and_scaled(first.vertices, 1.0), first.triangles)]
    return shapes, trained(shapes)


@pytest.fixture(scope="module")
def shifted() -> tuple[list[Shape], Morph]:
    """A shape that travels."""
    first = source()
    shapes = [first, Shape("target", first.vertices + AWAY, first.triangles)]
    return shapes, trained(shapes, 150)


def turned(points: np.ndarray, time: float) -> np.ndarray:
    vector = time * np.pi / 2 * np.array([1.0, 2.0, 2.0]) / 3
    return (points - CENTRE) @ Rotation.from_rotvec(vector).as_matrix().T + CENTRE


def test_a_travelling_and_growing_shape_is_followed(scaled: tuple[list[Shape], Morph]) -> None:
    require_followed(moved_and_scaled, 1.0, *scaled)


def test_a_turning_shape_is_followed() -> None:
    first = source()
    shapes = [first, Shape("target", turned(first.vertices, 1.0), first.triangles)]
    require_followed(turned, 3.0, shapes, trained(shapes))


def require_followed(
    motion: Callable[[np.ndarray, float], np.ndarray], percent: float, shapes: list[Shape], morph: Morph
) -> None:
    first = shapes[0]
    found = track(morph, own_mesh(first), shapes)
    assert found.times[0] == 0 and found.times[-1] == 1
    for time, positions in zip(found.times, found.positions, strict=True):
        true = motion(first.vertices, float(time))
        error = np.linalg.norm(positions - true, axis=1).mean() / np.linalg.norm(np.ptp(true, axis=0))
        assert 100 * error < percent, time
    keys = measure_keys(found, morph, first.diagonal)
    assert max(key.mean for key in keys[1:]) < 0.5
    (end,) = measure_targets(found, shapes)
    assert end.mean < 0.05 and end.coverage_mean < 0.2
    assert not why_tracking_fails(found, keys, [end], first.name)


def test_tracking_keeps_the_order_and_the_seams_of_the_source(ball: Shape) -> None:
    """Vertices that lie on each other move as one, and unused ones keep their place in the order."""
    mesh = trimesh.creation.icosphere(subdivisions=2, radius=1.0)
    whole = shape_of(mesh, "ball")
    second = Shape("moved", whole.vertices + np.array([2.0, 0, 0]), whole.triangles)
    morph = trained([whole, second], 200)
    corners = whole.vertices[whole.triangles].reshape(-1, 3)
    torn = Shape("torn", np.concatenate([[[0.0, 0, 0]], corners]), np.arange(1, len(corners) + 1).reshape(-1, 3))
    found, again = (track(morph, own_mesh(torn), [whole, second], threads=threads) for threads in (1, 2))
    joined = track(morph, own_mesh(whole), [whole, second])
    assert np.array_equal(found.positions, again.positions)
    assert found.positions.shape[1] == len(torn.vertices)
    assert np.allclose(found.positions[0], torn.vertices, atol=1e-6)
    # The order of the vertices decides which slides first, and with it the last digits.
    apart = np.linalg.norm(found.positions[-1][1:] - joined.positions[-1][whole.triangles].reshape(-1, 3), axis=1)
    assert apart.mean() < 0.03
    places = found.positions[-1][1:].round(6)
    assert len(np.unique(places, axis=0)) == len(whole.vertices)
    assert np.allclose(found.positions[-1][0], [2.0, 0, 0], atol=0.1)
    assert 0 < found.inside < 0.01


def test_keys_are_as_many_as_straight_lines_need() -> None:
    times = np.linspace(0, 1, 9)
    straight = times[:, None, None] * np.ones((1, 5, 3))
    assert chosen_keys(times, straight, 1e-6) == [0, 8]
    bent = straight + np.maximum(times - 0.5, 0)[:, None, None] * np.array([1.0, 0, 0])
    assert chosen_keys(times, bent, 1e-6) == [0, 4, 8]


def test_faces_that_turn_over_and_vertices_inside_are_told(shifted: tuple[list[Shape], Morph]) -> None:
    shapes, morph = shifted
    found = track(morph, own_mesh(shapes[0]), shapes)
    crumpled = found.positions.copy()
    crumpled[-1, ::5] = crumpled[-1, ::-1][::5]
    broken = Track(crumpled, found.times, found.triangles, 0.0)
    assert "turned over at t = 1.00" in why_tracking_fails(broken, measure_keys(broken, morph, 1.0), [], "source")
    inside = Track(found.positions, found.times, found.triangles, 0.3)
    assert "30 % of the vertices of 'source'" in why_tracking_fails(
        inside, measure_keys(inside, morph, 1.0), [], "source"
    )


def test_the_topology_decides() -> None:
    def over_time(components: list[int], genus: list[int | None]) -> TopologyOverTime:
        count = len(genus)
        return TopologyOverTime(components, [0] * count, [0] * count, genus, 0, 0, 0, 0, 0, [], [(0.25, 0.5)], 0)

    assert why_topology_fails(over_time([1, 1, 1], [0, 0, 0])) == ""
    assert "handles changes between 0 and 1, at t = 0.375" in why_topology_fails(
        over_time([1, 1, 1], [0, 0, 1]), [0.375]
    )
    assert "components changes between 1 and 2" in why_topology_fails(over_time([1, 2, 1], [0, 0, 0]))


def test_moments_are_found_finer_than_frames() -> None:
    assert halved(0.25, 0.5, lambda time: (1, 0, int(time > 0.3))) == pytest.approx(0.3, abs=0.25 / 64)
    assert halved(0.25, 0.5, lambda time: (1, 0, 0)) == 0.375


def run(folder: Path, target: trimesh.Trimesh, keys: str) -> dict[str, object]:
    folder.mkdir(exist_ok=True)
    trimesh.creation.icosphere(subdivisions=2, radius=1.0).export(folder / "ball.ply")
    target.export(folder / "target.ply")
    shapes = [str(folder / name) for name in ("ball.ply", "target.ply")]
    options = [*SMALL_OPTIONS, "--set=training.steps=250", "--set=extraction.resolution=40"]
    assert main(["morph", *shapes, "--out", str(folder / "out"), *options, f"--set=extraction.keys={keys}"]) == 0
    return report_in(folder / "out")


def report_in(out: Path) -> dict[str, object]:
    report: dict[str, object] = json.loads((out / "report.json").read_text())
    return report


def test_a_ball_becomes_a_box_by_shape_keys_and_a_ring_by_frames(tmp_path: Path) -> None:
    out = tmp_path / "box" / "out"
    report = run(tmp_path / "box", trimesh.creation.box((1.6, 1.6, 1.6)), "auto")
    assert report["tracking"]["kept"] and report["tracking"]["sentence"] in report["notes"]
    with np.load(out / "keys.npz") as arrays:
        assert arrays["positions"].shape == (len(arrays["times"]), 162, 3)
        assert np.isfinite(arrays["positions"]).all() and (np.diff(arrays["times"]) > 0).all()
    ring = trimesh.creation.torus(1.0, 0.4)
    report = run(tmp_path / "box", ring, "auto")
    assert not report["tracking"]["kept"] and "number of handles" in report["tracking"]["sentence"]
    assert not (out / "keys.npz").exists()
    again = ["extract", str(out / "model.safetensors"), "--out", str(out), "--set=extraction.keys=always"]
    assert main(again) == 0
    report = report_in(out)
    assert report["tracking"]["kept"] and "best effort" in report["tracking"]["sentence"]
    assert (out / "keys.npz").exists()


def test_a_clean_mesh_is_carried_both_ways_and_only_as_far_as_asked(scaled: tuple[list[Shape], Morph]) -> None:
    shapes, morph = scaled
    first = shapes[0]
    template = clean_mesh(morph, first, 0.0, 1.0, 32, 100_000)
    assert 0 < template.time < 1 and template.faces is not None
    whole = track(morph, template, shapes)
    assert whole.times[0] == 0 and whole.times[-1] == 1 and len(whole.faces) * 2 == len(whole.triangles)
    ends = measure_targets(whole, shapes)
    assert [end.shape for end in ends] == ["source", "target"] and max(end.mean for end in ends) < 0.15
    assert max(key.flipped for key in measure_keys(whole, morph, first.diagonal)) < 0.5
    part = track(morph, template, shapes, start=0.3, end=0.7)
    assert part.times[0] == 0.3 and part.times[-1] == 0.7
    assert len(clean_mesh(morph, first, 0.0, 1.0, 32, 900).vertices) <= 900


def test_vertices_that_correspond_arrive_at_each_other() -> None:
    first = source()
    bent = moved_and_scaled(first.vertices, 1.0)
    bent[:, 2] += 0.2 * bent[:, 0] ** 2 / 9
    shapes = [first, Shape("target", bent, first.triangles)]
    morph = trained(shapes, 150)
    found = track(morph, own_mesh(first, {1: bent}), shapes)
    assert np.allclose(found.positions[-1], bent, atol=1e-5)
    steps = np.linalg.norm(np.diff(found.positions, axis=0), axis=2).max(1) / np.diff(found.times)
    assert steps.max() < 4 * np.median(steps)


def test_a_mesh_that_loses_the_surface_is_told_and_not_kept(shifted: tuple[list[Shape], Morph]) -> None:
    shapes, morph = shifted
    first = shapes[0]
    adrift = Template(first.vertices + 5.0, first.triangles, 0.5, first.triangles)
    found = track(morph, adrift, shapes)
    assert found.lost_at is not None and np.isfinite(found.positions).all()
    late = track(morph, own_mesh(Shape("adrift", adrift.vertices, first.triangles)), shapes, start=0.6)
    assert late.lost_at is not None and len(late.times) == 1
    assert "loses the surface" in why_tracking_fails(found, measure_keys(found, morph, 1.0), [], "source")


class Wrinkled:
    """A ball of radius 1 that grows by a tenth, whose field rises and falls in ripples smaller than any face."""

    last_time = 1.0
    detailed = False
    layers = ((torch.zeros(1), torch.zeros(1)),)
    job = SimpleNamespace(landmarks=[])
    motion = Motion(PosePath([Pose(2.0, np.eye(3), np.zeros(3))] * 2))

    def field(self, time: float) -> LipschitzField:
        def values(points: torch.Tensor) -> torch.Tensor:
            away = points.norm(dim=1) - 0.5 - 0.05 * time
            return away + 0.001 * torch.sin(points.sum(1) * 2000)

        return LipschitzField(values, 5.0)

    def pose(self, time: float) -> Pose:
        return self.motion.path.at(time)


def test_ripples_of_the_field_do_not_turn_faces_over() -> None:
    """The gradient at a point may be reversed by what no face can follow; its mean around the point is not."""
    morph = cast(Morph, Wrinkled())
    ball = trimesh.creation.icosphere(subdivisions=3, radius=1.0)
    shapes = [shape_of(ball, "ball"), Shape("grown", ball.vertices * 1.1, ball.faces.astype(np.int32))]
    points = np.asarray(ball.vertices) / 2
    _, slope = morph.field(0.0).values_and_gradient(torch.from_numpy(points.astype(np.float32)))
    _, mean = values_and_mean_gradient(morph.field(0.0), points)
    assert ((slope.numpy() * points).sum(1) < 0).mean() > 0.2 and ((mean * points).sum(1) > 0.3).all()
    found = track(morph, own_mesh(shapes[0]), shapes)
    for positions in found.positions.astype(np.float64):
        corners = positions[found.triangles]
        areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert ((areas * corners.mean(1)).sum(1) > 0).all()
    assert max(key.flipped for key in measure_keys(found, morph, shapes[0].diagonal)) == 0


def test_samples_that_stay_in_mid_air_pull_nothing() -> None:
    samples = np.array([[0.51, 0, 0], [0, 0.47, 0], [0, 0, 0.6]])
    places, normals, near = onto_surface(cast(Morph, Wrinkled()).field(0.0), samples)
    assert near.tolist() == [1, 1, 0]
    assert np.allclose(np.linalg.norm(places[:2], axis=1), 0.5, atol=0.01)
    assert ((normals * samples).sum(1) > 0.9 * np.linalg.norm(samples, axis=1)).all()


def test_a_clean_mesh_is_taken_where_it_is_connected_as_the_shape_is() -> None:
    shapes = [shape_of(trimesh.creation.icosphere(subdivisions=3, radius=1.0), "ball"),
              shape_of(trimesh.creation.torus(0.8, 0.3), "ring")]  # fmt: skip
    assert [euler_number(shape.vertices, shape.triangles) for shape in shapes] == [2, 0]
    morph = trained(shapes, 250)
    for shape in shapes:
        template = clean_mesh(morph, shape, 0.0, 1.0, 32, 100_000)
        assert euler_number(template.vertices, template.triangles) == euler_number(shape.vertices, shape.triangles)
