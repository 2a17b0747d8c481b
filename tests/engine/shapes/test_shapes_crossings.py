"""Self-intersections: none in sound meshes, the right number where two parts cross."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.shapes.self_intersections import crossing_pairs


@pytest.mark.parametrize("mesh", [trimesh.creation.icosphere(subdivisions=3), trimesh.creation.box((1, 2, 3))])
def test_sound_meshes_cross_nowhere(mesh: trimesh.Trimesh) -> None:
    assert crossing_pairs(mesh.vertices, mesh.faces) == 0
    seams = mesh.vertices[mesh.faces].reshape(-1, 3)
    assert crossing_pairs(seams, np.arange(len(seams)).reshape(-1, 3)) == 0


def test_a_needle_through_a_sheet_is_one_pair() -> None:
    vertices = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0], [1, 1, -1], [1, 1, 1], [5, 1, 2]], float)
    assert crossing_pairs(vertices, np.array([[0, 1, 2], [3, 4, 5]])) == 1
    vertices[3:, 2] += 3
    assert crossing_pairs(vertices, np.array([[0, 1, 2], [3, 4, 5]])) == 0


def test_balls_that_overlap_cross_along_a_circle() -> None:
    first, second = trimesh.creation.icosphere(subdivisions=3), trimesh.creation.icosphere(subdivisions=3)
    second.apply_translation((1.1, 0.03, 0.07))
    both = trimesh.util.concatenate([first, second])
    pairs = crossing_pairs(both.vertices, both.faces)
    assert 60 < pairs < 1000
    assert crossing_pairs(both.vertices * 1000 + 5000, both.faces) == pytest.approx(pairs, abs=3)
