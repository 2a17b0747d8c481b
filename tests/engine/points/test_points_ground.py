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
from lipmlp_engine.shapes.shape import signed_volume
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
    assert np.abs(alone.vertices[:, :2]).max() < 1.1 and alone.vertices[:, 2].min() > -0.2
    assert np.abs(np.linalg.norm(alone.vertices - (0, 0, HEIGHT), axis=1)[alone.vertices[:, 2] > 0.3] - 1).max() < 0.1
    assert any("the ground it stands on" in note for note in alone.notes)
    none = reconstruct(Cloud(on_ball(300)), "ball", Points(cells=64, ground="remove"), threads=1)
    assert none.report.closed and any("found no ground" in note for note in none.notes)


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
