"""Samples on and near shapes, and shapes moved onto each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.events import Notice, Progress
from lipmlp_engine.job.sections import Placement, Sampling, ShapeInput
from lipmlp_engine.reading.load import load_shapes, prepare
from lipmlp_engine.shapes.alignment import best_rotation, principal_axes
from lipmlp_engine.shapes.placement import centre_of_matter, enclosed_volume, place, unlike_sizes
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.shapes.surface_samples import sample_near, sample_surface
from lipmlp_engine.shapes.up_axis import lay_alike, sure_ups
from lipmlp_engine.training.preparation import Finding


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="module")
def lamp() -> Shape:
    """A solid without any symmetry: an L with a knob."""
    parts = [
        trimesh.creation.box(bounds=[[0, 0, 0], [3, 0.5, 0.5]]),
        trimesh.creation.box(bounds=[[0, 0.6, 0], [0.6, 1.8, 0.4]]),
        trimesh.creation.box(bounds=[[2.4, 0, 0.6], [2.8, 0.4, 1.1]]),
    ]
    mesh = trimesh.util.concatenate(parts)
    return Shape("lamp", np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32))


def transformed(shape: Shape, scale: float, rotation: np.ndarray, offset: tuple[float, float, float]) -> Shape:
    return Shape(shape.name, scale * shape.vertices @ rotation.T + offset, shape.triangles)


def test_surface_samples_follow_the_area(box: Shape, rng: np.random.Generator) -> None:
    points, normals, triangle = sample_surface(box.vertices, box.triangles, 2_200, rng)
    beyond = np.abs(points) / (0.5, 1.0, 1.5)
    assert np.allclose(beyond.max(axis=1), 1)
    # Of 22 units of area 12 face along x, 6 along y and 4 along z, stratified to within one sample a triangle.
    counts = np.bincount(beyond.argmax(axis=1), minlength=3)
    assert np.abs(counts - [1_200, 600, 400]).max() <= 4
    assert np.allclose(np.abs(normals).argmax(axis=1), beyond.argmax(axis=1))
    assert (np.einsum("ij,ij->i", points, normals) > 0).all()
    assert np.array_equal(np.unique(triangle), np.arange(12))
    again = sample_surface(box.vertices, box.triangles, 2_200, np.random.default_rng(7))[0]
    assert np.array_equal(points, again)


def test_near_samples_have_their_spreads(ball: Shape, rng: np.random.Generator) -> None:
    points = sample_near(ball.vertices, ball.triangles, 9_000, (0.003, 0.05), rng)
    beyond = np.linalg.norm(points, axis=1) - 1
    assert np.std(beyond[0::2]) == pytest.approx(0.003, rel=0.1)
    assert np.std(beyond[1::2]) == pytest.approx(0.05, rel=0.1)


def test_sampling_nothing_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ShapeError, match="without area"):
        sample_surface(np.zeros((3, 3)), np.array([[0, 1, 2]]), 10, rng)


def test_principal_axes_of_a_box(box: Shape, rng: np.random.Generator) -> None:
    points, _, _ = sample_surface(box.vertices, box.triangles, 5_000, rng)
    centre, axes, spread = principal_axes(points)
    assert np.abs(centre).max() < 0.05
    assert np.linalg.det(axes) == pytest.approx(1)
    assert np.abs(np.abs(axes) - np.eye(3)[:, ::-1]).max() < 0.1
    assert (np.diff(spread) < 0).all()


@pytest.mark.parametrize("seed", range(4))
def test_best_rotation_undoes_a_turn(lamp: Shape, seed: int, rng: np.random.Generator) -> None:
    turn = Rotation.random(random_state=seed).as_matrix()
    points, _, _ = sample_surface(lamp.vertices, lamp.triangles, 1_500, rng)
    rotation, error = best_rotation(points, 2.5 * points @ turn.T + 10)
    assert np.abs(rotation - turn).max() < 1e-6
    assert error < 1e-6


def test_best_rotation_is_proper_and_small_for_symmetric_shapes(box: Shape, rng: np.random.Generator) -> None:
    first, _, _ = sample_surface(box.vertices, box.triangles, 1_500, rng)
    second, _, _ = sample_surface(box.vertices, box.triangles, 1_500, rng)
    rotation, _ = best_rotation(first, second)
    assert np.linalg.det(rotation) == pytest.approx(1)
    # Half turns fit as well; no turn is the right answer.
    assert np.trace(rotation) > 2.98


def test_nothing_moves_unless_asked(lamp: Shape, ball: Shape) -> None:
    placed = place([lamp, ball], Placement())
    assert placed[0] is lamp and placed[1] is ball


@pytest.mark.parametrize("scale", ["volume", "size"])
def test_placement_brings_a_moved_copy_home(lamp: Shape, scale: str) -> None:
    turn = Rotation.from_euler("xyz", [2.0, 0.4, -1.0]).as_matrix()
    away = transformed(lamp, 0.2, turn, (30, -4, 2))
    if scale == "size":
        # The bounding box of a turned shape is another one: turned by quarters it is the same.
        away = transformed(lamp, 0.2, np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]]), (30, -4, 2))
    _, placed = place([lamp, away], Placement(centre=True, scale=scale, rotate="axes"))
    assert np.abs(placed.vertices - lamp.vertices).max() < 0.01
    assert np.allclose(away.vertices @ placed.matrix[:3, :3].T + placed.matrix[:3, 3], placed.vertices)
    assert len(placed.notes) == 3


def test_each_placement_does_only_what_it_says(lamp: Shape, box: Shape) -> None:
    _, centred = place([lamp, box], Placement(centre=True))
    assert np.allclose(centre_of_matter(centred), centre_of_matter(lamp))
    assert np.allclose(np.ptp(centred.vertices, axis=0), [1, 2, 3])
    _, scaled = place([lamp, box], Placement(scale="volume"))
    assert scaled.volume == pytest.approx(lamp.volume)
    assert np.allclose(centre_of_matter(scaled), 0, atol=1e-12)
    _, sized = place([lamp, box], Placement(scale="size"))
    assert sized.diagonal == pytest.approx(lamp.diagonal)


def test_volume_and_centre_of_a_holed_shape(ball: Shape) -> None:
    keep = np.random.default_rng(0).random(len(ball.triangles)) > 0.02
    holed = Shape("holed", ball.vertices + 5.0, ball.triangles[keep], closed=False)
    assert enclosed_volume(holed) == pytest.approx(ball.volume, rel=0.02)
    assert np.abs(centre_of_matter(holed) - 5).max() < 0.02


def test_what_was_done_is_told(lamp: Shape, flipped: Shape, tmp_path: Path) -> None:
    for shape in (lamp, flipped):
        np.savez(tmp_path / f"{shape.name}.npz", vertices=shape.vertices, triangles=shape.triangles)
    told: list[str] = []
    job = Job(shapes=[ShapeInput("lamp.npz"), ShapeInput("flipped.npz")], placement=Placement(centre=True))
    shapes = load_shapes(job, tmp_path, told.append)
    assert [shape.name for shape in shapes] == ["lamp", "flipped"]
    assert told[0].startswith("'flipped': turned ") and told[0].endswith(".")
    assert told[1] == "'flipped': moved onto the centre of the first shape."


def test_sizes_of_different_orders_are_told_with_the_way_out_and_others_are_not(lamp: Shape) -> None:
    shapes = [
        Shape(name, lamp.vertices * size, lamp.triangles) for name, size in (("bull", 0.01), ("elk", 1), ("ox", 9))
    ]
    (told,) = unlike_sizes(shapes, Placement())
    assert told.startswith("'elk' is 100 times as large as 'bull'") and "--scale size" in told
    for scale in ("size", "volume"):
        assert unlike_sizes(shapes, Placement(scale=scale)) == []


def test_before_the_motion_is_found_unlike_sizes_are_told(lamp: Shape) -> None:
    heard: list[Progress | Notice] = []
    job = Job(shapes=[ShapeInput("lamp.npz"), ShapeInput("giant.npz")])
    job.guide.kind = "none"
    giant = Shape("giant", lamp.vertices * 50, lamp.triangles)
    with Finding(job, [lamp, giant], torch.device("cpu"), heard.append):
        told = [message.message for message in heard if isinstance(message, Notice)]
    assert any(sentence.startswith("'giant' is 50 times as large as 'lamp'") for sentence in told)


def test_parts_that_were_merged_lie_where_the_shape_does_once_it_is_turned_and_placed(overlapping_boxes: Shape) -> None:
    """Those of a file with another axis up were turned once more than the shape."""
    tall = replace(overlapping_boxes, vertices=overlapping_boxes.vertices * [1.0, 2.0, 1.0] + [0.0, 0.0, 3.0])
    laid = lay_alike([tall, tall], [ShapeInput("first", up="y"), ShapeInput("second", up="z")], Path())
    assert not np.array_equal(laid[1].matrix, np.eye(4))
    first, second = place([prepare(shape, Sampling()) for shape in laid], Placement(centre=True, scale="size"))
    for shape in (first, second):
        assert shape.solids is not None and len(shape.solids.triangles) > 12
        low, high = shape.placed_solids.vertices.min(0), shape.placed_solids.vertices.max(0)
        assert np.allclose((low, high), shape.bounds)


def test_an_axis_is_sure_where_more_than_custom_says_so(tmp_path: Path) -> None:
    (tmp_path / "blenders.obj").write_text("# Blender 4.5.3\nv 0 0 0\n")
    (tmp_path / "published.obj").write_text("v 0 0 0\n")
    paths = ["blenders.obj", "published.obj", "scan.ply", "part.stl", "scene.glb", "shape.npz", "absent.obj"]
    entries = [ShapeInput(path, path) for path in paths] + [ShapeInput("told.off", "told", "z")]
    # All lie as the first does.
    assert sure_ups(entries, tmp_path) == ["y", "", "", "", "y", "y", "", "y"]
