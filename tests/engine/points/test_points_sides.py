"""Sides of thin and sparse things: several ways to tell them are put together, and detail is not taken for noise."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.points import orientation
from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.reconstruct import _made
from lipmlp_engine.points.summed_sides import put_together
from lipmlp_engine.shapes.surface_samples import sample_surface
from tests.engine.clouds import on_ball


def rods(count: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and normals of rods side by side, each .04 in radius."""
    each = [trimesh.creation.capsule(height=1.0, radius=0.04) for _ in range(count)]
    for number, rod in enumerate(each):
        rod.apply_translation((0.2 * (number % 4), 0.2 * (number // 4), 0))
    mesh = trimesh.util.concatenate(each)
    found, normals, _ = sample_surface(mesh.vertices, mesh.faces, points, np.random.default_rng(3))
    return found, normals


def test_each_patch_is_turned_as_the_sum_over_all_points_says() -> None:
    ball = on_ball(1200)
    lines = lines_of(ball, threads=1)
    right = np.sign(np.einsum("ij,ij->i", lines.normals, ball))
    cap, half = ball[:, 2] > 0.6, ball[:, 0] > 0.2
    ways = [np.where(cap, -right, right), np.where(half, -right, right)]
    agreement = orientation._agreement(lines.places, lines)
    walls = lines.normals * lines.spacing[:, None] ** 2
    for each in (ways, ways[::-1]):
        assert (put_together(each, [], agreement, lines.places, walls) == right).mean() > 0.995
    # What only the others part can be turned as well.
    assert (put_together(ways[:1], [right], agreement, lines.places, walls) == right).mean() > 0.995
    few = np.arange(10)
    alone = orientation._agreement(lines.places, lines)[few][:, few]
    assert (put_together([right[:10]], [], alone, lines.places[:10], walls[:10]) == right[:10]).all()


def test_a_sparse_plate_with_holes_has_its_sides() -> None:
    drills = []
    for radius, x in zip((0.01, 0.015, 0.02, 0.03, 0.04), (-0.4, -0.2, 0, 0.2, 0.4), strict=True):
        for y in (-0.15, 0.15):
            drills.append(trimesh.creation.cylinder(radius, 1, sections=32))
            drills[-1].apply_translation((x, y, 0))
    mesh = trimesh.boolean.difference([trimesh.creation.box((1, 0.6, 0.05)), *drills], engine="manifold")
    points, normals, _ = sample_surface(mesh.vertices, mesh.faces, 5000, np.random.default_rng(0))
    found = _made(points, lines_of(points, threads=1), threads=1)
    # Half of them faced inwards while only one way to tell was heard.
    assert (np.einsum("ij,ij->i", found, normals) < 0).mean() < 0.04


def test_detail_of_a_sparse_cloud_is_no_noise() -> None:
    points, _ = rods(16, 2200)
    lines = lines_of(points, threads=1)
    assert np.median(lines.spacing) > 0.03 and lines.clean
    noise = 0.35 * float(np.median(lines.spacing))
    shaken = lines_of(points + noise * np.random.default_rng(4).standard_normal(points.shape), threads=1)
    assert not shaken.clean
