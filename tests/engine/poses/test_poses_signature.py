"""What a surface keeps in every pose is found whatever its triangles look like."""

from __future__ import annotations

import numpy as np
import trimesh

from benchmarks.inbetweens import solids
from lipmlp_engine.poses.signature import mistuning, tuning
from lipmlp_engine.poses.stand_in_mesh import StandIn, stand_in
from lipmlp_engine.shapes.shape import Shape


def surface_of(mesh: trimesh.Trimesh) -> StandIn:
    found = stand_in(Shape("shape", mesh.vertices, mesh.faces))
    assert found is not None
    return found


def test_a_letter_with_triangles_without_area_is_tuned_like_a_clean_one() -> None:
    letter = solids.letter_a()
    assert letter.area_faces.min() < 1e-8
    clean = trimesh.Trimesh(*trimesh.remesh.subdivide_to_size(letter.vertices, letter.faces, 0.1))
    pitches = tuning(surface_of(letter))
    assert np.isfinite(pitches).all() and (pitches > 0).all()
    assert mistuning(pitches, tuning(surface_of(clean))) < 0.1
