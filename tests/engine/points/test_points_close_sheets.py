"""Sheets closer to each other than their points, or than cells, are two; in noise the report says what it hides."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points import closed_surface
from lipmlp_engine.points import given_normals as way
from lipmlp_engine.points.finer_grid import carried, finer, narrow_places
from lipmlp_engine.points.lent_normals import lent
from lipmlp_engine.points.normal_estimation import Lines, lines_of
from lipmlp_engine.points.oriented_samples import Samples
from lipmlp_engine.points.own_side import sides_told
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.points.scanned_sheets import sheets_among
from lipmlp_engine.points.winding_grid import WindingGrid
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.shape import signed_volume
from lipmlp_engine.shapes.surface_samples import sample_surface
from tests.engine.clouds import on_ball

GAP, THICK, SPACING = 0.005, 0.1025, 0.02


def plates(count: int, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Points on two plates above each other, and their normals outwards."""
    both = [trimesh.creation.box((0.5, 0.4, THICK)) for _ in range(2)]
    for plate, side in zip(both, (-1, 1), strict=True):
        plate.apply_translation((0, 0, side * (THICK + GAP) / 2))
    solid = trimesh.util.concatenate(both)
    rng = np.random.default_rng(0)
    points, normals, _ = sample_surface(solid.vertices, solid.faces, count, rng)
    return points + noise * rng.standard_normal(points.shape), normals


def shell(count: int, thick: float, noise: float = 0.0) -> np.ndarray:
    """Points in no order on both sides of a hollow ball's wall, as many to an area."""
    inner = round(count * (1 - thick) ** 2 / (1 + (1 - thick) ** 2))
    rng = np.random.default_rng(5)
    points = np.concatenate([rng.standard_normal((count - inner, 3)), rng.standard_normal((inner, 3))])
    radius = np.repeat([1.0, 1 - thick], [count - inner, inner])
    points *= (radius / np.linalg.norm(points, axis=1))[:, None]
    return points + noise * rng.standard_normal(points.shape)


@pytest.mark.parametrize("wide", [0.0, closed_surface.WIDE])
def test_plates_between_which_no_corner_falls_are_two(wide: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closed_surface, "WIDE", wide)
    points, normals = plates(3000)
    spacing = np.full(len(points), SPACING)
    # Corners begin a fifth of the longest side, .1, below the plates, and lie half a spacing apart.
    first = (0.1 + THICK) / (SPACING / 2) % 1
    assert first > 0 and first + GAP / (SPACING / 2) < 1
    vertices, triangles = closed_surface.enclosing_surface(Samples(points, normals, spacing, 0.0), 320, "closed", 1)
    topology = Topology(triangles)
    apart = topology.part_count == 2 and topology.euler_number == 4
    assert apart == (wide > 0)
    if apart:
        assert signed_volume(vertices, triangles) == pytest.approx(2 * 0.5 * 0.4 * THICK, rel=0.02)


def test_noise_that_bridges_a_gap_is_told() -> None:
    found = reconstruct(Cloud(plates(2500, 0.006)[0]), "plates", Points(), threads=1)
    told = [note for note in found.notes if "which its noise hides" in note]
    assert len(told) == 1
    assert f"{found.report.too_close:.0f} % of its area lies closer" in told[0]
    assert 2 < found.report.too_close < 60 and "area near another" in found.report.summary()


@pytest.mark.parametrize("spacings", [1.2, 1.6, 2.0])
def test_two_sides_of_a_wall_are_no_noise(spacings: float) -> None:
    spacing = np.sqrt(8 * np.pi / 8000)
    lines = lines_of(shell(8000, spacings * spacing), threads=1)
    assert lines.clean and lines.noise < 0.02 * spacing
    facing = np.abs(np.einsum("ij,ij->i", lines.normals, lines.places / np.linalg.norm(lines.places, axis=1)[:, None]))
    assert (facing > 0.9).mean() > 0.97


