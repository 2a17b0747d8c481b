"""What one viewer saw of a body gets a back as round as its front, and what floats behind something hangs on to it."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.oriented_samples import Samples
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.points.unseen_back import with_back
from lipmlp_engine.points.viewer import viewer_of
from lipmlp_engine.points.winding_grid import summed_number
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.shape import signed_volume
from lipmlp_engine.shapes.surface_samples import sample_surface

EYE = np.array([0.0, 0.5, 6.0])


def ball(radius: float, *centre: float) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    mesh.apply_translation(centre)
    return mesh


def seen(*bodies: trimesh.Trimesh, eye: np.ndarray = EYE, count: int = 14000) -> tuple[np.ndarray, np.ndarray]:
    """Points, and their normals, of the balls' surfaces that the eye sees, as even as it sees them."""
    mesh = trimesh.util.concatenate(bodies)
    rng = np.random.default_rng(3)
    points, normals, _ = sample_surface(mesh.vertices, mesh.faces, count, rng)
    sight = eye - points
    there = np.einsum("ij,ij->i", normals, sight) / np.linalg.norm(sight, axis=1) > rng.random(count)
    for body in bodies:
        middle, radius = body.bounds.mean(axis=0), body.extents[0] / 2
        along = np.clip(np.einsum("ij,ij->i", middle - points, sight) / (sight**2).sum(axis=1), 0, 1)
        nearest = np.linalg.norm(points + along[:, None] * sight - middle, axis=1)
        there &= (nearest > 0.99 * radius) | (np.linalg.norm(points - middle, axis=1) < 1.01 * radius)
    return points[there], normals[there]


def samples_of(points: np.ndarray, normals: np.ndarray, area: float) -> Samples:
    return Samples(points, normals, np.full(len(points), np.sqrt(area / len(points))), 0.0)


def test_the_eye_that_saw_a_cloud_is_found() -> None:
    points, _ = seen(ball(1, 0, 0, 0), ball(0.5, 1.2, 0.2, -1.5), ball(0.5, -1.2, 0, -1.5))
    viewer = viewer_of(points, 0.05, np.array([0.3, 0.0, 0.95]))
    assert viewer is not None
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    towards = (EYE - middle) / np.linalg.norm(EYE - middle)
    assert -viewer.axis @ towards > 0.97
    flat, away = viewer.picture(points)
    assert np.allclose(viewer.places(flat, away), points)


def test_what_several_eyes_saw_has_no_single_one() -> None:
    both = [seen(ball(1, 0, 0, 0), ball(0.6, 0, 0, -2), eye=np.array([x, 0, 3.0])) for x in (-4.0, 4.0)]
    points = np.concatenate([each[0] for each in both])
    normals = np.concatenate([each[1] for each in both])
    assert viewer_of(points, 0.05, np.array([0.0, 0, 1])) is None
    assert with_back(samples_of(points, normals, 8.0), np.ones(len(points), np.bool_)) is None


def test_half_a_ball_becomes_all_of_it() -> None:
    points, normals = seen(ball(1, 0, 0, 0))
    whole = with_back(samples_of(points, normals, 2 * np.pi), np.ones(len(points), np.bool_))
    assert whole is not None
    made = whole.points
    assert np.linalg.norm(made, axis=1).max() < 1.2 and made[:, 2].min() < -0.3
    assert summed_number(np.zeros((1, 3)), whole.points, whole.walls)[0] > 0.9


def test_what_is_all_outline_gets_no_back() -> None:
    ways = np.linspace(0, np.pi, 5)[:-1]
    rods = [
        trimesh.creation.cylinder(0.03, segment=[[-np.cos(a), -np.sin(a), 0], [np.cos(a), np.sin(a), 0]]) for a in ways
    ]
    mesh = trimesh.util.concatenate(rods)
    points, normals, _ = sample_surface(mesh.vertices, mesh.faces, 8000, np.random.default_rng(3))
    front = normals[:, 2] > 0.2
    samples = samples_of(points[front], normals[front], mesh.area * front.mean())
    assert viewer_of(samples.points, float(samples.spacing[0]), np.array([0.0, 0, 1])) is not None
    assert with_back(samples, np.ones(front.sum(), np.bool_)) is None


def test_what_floats_behind_a_face_hangs_on_to_it() -> None:
    ears = [ball(0.3, x, 0.1, -0.6) for x in (-1.2, 1.2)]
    points, _ = seen(ball(1, 0, 0, 0), *ears)
    found = reconstruct(Cloud(points), "face", Points(keep=False), threads=1)
    assert found.report.parts == 1 and found.report.genus == 0 and found.report.closed
    assert 2.6 < signed_volume(found.vertices, found.triangles) < 5.2
