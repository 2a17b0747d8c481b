"""The edges of a mesh."""

from __future__ import annotations

import numpy as np

from lipmlp_engine.poses.mesh_edges import edges_of


def test_edges_are_counted_once() -> None:
    assert edges_of(np.array([[0, 1, 2], [2, 1, 3]])).tolist() == [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]
