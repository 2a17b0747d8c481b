"""The classic demonstrations at a size for tests: the same properties, smaller problems."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.classic import koch, two_moons, wasserstein


def test_the_wasserstein_estimate_comes_close_from_below() -> None:
    result = wasserstein.run(signs=(1.0,), steps=250)
    assert 30.0 < result.distance <= wasserstein.TRUE_DISTANCE + 1e-3


def test_two_moons_are_told_apart_with_slopes_near_one() -> None:
    result = two_moons.run(steps=300)
    assert result.accuracy >= 0.99
    assert result.gradient[2] > 0.8 and result.gradient[3] <= 1 + 1e-5


def test_a_coarse_snowflake_is_fitted_but_for_a_hair() -> None:
    result = koch.run(steps=600, count=3000, generations=1)
    assert result.farthest < 0.02
    assert result.unseen_errors < 100
    assert result.steepest <= 1 + 1e-6


def test_the_snowflake_has_the_area_of_its_generation() -> None:
    """Area of generation n, in triangles: 1 + Σ 3·4^(k−1) / 9^k."""
    corners = koch.snowflake(3)
    following = np.roll(corners, -1, 0)
    area = float((corners[:, 0] * following[:, 1] - corners[:, 1] * following[:, 0]).sum() / 2)
    triangle = 3 * np.sqrt(3) / 4 * 0.8**2
    assert area == pytest.approx(triangle * (1 + 3 / 9 + 12 / 81 + 48 / 729))
    inside = koch.signed_distance(np.array([[0.0, 0.0], [0.9, 0.9]]), corners)
    assert inside[0] < 0 < inside[1]
