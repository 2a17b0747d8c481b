"""Sides of thin and sparse things: several ways to tell them are put together, and detail is not taken for noise."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.points import orientation
from lipmlp_engine.points.neighbour_links import agreement_of
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
    agreement = agreement_of(lines.places, lines)
    walls = lines.normals * lines.spacing[:, None] ** 2
    for each in (ways, ways[::-1]):
        assert (put_together(each, [], agreement, lines.places, walls)[0] == right).mean() > 0.995
    # What only the others part can be turned as well.
    assert (put_together(ways[:1], [right], agreement, lines.places, walls)[0] == right).mean() > 0.995
    few = np.arange(10)
    alone = agreement_of(lines.places, lines)[few][:, few]
    assert (put_together([right[:10]], [], alone, lines.places[:10], walls[:10])[0] == right[:10]).all()


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


def facade(count: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """A wall with niches below a cornice, as it is seen from the street, and its normals."""
    faces = [
        ((0, 0, 0), (3, 0, 2), (0, -1, 0)),
        ((0, -0.3, 2), (3, 0, 2), (0, 0, -1)),
        ((0, -0.3, 2), (3, -0.3, 2.15), (0, -1, 0)),
        ((0, -0.3, 2.15), (3, 0.2, 2.15), (0, 0, 1)),
    ]
    niches = [(x, z) for x in np.arange(0.2, 2.9, 0.55) for z in (0.2, 0.8, 1.4)]
    for x, z in niches:
        right, top, back = x + 0.3, z + 0.4, 0.15
        faces += [
            ((x, back, z), (right, back, top), (0, -1, 0)),
            ((x, 0, z), (x, back, top), (1, 0, 0)),
            ((right, 0, z), (right, back, top), (-1, 0, 0)),
            ((x, 0, z), (right, back, z), (0, 0, 1)),
            ((x, 0, top), (right, back, top), (0, 0, -1)),
        ]
    low, high, normal = (np.array(each, np.float64) for each in zip(*faces, strict=True))
    area = np.prod(np.where(high > low, high - low, 1), axis=1)
    rng = np.random.default_rng(0)
    which = rng.choice(len(faces), count, p=area / area.sum())
    points = rng.uniform(low[which], high[which])
    cut = np.zeros(count, np.bool_)
    for x, z in niches:
        inside = (points[:, 0] > x) & (points[:, 0] < x + 0.3) & (points[:, 2] > z) & (points[:, 2] < z + 0.4)
        cut |= (which == 0) & inside
    points = points + noise * rng.standard_normal(points.shape)
    return points[~cut], normal[which][~cut]


def test_what_juts_out_of_a_noisy_wall_has_the_walls_side() -> None:
    """The winding number tells nothing where nothing is enclosed; by it a quarter of the points were turned."""
    points, normals = facade(12_000, 0.008)
    lines = lines_of(points, 1)
    assert not lines.clean
    facing = np.einsum("ij,ij->i", orientation.oriented(points, lines, 1), normals)
    wrong = (facing < 0).mean()
    assert min(wrong, 1 - wrong) < 0.01
