"""Walls that face each other: those of a gap and of thin matter are found, edges and open walls are not."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.facing_walls import faced
from lipmlp_engine.shapes.shape import unit_normals
from lipmlp_engine.shapes.surface_samples import sample_surface

STEP = 0.04


def faced_places(mesh: trimesh.Trimesh, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Points on the surface, and which of them face a wall within a step to this side."""
    vertices, triangles = np.asarray(mesh.vertices), np.asarray(mesh.faces)
    points, normals, _ = sample_surface(vertices, triangles, 4_000, np.random.default_rng(0))
    field = DistanceField(vertices, triangles)
    found = faced(field, points + side * STEP * normals, STEP / 2, normals, unit_normals(vertices, triangles))
    return points, found


def block(low: tuple[float, float, float], high: tuple[float, float, float]) -> trimesh.Trimesh:
    return trimesh.creation.box(bounds=[low, high])


def test_both_walls_of_a_gap_face_each_other_and_no_other_wall_does() -> None:
    halves = trimesh.util.concatenate([block((-1, -1, -1), (-0.02, 1, 1)), block((0.02, -1, -1), (1, 1, 1))])
    points, found = faced_places(halves, side=1)
    in_gap = np.abs(points[:, 0]) < 0.021
    inner = in_gap & (np.abs(points[:, 1:]).max(axis=1) < 0.95)
    assert found[inner].all()
    assert not found[~in_gap].any()


def test_what_is_thin_faces_itself_inwards_and_nothing_outwards() -> None:
    plate = block((-1, -1, -0.02), (1, 1, 0.02))
    points, inwards = faced_places(plate, side=-1)
    flat = (np.abs(points[:, 2]) > 0.019) & (np.abs(points[:, :2]).max(axis=1) < 0.95)
    assert inwards[flat].all()
    assert not faced_places(plate, side=1)[1].any()


def test_a_corner_faces_nothing() -> None:
    corner = trimesh.util.concatenate([block((0, -1, -1), (1, 0, 1)), block((-1, -1, -1), (0, 1, 1))])
    assert not faced_places(corner, side=1)[1].any()
