"""Distances and sides against analytic shapes and exact winding numbers."""

from __future__ import annotations

from pathlib import Path

import igl
import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from benchmarks.inbetweens import solids
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.machine.warp_runtime import warp_runtime
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.distance import MANY, DistanceField
from lipmlp_engine.shapes.morton import morton_order
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.shapes.surface_samples import sample_near

SURFACES = ["ball", "box", "torus", "two_balls", "open_ball", "nested", "overlapping_boxes", "soup"]


def probes(shape: Shape, count: int = 2_000, seed: int = 1) -> NDArray[np.float64]:
    """Half near the surface at three scales, half all over the bounding box and its surroundings."""
    rng = np.random.default_rng(seed)
    spreads = np.array([0.002, 0.01, 0.05]) * shape.diagonal
    near = sample_near(shape.vertices, shape.triangles, count // 2, spreads, rng)
    low, high = shape.bounds
    margin = 0.1 * shape.diagonal
    return np.concatenate([near, rng.uniform(low - margin, high + margin, (count - count // 2, 3))])


def box_distance(points: NDArray[np.float64], half: tuple[float, float, float]) -> NDArray[np.float64]:
    beyond = np.abs(points) - half
    return np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0)


def exact_winding(shape: Shape, points: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(igl.winding_number(shape.vertices, shape.triangles.astype(np.int64), points))


def field_of(shape: Shape, threads: int = 0) -> DistanceField:
    return DistanceField(shape.vertices, shape.triangles, threads=threads)


def test_box_distances_are_exact(box: Shape) -> None:
    points = probes(box)
    measured = field_of(box).signed(points)
    assert np.abs(measured - box_distance(points, (0.5, 1.0, 1.5))).max() < 1e-5 * box.diagonal
    assert measured.dtype == np.float32


def test_ball_and_torus_distances_are_those_of_the_true_surface(ball: Shape, torus: Shape) -> None:
    points = probes(ball)
    assert np.abs(field_of(ball).signed(points) - (np.linalg.norm(points, axis=1) - 1)).max() < 1e-3
    points = probes(torus)
    around = np.hypot(points[:, 0], points[:, 1]) - 1.0
    assert np.abs(field_of(torus).signed(points) - (np.hypot(around, points[:, 2]) - 0.4)).max() < 2e-3


@pytest.mark.parametrize("name", SURFACES)
def test_side_agrees_with_the_exact_winding_number(name: str, request: pytest.FixtureRequest) -> None:
    shape = request.getfixturevalue(name)
    points = probes(shape)
    winding = exact_winding(shape, points)
    # Where a hole is closed, the value passes one half gradually and a tree cannot be exact.
    sure = np.abs(winding - 0.5) > 0.02
    assert ((field_of(shape).signed(points) < 0) == (winding > 0.5))[sure].all()
    assert sure.mean() > 0.9


def test_overlapping_boxes_measure_as_one_once_merged(overlapping_boxes: Shape) -> None:
    shape = prepare(overlapping_boxes, Sampling())
    points = probes(shape)
    assert np.abs(field_of(shape).signed(points) - box_distance(points, (0.75, 0.5, 0.5))).max() < 1e-5


def test_cavity_is_outside(nested: Shape) -> None:
    points = probes(nested)
    radius = np.linalg.norm(points, axis=1)
    expected = np.maximum(radius - 1, 0.5 - radius)
    assert np.abs(field_of(prepare(nested, Sampling())).signed(points) - expected).max() < 3e-3


@pytest.mark.parametrize("name", ["flipped", "soup"])
def test_flipped_and_loose_triangles_measure_as_the_ball_they_are(name: str, request: pytest.FixtureRequest) -> None:
    shape = prepare(request.getfixturevalue(name), Sampling())
    points = probes(shape)
    assert np.abs(field_of(shape).signed(points) - (np.linalg.norm(points, axis=1) - 1)).max() < 1e-3


def test_holes_do_not_change_what_is_inside(ball: Shape) -> None:
    keep = np.random.default_rng(0).random(len(ball.triangles)) > 0.03
    holed = Shape("holed", ball.vertices, ball.triangles[keep])
    points = probes(ball)
    radius = np.linalg.norm(points, axis=1)
    clear = np.abs(radius - 1) > 0.02
    for shape in (holed, prepare(holed, Sampling())):
        assert ((field_of(shape).signed(points) < 0) == (radius < 1))[clear].all()


def test_an_open_ball_is_closed_by_its_floor(open_ball: Shape) -> None:
    shape = prepare(open_ball, Sampling())
    points = probes(shape)
    expected = np.maximum(np.linalg.norm(points, axis=1) - 1, -0.5 - points[:, 2])
    inside = expected < -0.01
    measured = field_of(shape).signed(points)
    assert np.abs(measured[inside] - expected[inside]).max() < 3e-3
    assert (measured[expected > 0.01] > 0).all()


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_size_and_place_cost_no_digits(box: Shape, size: float, offset: float) -> None:
    shift = offset * np.array([1.0, -1.0, 1.0]) * max(size, 1e-3)
    points = probes(box)
    there = Shape("moved", box.vertices * size + shift, box.triangles)
    measured = field_of(there).signed(points * size + shift) / size
    assert np.abs(measured - box_distance(points, (0.5, 1.0, 1.5))).max() < 1e-5 * box.diagonal


def test_closest_point_lies_on_its_triangle_at_its_distance(torus: Shape) -> None:
    points = probes(torus)
    triangle, closest, distance = field_of(torus).closest(points)
    surface = (torus.vertices, torus.triangles.astype(np.int64))
    tree = igl.AABB()
    tree.init(*surface)
    squared, _, _ = tree.squared_distance(*surface, points)
    assert np.abs(distance - np.sqrt(squared)).max() < 1e-5
    assert np.abs(np.linalg.norm(points - closest, axis=1) - distance).max() < 1e-5
    corners = torus.vertices[torus.triangles[triangle]]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert np.abs(np.einsum("ij,ij->i", closest - corners[:, 0], normals)).max() < 1e-5


def test_winding_is_what_libigl_computes_exactly(open_ball: Shape) -> None:
    points = probes(open_ball)
    assert np.abs(field_of(open_ball).winding(points) - exact_winding(open_ball, points)).max() < 0.02


def test_threads_change_nothing(ball: Shape) -> None:
    points = probes(ball, 20_000)
    assert np.array_equal(field_of(ball, threads=1).signed(points), field_of(ball, threads=3).signed(points))


def test_no_points_give_no_distances(box: Shape) -> None:
    field = field_of(box)
    assert field.signed(np.empty((0, 3))).shape == (0,)
    assert [part.shape for part in field.closest(np.empty((0, 3)))] == [(0,), (0, 3), (0,)]


def test_surface_without_area_is_refused() -> None:
    line = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0]], np.float64)
    with pytest.raises(ShapeError, match="needle-thin"):
        DistanceField(line, np.array([[0, 1, 2]]))
    with pytest.raises(ShapeError, match="not finite"):
        DistanceField(np.array([[0, 0, 0], [1, 0, 0], [0, np.nan, 0], [0, 1, 0]]), np.array([[0, 1, 3], [0, 1, 2]]))


@pytest.mark.gpu
def test_graphics_card_measures_the_same(torus: Shape) -> None:
    if not warp_runtime().is_cuda_available():
        pytest.skip("no NVIDIA GPU here")
    points = probes(torus, 20_000)
    there = DistanceField(torus.vertices, torus.triangles, device="cuda").signed(points)
    assert np.abs(there - field_of(torus).signed(points)).max() < 1e-5


def test_sorting_brings_neighbours_together() -> None:
    points = np.random.default_rng(0).random((5_000, 3))
    order = morton_order(points)
    assert np.array_equal(np.sort(order), np.arange(5_000))
    steps = np.linalg.norm(np.diff(points[order], axis=0), axis=1)
    assert steps.mean() < 0.2 * np.linalg.norm(np.diff(points, axis=0), axis=1).mean()


def test_real_shapes_have_the_right_side(data: Path) -> None:
    for path in sorted(data.glob("*.obj")):
        shape = prepare(read_shape(path), Sampling())
        points = probes(shape, 500)
        measured = field_of(shape).signed(points)
        clear = np.abs(measured) > 1e-6 * shape.diagonal
        assert ((measured < 0) == (exact_winding(shape, points) > 0.5))[clear].all(), path.name


def test_a_normal_is_not_believed_from_afar() -> None:
    """Far from the star its arms are equally near in single precision; the wrong one's normal had points inside."""
    star = solids.star(5)
    field = DistanceField(np.asarray(star.vertices), np.asarray(star.faces, np.int32))
    low, high = field.bounds
    margin = 0.15 * field.scale
    points = np.random.default_rng(0).uniform(low - margin, high + margin, (60_000, 3))
    # Few at a time are told apart by winding numbers.
    signed = np.concatenate([field.signed(part) for part in np.array_split(points, 6)])
    assert field.by_normals == 1
    for found in (field.measure(points)[0], field.signed(points)):
        assert not (np.sign(found) != np.sign(signed))[np.abs(signed) > 0.01 * field.scale].any()


@pytest.mark.parametrize("tried", [True, False])
@pytest.mark.parametrize("apart", [(0.7, 0.0), (0.2, 0.0), (0.0, 0.3)])
def test_where_parts_cut_each_other_normals_tell_the_rest(apart: tuple[float, float], tried: bool) -> None:
    """Two balls through each other, one that is nearly swallowed, and a small one within a large one."""
    ball = trimesh.creation.icosphere(3, 0.5)
    other = trimesh.creation.icosphere(2, 0.5 - apart[1])
    other.apply_translation((apart[0], 0, 0.3 * apart[0]))
    both = trimesh.util.concatenate([ball, trimesh.creation.icosphere(3, 0.2).apply_translation((2, 0, 0)), other])
    field = DistanceField(np.asarray(both.vertices), np.asarray(both.faces, np.int32))
    if not tried:
        field.believe_normals()
    points = probes(Shape("both", np.asarray(both.vertices), np.asarray(both.faces, np.int32)), 40_000)
    by_winding = np.concatenate([field.signed(part) for part in np.array_split(points, 4)])
    measured = field.measure(points)[0]
    assert 0.7 <= field.by_normals < 1
    clear = np.abs(by_winding) > 1e-4 * field.scale
    assert not (np.sign(measured) != np.sign(by_winding))[clear].any()
    assert np.abs(measured) == pytest.approx(np.abs(by_winding), abs=1e-5)


@pytest.mark.parametrize("name", SURFACES)
def test_many_points_lie_where_few_do(name: str, request: pytest.FixtureRequest) -> None:
    """Of many it is tried first whether normals tell the sides apart."""
    field = field_of(request.getfixturevalue(name))
    points = probes(request.getfixturevalue(name), MANY)
    few = np.concatenate([field.signed(part) for part in np.array_split(points, 2)])
    clear = np.abs(few) > 1e-6 * field.scale
    assert np.allclose(field.signed(points)[clear], few[clear], atol=1e-6 * field.scale)


def test_what_is_no_number_harms_no_other_point(ball: Shape) -> None:
    points = probes(ball)
    broken = points.copy()
    broken[::7] = np.nan
    measured = field_of(ball).signed(broken)
    sound = ~np.isnan(broken[:, 0])
    assert not np.isfinite(measured[~sound]).any()
    assert np.array_equal(measured[sound], field_of(ball).signed(points)[sound])


def test_a_point_beside_slivers_has_a_distance_too() -> None:
    """The nearest point of a sliver is rounded: the first point's distance was too short to be a bound for the next."""
    star = solids.star(5)
    points = [[0.18860421659562593, -0.3592090002441135, 0.010299664544289594]]
    points += [[0.18994764465623498, -0.35860707425493804, 0.01061112476639565]]
    distances = DistanceField(star.vertices, star.faces).signed(np.array(points))
    assert np.isfinite(distances).all() and (np.abs(distances) < 1e-3 * np.linalg.norm(np.ptp(star.vertices, 0))).all()
