"""How well ends are reproduced, against distances that are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.metrics.end_errors import measure_end
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.shapes.shape import Shape


def scaled(shape: Shape, factor: float) -> Solid:
    return Solid(factor * shape.vertices, shape.triangles)


def test_a_shape_is_at_no_distance_from_itself(ball: Shape) -> None:
    measured = measure_end("ball", 0.0, Solid.of_shape(ball), Solid.of_shape(ball), samples=3000)
    assert measured is not None
    assert measured.chamfer == pytest.approx(0, abs=1e-4)
    assert measured.hausdorff == pytest.approx(0, abs=1e-3)
    assert measured.normal_consistency == pytest.approx(1, abs=1e-3)
    assert measured.outer_share == 1


def test_a_larger_ball_is_everywhere_as_far_as_its_radius_is_longer(ball: Shape) -> None:
    measured = measure_end("ball", 0.0, Solid.of_shape(ball), scaled(ball, 1.02), samples=3000)
    assert measured is not None
    percent = 100 * 0.02 / ball.diagonal
    assert measured.chamfer == pytest.approx(percent, rel=0.02)
    assert measured.percentile_95 == pytest.approx(percent, rel=0.03)
    assert measured.hausdorff == pytest.approx(percent, rel=0.05)


def test_the_unit_is_the_shape_and_not_its_size(ball: Shape) -> None:
    small = measure_end("", 0.0, scaled(ball, 1e-4), scaled(ball, 1.02e-4), samples=2000)
    large = measure_end("", 0.0, scaled(ball, 1e4), scaled(ball, 1.02e4), samples=2000)
    assert small is not None and large is not None
    assert small.chamfer == pytest.approx(large.chamfer, rel=1e-3)


def test_a_missing_part_shows_in_one_direction(two_balls: Shape) -> None:
    half = len(two_balls.triangles) // 2
    one = Solid(two_balls.vertices, two_balls.triangles[:half])
    measured = measure_end("two balls", 0.0, Solid.of_shape(two_balls), one, samples=3000)
    assert measured is not None
    assert measured.frame_to_shape == pytest.approx(0, abs=1e-3)
    assert measured.shape_to_frame > 10
    # From the far pole of the missing ball to the near pole of the other one.
    assert measured.hausdorff == pytest.approx(100 * 2 / two_balls.diagonal, rel=0.01)


def test_walls_inside_do_not_count(overlapping_boxes: Shape) -> None:
    united = trimesh.creation.box((1.5, 1.0, 1.0))
    frame = Solid(np.asarray(united.vertices), np.asarray(united.faces, np.int32))
    measured = measure_end("boxes", 0.0, Solid.of_shape(overlapping_boxes), frame, samples=6000)
    assert measured is not None
    assert measured.chamfer == pytest.approx(0, abs=1e-3)
    # The two cubes have 12 of area, their union 8; the long sides lie on each other where they overlap.
    assert measured.outer_share < 0.9


def test_a_surface_inside_out_has_opposite_normals(ball: Shape) -> None:
    inverted = Solid(ball.vertices, ball.triangles[:, ::-1])
    measured = measure_end("ball", 0.0, Solid.of_shape(ball), inverted, samples=2000)
    assert measured is not None
    assert measured.normal_consistency == pytest.approx(-1, abs=1e-3)


def test_an_empty_frame_cannot_be_measured(ball: Shape) -> None:
    empty = Solid(np.zeros((0, 3)), np.zeros((0, 3), np.int32))
    assert measure_end("ball", 0.0, Solid.of_shape(ball), empty) is None
