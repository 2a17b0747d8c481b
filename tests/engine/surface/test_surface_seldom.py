"""Gradients asked for alone, bars beside bars, and surfaces of which nothing is left."""

from __future__ import annotations

import numpy as np
import torch

from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.holding_bars import Bars, bars_between
from lipmlp_engine.surface.mended_field import mended


def ball(points: torch.Tensor) -> torch.Tensor:
    return points.norm(dim=1) - 0.4


def bar(x: float) -> Bars:
    return Bars(torch.tensor([[x, -0.6, 0.0]]), torch.tensor([[x, 0.6, 0.0]]), torch.tensor([0.05]))


def test_bars_that_are_put_in_later_hold_beside_those_that_are_there() -> None:
    both = bar(-0.7).with_more(bar(0.7))
    field = mended(LipschitzField(ball, 1.0), both)
    places = torch.tensor([[-0.7, 0.3, 0.0], [0.7, 0.3, 0.0], [0.0, 0.3, 0.7], [0.0, 0.0, 0.0]])
    assert len(both) == 2 and (field.values(places) < 0).tolist() == [True, True, False, True]
    values, slopes = field.values_and_gradient(places[:3] + 0.01)
    assert torch.equal(field.gradient(places[:3] + 0.01), slopes) and torch.isfinite(values).all()


def test_where_nothing_is_left_nothing_is_held() -> None:
    nothing = np.zeros((0, 3), np.float32)
    faces = np.zeros((0, 3), np.int32)
    assert bars_between(nothing, faces, nothing, 1, 0.05, np.zeros((0, 6), np.float32)) is None
