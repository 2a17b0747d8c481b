"""Distances that are kept on a lattice are the field's own: exactly beside the surface, nearly so away from it."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.guide import Blend, ExactMorph, Motion, Pose
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.kept_distances import BESIDE
from lipmlp_engine.shapes.shape import Shape

RADIUS = 0.6


REST = Pose(1.0, np.eye(3), np.zeros(3))
Floats = NDArray[np.float32]


@pytest.fixture
def shape() -> Shape:
    parts = [
        trimesh.creation.icosphere(3, RADIUS),
        trimesh.creation.box((0.3, 0.3, 0.5)).apply_translation((1.2, 0, 0)),
    ]
    both = trimesh.util.concatenate(parts)
    return Shape("two", np.asarray(both.vertices, np.float64), np.asarray(both.faces, np.int32))


@pytest.fixture
def field(shape: Shape) -> DistanceField:
    return DistanceField(shape.vertices, shape.triangles, threads=1)


class Kept:
    """The shape's distances as the morph asks for them at the shape's own time."""

    def __init__(self, shape: Shape) -> None:
        motion = Motion(PosePath([REST, REST]))
        self._exact = ExactMorph([shape, shape], motion, [Blend()], threads=1).at(0.0)

    def measure(self, points: NDArray[np.float64]) -> tuple[Floats, Floats]:
        distance, gradient, _ = self._exact.values_and_gradient(points.astype(np.float32))
        return distance, gradient


def points_about(field: DistanceField, count: int = 4_000) -> NDArray[np.float64]:
    low, high = field.bounds
    return np.random.default_rng(0).uniform(low - 0.1, high + 0.1, (count, 3)).astype(np.float32).astype(np.float64)


def test_beside_the_surface_each_point_is_looked_up(field: DistanceField, shape: Shape) -> None:
    points = points_about(field)
    wanted, way, _ = field.measure(points)
    beside = np.abs(wanted) < 0.9 * BESIDE * field.scale
    distance, gradient = Kept(shape).measure(points[beside])
    assert beside.sum() > 100
    assert distance == pytest.approx(wanted[beside], abs=1e-6)
    assert np.einsum("ij,ij->i", gradient, way[beside]).min() > 0.999


def test_away_from_it_what_is_kept_is_nearly_that(field: DistanceField, shape: Shape) -> None:
    points = points_about(field)
    wanted, way, _ = field.measure(points)
    distance, gradient = Kept(shape).measure(points)
    error = np.abs(distance - wanted) / field.scale
    assert (error > 1e-6).mean() > 0.2
    assert error.max() < 1e-3
    assert error.mean() < 2e-5
    turn = np.einsum("ij,ij->i", gradient / np.linalg.norm(gradient, axis=1, keepdims=True), way)
    assert np.degrees(np.arccos(np.median(turn).clip(-1, 1))) < 2


def test_it_does_not_matter_what_was_asked_before(field: DistanceField, shape: Shape) -> None:
    points = points_about(field)
    fresh, used = Kept(shape), Kept(shape)
    used.measure(points[::-1])
    for one, other in zip(fresh.measure(points), used.measure(points), strict=True):
        assert (one == other).all()


def test_beyond_the_lattice_points_are_looked_up(field: DistanceField, shape: Shape) -> None:
    far = points_about(field) * 10
    distance, gradient = Kept(shape).measure(far)
    wanted, way, _ = field.measure(far)
    outside = np.abs(wanted) > field.scale
    assert distance[outside] == pytest.approx(wanted[outside], rel=1e-5)
    assert gradient[outside] == pytest.approx(way[outside], abs=1e-3)
