"""Grids that would not fit into memory, gaps too narrow for any, bridges that no cut is good for, normals as given."""

from __future__ import annotations

import numpy as np
import pytest

from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import Points
from lipmlp_engine.points import false_handles, finer_grid, winding_grid
from lipmlp_engine.points import reconstruct as module
from lipmlp_engine.points.false_handles import without_false_handles
from lipmlp_engine.points.finer_grid import finer
from lipmlp_engine.points.given_normals import believed
from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.reconstruct import reconstruct as surface_of
from lipmlp_engine.points.winding_grid import WindingGrid, grid_about
from lipmlp_engine.shapes.cloud import Cloud
from tests.engine.clouds import on_ball


def test_a_grid_that_would_not_fit_has_larger_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    points = on_ball(200)
    free = grid_about(points, 0.05, 1000)
    assert free.cell == 0.05
    monkeypatch.setattr(winding_grid, "MOST_CORNERS", 20_000)
    held = grid_about(points, 0.05, 1000)
    assert held.cell > 0.05 and np.prod(held.shape) <= 20_000


def test_a_grid_is_made_finer_as_far_as_it_fits_and_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = WindingGrid(on_ball(200), 0.1)
    values = np.ones(grid.shape, np.float32)
    assert finer(grid, values, 0.08, 1000) is None  # nothing is inside
    values[3:-3, 3:-3, 3:-3] = -1
    made = finer(grid, values, 0.08, 1000)
    assert made is not None and made.cell == pytest.approx(0.08 / 1.5)
    monkeypatch.setattr(finer_grid, "MOST_CORNERS", np.prod(made.shape) // 2)
    larger = finer(grid, values, 0.08, 1000)
    assert larger is not None and larger.cell > made.cell and np.prod(larger.shape) <= finer_grid.MOST_CORNERS
    assert finer(grid, values, 1e-3, 1000) is None  # no cell that fits is finer than that


def test_what_closes_no_handle_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = WindingGrid(on_ball(50), 0.3)
    values = np.linspace(-1, 1, int(np.prod(grid.shape)), dtype=np.float32).reshape(grid.shape)
    before = values.copy()
    surface = np.zeros((3, 3)), np.array([[0, 1, 2]])
    corners = np.array([1, 2, 3])

    def put_in(plugs: object, values: np.ndarray, grid: object) -> tuple[np.ndarray, np.ndarray]:
        kept = values.ravel()[corners].copy()
        values.ravel()[corners] = 9
        return corners, kept

    monkeypatch.setattr(false_handles, "handles", lambda vertices, triangles: 1)
    monkeypatch.setattr(false_handles, "plugs_for", lambda *_: object())
    monkeypatch.setattr(false_handles, "_put_in", put_in)
    assert without_false_handles(values, grid, 1.0, lambda: surface) is surface
    assert np.array_equal(values, before)


def test_given_normals_are_taken_as_they_are_where_that_is_asked_for() -> None:
    points = on_ball(300)
    lines = lines_of(points)
    taken, notes = believed(-2 * points, points, lines, True, 1)
    assert taken is not None and np.allclose(taken, -points) and notes == []
    turned, notes = believed(-2 * points, points, lines, False, 1)
    assert turned is not None and np.allclose(turned, points) and "all pointed inwards" in notes[0]


def test_where_no_surface_is_found_a_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "body_surface", lambda *_: (np.zeros((0, 3)), np.zeros((0, 3), np.int64)))
    with pytest.raises(ShapeError, match="No surface was found through the points of 'scan'"):
        surface_of(Cloud(on_ball(100)), "scan", Points(method="volume"), threads=1)
