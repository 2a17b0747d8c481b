"""Surfaces that enclose nothing or nothing at all, and what is said of hollows and of packages that are missing."""

from __future__ import annotations

import importlib.metadata

import numpy as np
import pytest

from lipmlp_engine.metrics.end_errors import measure_end
from lipmlp_engine.metrics.key_quality import measure_targets
from lipmlp_engine.metrics.measure import versions
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.tracking.track import Track


def test_nothing_has_no_size_and_a_sheet_lies_where_its_surface_does() -> None:
    nothing = Solid(np.zeros((0, 3)), np.zeros((0, 3), np.int32))
    assert nothing.diagonal == nothing.volume == nothing.area == 0 and np.isnan(nothing.centroid).all()
    corners = np.array([[0, 0, 5], [2, 0, 5], [2, 2, 5], [0, 2, 5]], np.float64)
    sheet = Solid(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32))
    assert np.allclose(sheet.centroid, [1, 1, 5]) and sheet.area == pytest.approx(4)


def test_an_end_of_which_nothing_is_to_be_seen_is_not_measured(ball: Shape, monkeypatch: pytest.MonkeyPatch) -> None:
    solid = Solid.of_shape(ball)
    assert measure_end("ball", 0.0, solid, solid, samples=500) is not None
    monkeypatch.setattr(
        "lipmlp_engine.metrics.end_errors.outer_points", lambda field, points, *_: np.zeros(len(points), bool)
    )
    assert measure_end("ball", 0.0, solid, solid, samples=500) is None


def test_a_shape_that_no_key_stands_at_is_no_target(ball: Shape) -> None:
    positions = np.stack([ball.vertices, ball.vertices]).astype(np.float32)
    track = Track(positions, np.array([0.0, 0.6]), ball.triangles, 0.0)
    assert measure_targets(track, [ball, ball]) == []


def test_a_package_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "torch":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = versions()
    assert "torch" not in found and found["numpy"] == "1.0" and found["python"]