def test_noise_stays_noise() -> None:
    noise = 0.02
    rng = np.random.default_rng(6)
    ball = on_ball(6000)
    found = lines_of(ball + noise * rng.standard_normal(ball.shape), threads=1)
    assert found.noise == pytest.approx(noise, rel=0.15) and not found.clean


def test_the_two_sides_of_a_wall_are_told_apart_in_noise() -> None:
    spacing = np.sqrt(8 * np.pi / 8000)
    noise, thick = 0.25 * spacing, 1.6 * spacing
    lines = lines_of(shell(8000, thick, noise), threads=1)
    assert lines.noise < 1.3 * noise and lines.thin.mean() > 0.9
    radius = np.linalg.norm(lines.places, axis=1)
    assert np.minimum(np.abs(radius - 1), np.abs(radius - 1 + thick)).mean() < 0.5 * noise
    rng = np.random.default_rng(6)
    ball = on_ball(6000)
    assert not lines_of(ball + 0.02 * rng.standard_normal(ball.shape), threads=1).thin.any()


def test_sides_that_make_no_wall_of_a_thin_one_are_not_believed() -> None:
    spacing = np.sqrt(8 * np.pi / 4000)
    lines = lines_of(shell(4000, 2 * spacing, 0.25 * spacing), threads=1)
    radius = np.linalg.norm(lines.places, axis=1)
    outwards = lines.normals * np.sign(np.einsum("ij,ij->i", lines.normals, lines.places))[:, None]
    right = np.where(radius > 1 - spacing, 1, -1)[:, None] * outwards
    assert lines.thin.any() and sides_told(right, lines) and not sides_told(outwards, lines)
    assert not lines_of(shell(4000, 2 * spacing, 0.25 * spacing), threads=1, walls=False).thin.any()


def test_a_bowl_in_noise_keeps_its_hollow() -> None:
    spacing = np.sqrt(8 * np.pi / 6000)
    points = shell(6000, 1.8 * spacing, 0.25 * spacing)
    bowl = points[points[:, 2] < 0.4]
    found = reconstruct(Cloud(bowl), "bowl", Points(), threads=1)
    wall = 4 / 3 * np.pi * (1 - (1 - 1.8 * spacing) ** 3) * 0.7
    assert found.report.parts == 1
    assert signed_volume(found.vertices, found.triangles) == pytest.approx(wall, rel=0.15)


def test_a_line_askew_takes_that_of_its_neighbours() -> None:
    rng = np.random.default_rng(7)
    points = np.column_stack([rng.uniform(0, 1, (3000, 2)), np.zeros(3000)])
    spacing = np.full(3000, np.sqrt(1 / 3000))
    points[1::2, 2] = 0.4 * spacing[0]
    normals = np.tile([0.0, 0.0, 1.0], (3000, 1))
    normals[::300] = (0, np.sin(0.35), np.cos(0.35))
    better = lent(points, normals, spacing, 0.0, 1, sided=False)
    assert np.abs(better[:, 2]).min() > 0.999


def test_a_ring_keeps_its_own_lines() -> None:
    ball = on_ball(3000)
    spacing = np.full(3000, np.sqrt(4 * np.pi / 3000))
    assert np.einsum("ij,ij->i", lent(ball, ball, spacing, 0.0, 1), ball).min() > 0.999


