"""Where the planes of faces meet there is an edge; what turns a face over goes back, and nothing beside it."""

from __future__ import annotations

import numpy as np

from lipmlp_engine.surface.meeting_planes import Planes, touched


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
