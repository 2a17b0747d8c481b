"""Gradients asked for alone, bars beside bars, surfaces of which nothing is left, and frames that are given up."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.surface import parallel_frames
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


def test_frames_may_be_given_up_in_a_thread_that_makes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a garbage collection does, which comes in whatever thread allocates next."""
    given_up, outcome = threading.Event(), Future[None]()

    def frame_at(_morph: Any, time: float, *_: Any) -> float:
        if time == 1.0:
            given_up.wait(10)
            try:
                coming.close()
                outcome.set_result(None)
            except RuntimeError as error:
                outcome.set_exception(error)
        return time

    monkeypatch.setattr(parallel_frames, "frame_at", frame_at)
    morph: Any = SimpleNamespace(segment=lambda _: 0, make_ready=lambda _: None)
    coming = parallel_frames.frames_side_by_side(morph, [0.0, 1.0, 2.0, 3.0], Extraction(), None, 1)
    assert cast(Any, next(coming)) == 0.0
    given_up.set()
    outcome.result(10)
    assert list(coming) == []
