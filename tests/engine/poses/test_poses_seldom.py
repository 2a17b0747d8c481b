"""Shapes that are no manifold, landmarks that say it all, and strangers that are matched however it comes out."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.poses import stand_in_mesh
from lipmlp_engine.poses.recognition import judged
from lipmlp_engine.poses.shared_mesh import ties_between
from lipmlp_engine.poses.stand_in_mesh import VERTICES_OF_PARTS, stand_in, whole_stand_in
from lipmlp_engine.poses.triangle_deformations import _continue
from lipmlp_engine.shapes.shape import Shape, signed_volume
from tests.engine.bent_bars import bent_bar, straight_bar
from tests.engine.known_shapes import moved, shape_of


def edge_to_edge() -> Shape:
    """Two cubes that share an edge, of which four faces are."""
    cubes = [trimesh.creation.box((1, 1, 1)), moved(trimesh.creation.box((1, 1, 1)), (1, 1, 0))]
    mesh = trimesh.util.concatenate(cubes)
    mesh.merge_vertices()
    return shape_of(mesh, "two cubes")


def test_for_what_is_no_manifold_a_clean_surface_about_the_same_inside_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stand_in_mesh, "CELLS", 24)
    made = stand_in(edge_to_edge(), 600)
    assert made is not None
    solid = trimesh.Trimesh(made.vertices, made.triangles, process=False)
    assert solid.is_watertight and signed_volume(made.vertices, made.triangles) == pytest.approx(2.0, rel=0.1)


def test_what_carries_all_parts_is_cut_where_they_share_an_edge_and_loses_nothing() -> None:
    made = whole_stand_in(edge_to_edge())
    assert made is not None and made.parts.max() == 1
    assert signed_volume(made.vertices, made.triangles) == pytest.approx(2.0, rel=1e-9)


def test_a_thin_part_among_dense_ones_is_whole_with_few_faces() -> None:
    plate = trimesh.creation.box((4, 1, 0.02)).subdivide_to_size(0.05)
    ball = moved(trimesh.creation.icosphere(5, 1.0), (0, 0, 3))
    made = whole_stand_in(shape_of(trimesh.util.concatenate([plate, ball]), "plate and ball"))
    assert made is not None and len(made.vertices) < 1.1 * VERTICES_OF_PARTS
    thin = made.vertices[:, 2] < 1
    low, high = made.vertices[thin].min(0), made.vertices[thin].max(0)
    assert np.allclose(high - low, (4, 1, 0.02), atol=1e-3)
    own = made.triangles[thin[made.triangles].all(1)]
    assert signed_volume(made.vertices, own) == pytest.approx(0.08, rel=0.01)


def test_turns_are_continued_from_triangle_to_triangle_and_needles_take_their_neighbours() -> None:
    vectors = np.array([[0, 0, 3.0], [0, 0, -3.2], [0, 0, 0.0], [9.0, 9.0, 9.0]])
    parent = np.array([-1, 0, 1, 1])
    _continue(vectors, np.array([3.0, 3.2, 0.0, -1.0]), [1, 2, 3], parent)
    assert np.allclose(vectors[1], [0, 0, 2 * np.pi - 3.2])  # the same turn, nearest to that before
    assert np.allclose(vectors[3], vectors[1])  # a needle's own says nothing
    assert vectors[2].tolist() == [0, 0, 0]
    wound = np.array([[0, 0, 4.0], [0, 0, 0.0]])
    _continue(wound, np.array([4.0, 0.0]), [1], np.array([-1, 0]))
    assert np.allclose(wound[1], [0, 0, 2 * np.pi])  # no turn at all, beside more than half of one


def test_parts_that_lie_in_one_plane_have_no_triangles_between_them() -> None:
    flat = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [2, 0, 0], [3, 0, 0], [2, 1, 0]], np.float64)
    triangles = np.array([[0, 1, 2], [3, 4, 5]])
    assert not len(ties_between(flat, flat, triangles))


def test_three_landmarks_say_which_place_becomes_which_of_a_bar_that_tells_nothing() -> None:
    places, triangles = straight_bar(0.25)
    straight = shape_of(trimesh.Trimesh(places, triangles, process=False), "straight")
    bent = shape_of(trimesh.Trimesh(bent_bar(70, 0.25), triangles, process=False), "bent")
    assert "tells its sides or its ends apart" in judged(straight, bent).objection
    rows = [8, 100, 190]
    told = judged(straight, bent, (straight.vertices[rows], bent.vertices[rows]))
    assert told.objection == "" and told.pairing is not None


def test_strangers_are_matched_where_that_is_asked_for_however_it_comes_out(ball: Shape, box: Shape) -> None:
    verdict = judged(ball, box, however=True)
    assert verdict.pairing is not None and "no poses of one shape" in verdict.objection
