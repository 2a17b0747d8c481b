"""Distances that are kept on a lattice are the field's own: exactly beside the surface, nearly so away from it."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.kept_distances import BESIDE, KeptDistances

RADIUS = 0.6


@pytest.fixture
def field() -> DistanceField:
    knot = trimesh.util.concatenate(
        [trimesh.creation.icosphere(3, RADIUS), trimesh.creation.box((0.3, 0.3, 0.5)).apply_translation((1.2, 0, 0))]
    )
    return DistanceField(knot.vertices, knot.faces, threads=1)


def points_about(field: DistanceField, count: int = 4_000) -> NDArray[np.float64]:
    low, high = field.bounds
    return np.random.default_rng(0).uniform(low - 0.1, high + 0.1, (count, 3))


def test_beside_the_surface_each_point_is_looked_up(field: DistanceField) -> None:
    points = points_about(field)
    wanted, way, _ = field.measure(points)
    beside = np.abs(wanted) < 0.9 * BESIDE * field.scale
    distance, gradient = KeptDistances(field).measure(points[beside])
    assert beside.sum() > 100
    assert (distance == wanted[beside]).all()
    assert (gradient == way[beside]).all()


def test_away_from_it_what_is_kept_is_nearly_that(field: DistanceField) -> None:
    points = points_about(field)
    wanted, way, _ = field.measure(points)
    distance, gradient = KeptDistances(field).measure(points)
    error = np.abs(distance - wanted) / field.scale
    assert (distance != wanted).mean() > 0.5
    assert error.max() < 1e-3
    assert error.mean() < 2e-5
    turn = np.einsum("ij,ij->i", gradient / np.linalg.norm(gradient, axis=1, keepdims=True), way)
    assert np.degrees(np.arccos(np.median(turn).clip(-1, 1))) < 2


def test_it_does_not_matter_what_was_asked_before(field: DistanceField) -> None:
    points = points_about(field)
    fresh, used = KeptDistances(field), KeptDistances(field)
    used.measure(points[::-1])
    for one, other in zip(fresh.measure(points), used.measure(points), strict=True):
        assert (one == other).all()


def test_beyond_the_lattice_points_are_looked_up(field: DistanceField) -> None:
    far = points_about(field) * 10
    distance, gradient = KeptDistances(field).measure(far)
    wanted, way, _ = field.measure(far)
    outside = np.abs(wanted) > field.scale
    assert (distance == wanted)[outside].all()
    assert (gradient == way)[outside].all()
