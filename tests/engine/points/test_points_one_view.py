"""Clouds that were seen from one side: patches that lie apart face whoever saw them."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.points.neighbour_links import agreement_of
from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.one_view import turned_to_the_viewer
from lipmlp_engine.points.reconstruct import _made
from lipmlp_engine.shapes.surface_samples import sample_surface


def seen_from_above(*parts: trimesh.Trimesh, count: int = 4000, lowest: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """Points and normals of what faces upwards, but for slopes."""
    mesh = trimesh.util.concatenate(list(parts))
    points, normals, _ = sample_surface(mesh.vertices, mesh.faces, count, np.random.default_rng(0))
    seen = normals[:, 2] > lowest
    return points[seen], normals[seen]


def ball(radius: float, *centre: float) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    mesh.apply_translation(centre)
    return mesh


def head() -> tuple[np.ndarray, np.ndarray]:
    """A face from the front with an ear on each side, behind the rim of what was seen of it, and a lobe below."""
    ears = ball(0.3, 1.25, 0, -0.7), ball(0.3, -1.25, 0, -0.7)
    return seen_from_above(ball(1.0, 0, 0, 0), *ears, ball(0.35, 0, 1.3, -1))


def test_a_patch_that_faces_away_from_the_viewer_is_turned() -> None:
    points, normals = head()
    lines = lines_of(points, threads=1)
    walls = lines.normals * lines.spacing[:, None] ** 2
    right = np.sign(np.einsum("ij,ij->i", lines.normals, normals))
    agreement = agreement_of(lines.places, lines)
    ear = points[:, 0] > 1.02
    assert ear.mean() > 0.03
    turned = turned_to_the_viewer(np.where(ear, -right, right), agreement, points, walls)
    assert (turned == right).mean() > 0.995
    # Whoever sees a table's top does not see the underside.
    board, under = trimesh.creation.box((0.8, 0.8, 0.001)), trimesh.creation.box((3, 3, 0.001))
    under.apply_translation((0, 0, -1))
    top, up = seen_from_above(board, under, count=8000)
    below = (np.abs(top[:, :2]).max(axis=1) < 0.4) & (top[:, 2] < -0.5)
    top, up = top[~below], up[~below]
    beneath = top[top[:, 2] > -0.5] - [0, 0, 0.2]
    points = np.concatenate([top, beneath])
    normals = np.concatenate([up, np.tile([0.0, 0, -1], (len(beneath), 1))])
    lines = lines_of(points, threads=1)
    right = np.sign(np.einsum("ij,ij->i", lines.normals, normals))
    walls = lines.normals * lines.spacing[:, None] ** 2
    turned = turned_to_the_viewer(right, agreement_of(lines.places, lines), points, walls)
    assert (turned == right).all()


def test_what_was_seen_all_around_is_left_alone() -> None:
    mesh = ball(1.0, 0, 0, 0)
    points, normals, _ = sample_surface(mesh.vertices, mesh.faces, 2000, np.random.default_rng(0))
    lines = lines_of(points, threads=1)
    right = np.sign(np.einsum("ij,ij->i", lines.normals, normals))
    side = np.where(points[:, 2] > 0.8, -right, right)
    walls = lines.normals * lines.spacing[:, None] ** 2
    assert (turned_to_the_viewer(side, agreement_of(lines.places, lines), points, walls) == side).all()


def test_an_eye_in_its_socket_looks_at_who_saw_it() -> None:
    points, normals = seen_from_above(ball(1.0, 0, 0, 0), ball(0.22, 0, 0, 0.55), count=6000)
    radius = np.linalg.norm(points, axis=1)
    face, socket = radius > 0.9, np.linalg.norm(points[:, :2], axis=1) < 0.3
    points, normals = points[~(face & socket)], normals[~(face & socket)]
    found = _made(points, lines_of(points, threads=1), threads=1)
    wrong = np.einsum("ij,ij->i", found, normals) < 0
    # The winding number had turned it towards the inside of the head.
    assert min(wrong.mean(), 1 - wrong.mean()) < 0.002
