"""Points that fill a body, or lie along curves or in lines, are told from those of a surface, and done right by."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.dimension import fill_a_body, without_lines
from lipmlp_engine.points.found_surface import Found
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.shape import signed_volume
from tests.engine.clouds import on_ball

Array = NDArray[np.float64]


def found_in(points: Array, method: str = "auto") -> Found:
    return reconstruct(Cloud(points), "rain", Points(method=method), threads=1)


def in_ring(count: int) -> Array:
    """Throughout a ring of radius 1, which is .4 thick either way."""
    places = np.random.default_rng(0).uniform((-1.4, -1.4, -0.4), (1.4, 1.4, 0.4), (6 * count, 3))
    away = np.hypot(np.hypot(places[:, 0], places[:, 1]) - 1, places[:, 2])
    return places[away < 0.4][:count]


def on_rings(rings: int, count: int) -> Array:
    """On a ball, as a scanner that turns leaves them."""
    rng = np.random.default_rng(1)
    height = np.arccos(1 - (2 * rng.integers(0, rings, count) + 1) / rings)
    turn = rng.uniform(0, 2 * np.pi, count)
    return np.stack([np.sin(height) * np.cos(turn), np.sin(height) * np.sin(turn), np.cos(height)], axis=1)


def helix(turns: float, count: int) -> Array:
    way = np.linspace(0, 2 * np.pi * turns, count)
    return np.stack([np.cos(way), np.sin(way), 0.2 * way], axis=1)


def test_points_throughout_a_ring_become_the_ring() -> None:
    found = found_in(in_ring(4000))
    assert found.report.method == "volume" and found.report.parts == 1 and found.report.genus == 1
    away = np.hypot(np.hypot(found.vertices[:, 0], found.vertices[:, 1]) - 1, found.vertices[:, 2]) - 0.4
    assert np.abs(away).mean() < 0.3 * found.report.spacing / 100 * np.linalg.norm((2.8, 2.8, 0.8))
    assert signed_volume(found.vertices, found.triangles) == pytest.approx(2 * np.pi**2 * 0.4**2, rel=0.06)
    assert any("body that 4,000 points fill" in note for note in found.notes)
    assert "normals" not in found.report.summary()
    # Nearly all points are within it, and those count as being on its surface.
    assert found.report.distance_95 < 0.2 * found.report.spacing


def test_a_lattice_of_points_ends_half_a_step_beyond_the_last() -> None:
    steps = np.arange(12.0)
    lattice = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    found = found_in(lattice)
    assert found.report.method == "volume" and found.report.genus == 0
    top = found.vertices[np.abs(found.vertices[:, :2] - 5.5).max(axis=1) < 3, 2]
    assert np.abs(top[top > 5.5] - 11.5).max() < 0.25


def test_a_hollow_within_a_body_stays() -> None:
    places = np.random.default_rng(2).uniform(-1, 1, (9000, 3))
    reach = np.linalg.norm(places, axis=1)
    found = found_in(places[(reach < 1) & (reach > 0.4)])
    assert found.report.method == "volume" and found.report.parts == 2


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.04])
def test_points_of_a_surface_in_noise_fill_no_body(noise: float) -> None:
    ball = on_ball(6000)
    assert not fill_a_body(ball + noise * np.random.default_rng(3).standard_normal(ball.shape))


@pytest.mark.parametrize(("wall", "count"), [(0.08, 4000), (0.08, 8000), (0.1, 4000), (0.1, 8000)])
def test_points_of_a_pipe_whose_wall_is_thick_fill_no_body(wall: float, count: int) -> None:
    """Both sides of the wall are seen at once: on the way across it, and there alone, points grow as in a body."""
    rng = np.random.default_rng(5)
    turn, radius = rng.uniform(0, 2 * np.pi, count), np.where(rng.random(count) < 0.55, 0.4, 0.4 - wall)
    pipe = np.stack([radius * np.cos(turn), radius * np.sin(turn), rng.uniform(0, 1, count)], axis=1)
    assert not fill_a_body(pipe + 0.002 * rng.standard_normal(pipe.shape))


def test_the_setting_says_that_points_fill_what_is_thin() -> None:
    rod = np.random.default_rng(4).uniform(0, 1, (3000, 3)) * (1, 0.06, 0.06)
    found = found_in(rod, "volume")
    assert found.report.parts == 1 and found.report.genus == 0
    assert signed_volume(found.vertices, found.triangles) == pytest.approx(0.0036, rel=0.12)


@pytest.mark.parametrize(
    "curve",
    [helix(3, 1500), helix(0.4, 60), np.random.default_rng(5).permutation(helix(2, 400) ** 2)],
    ids=["helix", "arc", "in no order"],
)
def test_points_along_a_curve_are_refused_in_a_sentence(curve: Array) -> None:
    with pytest.raises(ShapeError, match="'rain' lie along curves, which have no surface; give the curves a thickness"):
        found_in(curve)


def test_the_lines_of_a_scanner_make_a_surface() -> None:
    found = found_in(on_rings(30, 12_000))
    assert any("which lie in lines" in note for note in found.notes)
    assert found.report.parts == 1 and found.report.genus == 0
    assert np.abs(np.linalg.norm(found.vertices, axis=1) - 1).mean() < 0.012
    assert signed_volume(found.vertices, found.triangles) == pytest.approx(4 / 3 * np.pi, rel=0.03)


def test_points_of_a_surface_are_taken_for_no_lines() -> None:
    for points in (on_ball(300), on_rings(100, 8000), np.random.default_rng(6).uniform(0, 1, (500, 3)) * (1, 1, 0)):
        cloud = Cloud(points)
        assert without_lines(cloud) is cloud
