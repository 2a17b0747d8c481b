"""A frame's surface is looked for again where a handle is closed: what is known of it is not asked for twice."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lipmlp_engine.surface import remembered_field
from lipmlp_engine.surface.detailed_zero_set import extract_detailed
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.remembered_field import RememberedDetail
from tests.engine.still_morphs import detailed

CELLS = 24


class Ball(LipschitzField):
    """Counts the points that it is asked about."""

    def __init__(self) -> None:
        self.asked = 0
        super().__init__(self._distance, 1.0)

    def _distance(self, points: torch.Tensor) -> torch.Tensor:
        self.asked += len(points)
        return points.norm(dim=1) - 0.6


def test_a_surface_that_is_looked_for_again_asks_for_nothing_anew() -> None:
    ball = Ball()
    plain = extract_detailed(detailed(ball), CELLS)
    field = RememberedDetail(detailed(ball))
    first = extract_detailed(field, CELLS)
    field.recall()
    ball.asked = 0
    again = extract_detailed(field, CELLS)
    assert ball.asked == 0
    for one, other in ((plain, first), (first, again)):
        assert np.array_equal(one.vertices, other.vertices) and np.array_equal(one.faces, other.faces)
        assert np.array_equal(one.normals, other.normals) and np.array_equal(one.gradient, other.gradient)


def test_what_was_not_asked_before_is_looked_at() -> None:
    ball = Ball()
    field = RememberedDetail(detailed(ball))
    points = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (200, 3)).astype(np.float32))
    known, _ = field.values_and_gradient(points[:150])
    field.recall()
    ball.asked = 0
    values, gradient = field.values_and_gradient(points)
    assert ball.asked > 0
    wanted, slope = detailed(ball).values_and_gradient(points)
    assert torch.equal(values, wanted) and torch.equal(gradient, slope) and torch.equal(values[:150], known)
    assert torch.equal(field.values_for_cells(points, 0.1), detailed(ball).values_for_cells(points, 0.1))


def test_too_many_points_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered_field, "MOST", 100)
    ball = Ball()
    field = RememberedDetail(detailed(ball))
    points = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (200, 3)).astype(np.float32))
    for half in (points[:99], points[99:]):
        field.values_and_gradient(half)
    field.recall()
    ball.asked = 0
    assert torch.equal(field.values_and_gradient(points)[0], detailed(ball).values_and_gradient(points)[0])
    assert ball.asked >= len(points)