def test_a_finer_grid_has_corners_between_sheets_and_the_same_values() -> None:
    points, normals = plates(2500)
    samples = Samples(points, normals, np.full(2500, 0.02), 0.0)
    grid = WindingGrid(points, 0.01, threads=1)
    there, gap = narrow_places(samples, grid.cell)
    assert gap == pytest.approx(GAP, rel=1e-6) and 0.2 < there.mean() < 0.5
    assert (np.abs(points[there, 2]) < GAP).all()
    places = grid.places(np.arange(np.prod(grid.shape)))
    values = (places @ (1.0, -2.0, 0.5) - 0.3).astype(np.float32).reshape(grid.shape)
    inside = np.where((np.abs(places) < (0.25, 0.2, 0.1)).all(axis=1).reshape(grid.shape), -1, 1).astype(np.float32)
    made = finer(grid, inside, gap, 320)
    assert made is not None and made.cell == pytest.approx(gap / 1.5)
    there = made.places(np.arange(np.prod(made.shape)))
    assert np.allclose(carried(values, grid, made).ravel(), there @ (1.0, -2.0, 0.5) - 0.3, atol=1e-5)
    assert finer(grid, inside, gap, 20) is None
    assert narrow_places(Samples(on_ball(), on_ball(), np.full(3000, 0.06), 0.0), 0.03)[1] == np.inf


def test_what_a_grid_blurs_away_is_summed_before_it_is_called_a_sheet() -> None:
    ball = on_ball(3000)
    samples = Samples(ball, ball, np.full(3000, np.sqrt(4 * np.pi / 3000)), 0.0)
    assert not sheets_among(samples, np.full(3000, 0.2), "auto").any()
    cap = ball[ball[:, 2] > 0.6]
    samples = Samples(cap, cap, np.full(len(cap), np.sqrt(4 * np.pi / 3000)), 0.0)
    assert sheets_among(samples, np.full(len(cap), 0.2), "auto").all()


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_given_normals_that_make_a_wall_are_not_made_anew(side: float, monkeypatch: pytest.MonkeyPatch) -> None:
    ball = on_ball(3000)
    mistaken = np.where(ball[:, 2:] > 0.6, -ball, ball)

    def oriented(points: np.ndarray, lines: Lines, threads: int) -> np.ndarray:
        return mistaken

    monkeypatch.setattr(way, "oriented", oriented)
    lines = lines_of(ball, threads=1)
    kept, notes = way.believed(side * ball, ball, lines, False, 1)
    assert kept is not None and np.allclose(kept, ball) and len(notes) == (side < 0)
    assert way.believed(np.where(np.arange(3000)[:, None] % 2, ball, -ball), ball, lines, False, 1)[0] is None


@pytest.mark.parametrize(("thick", "bald"), [(0.8, 1.0), (1.3, 2.0)])
def test_a_thin_wall_is_whole_where_chance_left_no_point(thick: float, bald: float) -> None:
    """In spacings; the number, blurred over as much as the wall is thick, made a dent or a hole of such a place."""
    spacing = np.sqrt(1 / 1500)
    box = trimesh.creation.box((1, 0.5, thick * spacing))
    points, normals, _ = sample_surface(box.vertices, box.faces, 1500, np.random.default_rng(0))
    seen = (np.linalg.norm(points[:, :2], axis=1) > bald * spacing) | (normals[:, 2] < 0.5)
    points, normals = points[seen], normals[seen]
    samples = Samples(points, normals, np.full(len(points), spacing), 0.0)
    vertices, triangles = closed_surface.enclosing_surface(samples, 256, "closed", 1)
    assert Topology(triangles).euler_number == 2
    there = vertices[np.linalg.norm(vertices[:, :2], axis=1) < 0.5 * bald * spacing]
    assert np.abs(there[:, 2]).min() > 0.39 * thick * spacing


def test_planes_on_a_ball_are_as_round_as_they_are_turned() -> None:
    """An average of planes that touch a ball lies outside of it, by .022 spacings here."""
    points = on_ball(1500)
    spacing = np.sqrt(4 * np.pi / len(points))
    samples = Samples(points, points, np.full(len(points), spacing), 0.0)
    vertices, _ = closed_surface.enclosing_surface(samples, 256, "closed", 1)
    above = (np.linalg.norm(vertices, axis=1) - 1) / spacing
    assert abs(float(above.mean())) < 0.004 and float(np.abs(above).mean()) < 0.01
