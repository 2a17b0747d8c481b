"""What stands on a ground that was scanned with it becomes solid, and the ground a plate below it."""

from __future__ import annotations

import numpy as np
import pytest

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.found_surface import Found
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.points.scanned_ground import Ground, ground_below
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.shape import signed_volume, triangle_areas, unit_normals
from tests.engine.clouds import on_ball

HEIGHT, WIDE = 0.9, 2.5
"""Of a ball's middle above its ground, and half of that ground's sides."""


def ball_on_a_ground(from_x: float = -WIDE) -> np.ndarray:
    """A ball of radius one that stands a tenth deep in its ground, which shows no underside and ends at ``from_x``."""
    ball = on_ball(300) + np.array([0, 0, HEIGHT])
    ground = np.random.default_rng(1).uniform(-WIDE, WIDE, (600, 3)) * (1, 1, 0)
    around = (np.linalg.norm(ground[:, :2], axis=1) > np.sqrt(1 - HEIGHT**2)) & (ground[:, 0] > from_x)
    return np.concatenate([ball[ball[:, 2] > 0], ground[around]])


def ground_in(points: np.ndarray) -> Ground | None:
    return ground_below(points / np.linalg.norm(np.ptp(points, axis=0)), threads=1)


@pytest.fixture(scope="module")
def stood() -> Found:
    return reconstruct(Cloud(ball_on_a_ground()), "scan", Points(cells=64), threads=1)


def test_a_ball_on_a_ground_is_solid_and_the_ground_a_plate(stood: Found) -> None:
    topology = Topology(stood.triangles)
    assert topology.closed and topology.part_count == 1 and stood.report.genus == 0
    deep = -stood.vertices[:, 2].min()
    cap = 1 - HEIGHT
    ball = 4 / 3 * np.pi - np.pi * cap**2 * (3 - cap) / 3
    assert signed_volume(stood.vertices, stood.triangles) == pytest.approx(ball + 4 * WIDE**2 * deep, rel=0.15)
    assert stood.vertices[:, 2].min() < -0.2
    above = np.linalg.norm(stood.vertices - (0, 0, HEIGHT), axis=1)[stood.vertices[:, 2] > 0.3]
    assert np.abs(above - 1).max() < 0.12
    assert any("stands on a ground" in note for note in stood.notes)


def test_a_ground_that_is_not_wanted_is_left_out() -> None:
    points = ball_on_a_ground()
    alone = reconstruct(Cloud(points), "scan", Points(cells=64, ground="remove"), threads=1)
    assert alone.report.closed and alone.report.parts == 1
    assert np.abs(alone.vertices[:, :2]).max() < 1.1
    sole = alone.vertices[alone.vertices[:, 2] < alone.vertices[:, 2].min() + 0.01]
    assert 0 < sole[:, 2].min() < 0.2 and len(sole) > 20
    assert np.linalg.norm(sole[:, :2], axis=1).max() == pytest.approx(np.sqrt(1 - HEIGHT**2), abs=0.35)
    assert np.abs(np.linalg.norm(alone.vertices - (0, 0, HEIGHT), axis=1)[alone.vertices[:, 2] > 0.3] - 1).max() < 0.1
    assert any("the ground it stands on" in note for note in alone.notes)
    left_open = reconstruct(Cloud(points), "scan", Points(cells=64, ground="remove", opening="sheet"), threads=1)
    assert not left_open.report.closed and np.abs(left_open.vertices[:, :2]).max() < 1.5
    none = reconstruct(Cloud(on_ball(300)), "ball", Points(cells=64, ground="remove"), threads=1)
    assert none.report.closed and any("found no ground" in note for note in none.notes)


def test_no_film_of_ground_hangs_between_feet() -> None:
    """Beside a foot the planes of neighbours are half the ground's, and what was told by them stayed with the feet."""
    random = np.random.default_rng(5)
    turn, high = random.uniform(0, 2 * np.pi, 1400), random.uniform(0, 1, 1400)
    post = np.stack([0.2 * np.cos(turn), 0.2 * np.sin(turn), high], axis=1)
    bar = random.uniform(-1, 1, (1800, 3)) * (0.6, 0.25, 0.15)
    side = random.choice(6, 1800, p=np.repeat([0.0375, 0.09, 0.15], 2) / 0.555)
    bar[np.arange(1800), side // 2] = np.array([0.6, 0.25, 0.15])[side // 2] * (1 - 2 * (side % 2))
    under = (bar[:, 2] == -0.15) & (np.abs(np.abs(bar[:, 0]) - 0.32) < 0.2) & (np.abs(bar[:, 1]) < 0.2)
    posts = [post + np.array([x, 0, 0]) for x in (-0.32, 0.32)]
    ground = random.uniform(-1.6, 1.6, (3000, 3)) * (1, 1, 0)
    around = np.hypot(np.abs(ground[:, 0]) - 0.32, ground[:, 1]) > 0.2
    scan = np.concatenate([*posts, bar[~under] + (0, 0, 1.15), ground[around]])
    scan += 0.004 * random.standard_normal(scan.shape)
    alone = reconstruct(Cloud(scan), "bench", Points(cells=96, ground="remove"), threads=1)
    assert alone.report.closed and alone.report.parts == 1
    low = alone.vertices[alone.vertices[:, 2] < 0.3]
    assert np.hypot(np.abs(low[:, 0]) - 0.32, low[:, 1]).max() < 0.3
    flat = unit_normals(alone.vertices, alone.triangles)[:, 2] < -0.99
    flat &= alone.vertices[alone.triangles][:, :, 2].max(axis=1) < 0.1
    soles = float(triangle_areas(alone.vertices, alone.triangles[flat]).sum())
    assert low[:, 2].min() > 0 and soles == pytest.approx(2 * np.pi * 0.2**2, rel=0.1)


def test_the_rim_of_that_plate_is_even(stood: Found) -> None:
    outermost = np.abs(stood.vertices[:, :2]).max(axis=1)
    rim = (np.abs(stood.vertices[:, :2]).min(axis=1) < WIDE / 2) & (outermost > 0.9 * WIDE)
    middle = stood.vertices[:, 2].min() / 2
    assert np.ptp(outermost[rim & (np.abs(stood.vertices[:, 2] - middle) < -middle / 3)]) < 0.25


def test_what_has_no_ground_all_around_stands_on_none() -> None:
    assert ground_in(ball_on_a_ground()) is not None
    assert ground_in(ball_on_a_ground(from_x=0.0)) is None
    box = np.random.default_rng(2).uniform(-1, 1, (3000, 3))
    box[np.arange(3000), np.abs(box).argmax(axis=1)] = np.sign(box[np.arange(3000), np.abs(box).argmax(axis=1)])
    assert ground_in(box) is None and ground_in(on_ball()) is None


def test_a_ground_that_was_seen_from_below_gets_no_other_underside() -> None:
    points = ball_on_a_ground()
    under = np.random.default_rng(3).uniform(-WIDE, WIDE, (600, 3)) * (1, 1, 0) - (0, 0, 0.06)
    assert ground_in(np.concatenate([points, under])) is None
    noise = np.random.default_rng(4).standard_normal(points.shape) * 0.03
    assert ground_in(points + noise) is not None


def test_what_is_laid_under_has_no_normals_of_its_own() -> None:
    points = ball_on_a_ground() / 10
    ground = ground_below(points, threads=1)
    assert ground is not None
    whole = ground.laid_under(Cloud(points, normals=np.ones_like(points)))
    assert np.array_equal(whole.points[: ground.kept.sum()], points[ground.kept])
    assert whole.normals is not None and not whole.normals[ground.kept.sum() :].any()
