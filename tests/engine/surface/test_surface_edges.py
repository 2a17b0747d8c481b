"""Where the planes of faces meet there is an edge; what turns a face over goes back, and nothing beside it."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.detailed_zero_set import extract_detailed
from lipmlp_engine.surface.meeting_planes import Planes, touched
from tests.engine.still_morphs import of_shape

TURN = trimesh.transformations.euler_matrix(0.1, 0.2, 0.3)[:3, :3]


def test_where_edges_turn_a_face_over_its_least_sure_vertex_goes_back() -> None:
    """All of them went, and took what was right beside it along: notches in a gear's edges."""
    faces = np.array([[0, 1, 2, 3], [2, 3, 4, 5], [5, 6, 7, 8]], np.int32)
    planes = Planes(faces, np.zeros((3, 3), np.float32), np.zeros((3, 3), np.float32))
    rows, unsure = np.array([1, 2, 3, 5]), np.array([0.2, 0.1, 0.7, 0.9], np.float32)
    moved = np.isin(np.arange(9), rows)
    turned = np.array([0, 1])
    assert planes.least_sure(turned, rows, unsure, moved).tolist() == [3, 5]
    moved[[3, 5]] = False
    assert planes.least_sure(turned, rows, unsure, moved).tolist() == [1, 2]
    assert touched(faces, np.array([6]), turned).tolist() == [0, 1, 2]


def test_the_rim_of_a_hole_of_few_cells_is_round() -> None:
    """The planes of whole faces about it meet outside the circle, in the flat side: bolt holes had bevels."""
    around, radius, half, cells = 96, 0.14, 1.0, 64
    turn = np.linspace(0, 2 * np.pi, around, endpoint=False)
    circle = radius * np.stack((np.cos(turn), np.sin(turn)), 1)
    square = circle / np.abs(circle).max(1, keepdims=True) * half
    rings = [
        np.c_[ring, np.full(around, height)]
        for ring, height in ((circle, 0.1), (square, 0.1), (square, -0.1), (circle, -0.1))
    ]
    row, following = np.arange(around), np.roll(np.arange(around), -1)
    quads = [np.stack((a * around + row, b * around + row, b * around + following, a * around + following), 1)
             for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))]  # fmt: skip
    triangles = np.concatenate([quad[:, corners] for quad in quads for corners in ([0, 1, 2], [0, 2, 3])])
    plate = Shape("plate", np.concatenate(rings) @ TURN.T, triangles.astype(np.int32))
    field, pose = of_shape(plate)
    places = pose.to_world(extract_detailed(field, cells).vertices.astype(np.float64)) @ TURN
    away, height = np.hypot(*places[:, :2].T), np.abs(places[:, 2])
    cell = np.linalg.norm(np.diff(pose.to_world(np.array([[0.0, 0, 0], [2 / cells, 0, 0]])), axis=0))
    off = np.abs(away - radius)[height > 0.0999] / cell
    off = off[off < 0.35]
    assert len(off) > 30
    # By the planes of whole faces 22 % were.
    assert (off < 0.05).mean() > 0.75
