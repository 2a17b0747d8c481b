"""What was not scanned of a body is laid smoothly from rim to rim, and the ground that it stood on stays flat."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.closed_surface import enclosing_surface
from lipmlp_engine.points.oriented_samples import Samples
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.points.smooth_gaps import with_smooth_gaps
from lipmlp_engine.shapes.cloud import Cloud
from tests.engine.clouds import on_ball

Array = NDArray[np.float64]


def samples_of(ball: Array) -> Samples:
    return Samples(ball, ball, np.full(len(ball), np.sqrt(4 * np.pi / 6000)), 0.0)


def test_a_gap_in_a_ball_is_as_round_as_the_ball() -> None:
    """What is flat would lie .134 below it in the middle."""
    ball = on_ball(6000)
    found = reconstruct(Cloud(ball[ball[:, 2] < np.cos(np.radians(30))]), "ball", Points(), threads=1)
    lid = found.vertices[found.vertices[:, 2] > 0.88]
    assert len(lid) > 100
    off = np.abs(np.linalg.norm(lid, axis=1) - 1)
    assert off.mean() < 0.025 and off.max() < 0.05


def test_the_ground_below_half_a_ball_stays_flat() -> None:
    ball = on_ball(8000)
    found = reconstruct(Cloud(ball[ball[:, 2] > 0]), "dome", Points(opening="closed"), threads=1)
    below = found.vertices[np.linalg.norm(found.vertices[:, :2], axis=1) < 0.7]
    assert below[:, 2].min() > -0.09


def test_the_rim_of_what_was_seen_from_one_side_has_no_beads() -> None:
    """Seen at a grazing angle points lie far apart, and each one's plane reached as far beyond the rim (.029)."""
    random = np.random.default_rng(0)
    across = random.uniform(-1, 1, (12_000, 2))
    across = across[(across**2).sum(axis=1) < 0.999][:3000]
    seen = np.column_stack([across, np.sqrt(1 - (across**2).sum(axis=1))]) + 0.003 * random.standard_normal((3000, 3))
    found = reconstruct(Cloud(seen), "front", Points(opening="closed", cells=96, keep=False), threads=1)
    rim = found.vertices[(found.vertices[:, 2] < 0.25) & (np.linalg.norm(found.vertices[:, :2], axis=1) > 0.8)]
    way = np.floor(np.arctan2(rim[:, 1], rim[:, 0]) / np.pi * 24).astype(int)
    assert np.std([rim[way == each][:, 2].min() for each in np.unique(way)]) < 0.022


def test_what_was_scanned_stays_where_it_is() -> None:
    samples = samples_of(on_ball(6000))
    vertices, triangles = enclosing_surface(samples, 128, "closed", 1)
    assert (with_smooth_gaps(vertices, triangles, samples, np.zeros(6000, np.bool_)) == vertices).all()


@pytest.mark.parametrize("sheet", [False, True])
def test_a_sheet_ends_and_has_no_gap(sheet: bool) -> None:
    samples = samples_of(on_ball(6000))
    vertices, triangles = enclosing_surface(samples, 128, "closed", 1)
    left = samples.points[:, 2] < 0.8
    rest = Samples(samples.points[left], samples.normals[left], samples.spacing[left], 0.0)
    moved = with_smooth_gaps(vertices * (1, 1, 0.98), triangles, rest, np.full(int(left.sum()), sheet))
    assert (moved != vertices * (1, 1, 0.98)).any() != sheet


def test_a_gap_is_not_closed_through_a_wall_that_was_scanned() -> None:
    """Of a shell the inner side was not seen but at its rim, whence the smoothest way leads out through the outer."""
    ball = on_ball(6000)
    samples = samples_of(ball)
    vertices, triangles = enclosing_surface(samples, 128, "closed", 1)
    seen = ball[:, 2] < 0.3
    # The wall that was scanned lies right below where the gap would come to lie.
    dent = ball[~seen] * (1, 1, 0.55)
    places = np.concatenate([ball[seen], dent])
    rest = Samples(places, np.concatenate([ball[seen], dent]), samples.spacing, 0.0)
    pressed = np.where(vertices[:, 2:] > 0.3, vertices * (1, 1, 0.3), vertices)
    assert (with_smooth_gaps(pressed, triangles, rest, np.zeros(6000, np.bool_)) == pressed).mean() > 0.5
