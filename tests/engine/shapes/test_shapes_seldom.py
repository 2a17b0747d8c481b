"""Shapes of nothing, parts that nothing is left beside, needles without area, and solids that cannot be merged."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.hearsay import HearsayError
from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes import union
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.look import layer_sizes
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.openings import join
from lipmlp_engine.shapes.part_nesting import lie_within_the_rest
from lipmlp_engine.shapes.polygons import _cut, triangulate
from lipmlp_engine.shapes.same_mesh import one_mesh, same_faces
from lipmlp_engine.shapes.self_intersections import crossing_pairs, crossing_triangles
from lipmlp_engine.shapes.shape import Shape, volume_shares
from lipmlp_engine.shapes.union import merge_overlaps
from tests.engine.known_shapes import shape_of

NOTHING = np.zeros((0, 3), np.int32)


def test_of_no_faces_nothing_is_made() -> None:
    corners = np.eye(3)
    assert len(volume_shares(corners, NOTHING)) == 0
    assert crossing_pairs(corners, NOTHING) == 0 and len(crossing_triangles(corners, NOTHING)) == 0
    triangles, owners = triangulate(corners, np.array([0, 2, 3]), np.array([0, 1, 2]))
    assert triangles.shape == (0, 3) and len(owners) == 0
    with pytest.raises(ShapeError, match="without faces has no distances"):
        DistanceField(corners, NOTHING)


def test_a_polygon_whose_corners_are_no_numbers_is_still_as_many_triangles() -> None:
    ring = np.array([[0, 0, 0], [2, 0, 0], [2, 1, 0], [1, np.nan, 0], [0, 1, 0]], np.float64)
    triangles, owners = triangulate(ring, np.array([0, 5]), np.arange(5))
    assert triangles.shape == (3, 3) and set(triangles.ravel()) == set(range(5)) and not owners.any()


def test_meshes_of_other_sizes_are_not_the_same(box: Shape, ball: Shape) -> None:
    assert same_faces(box, box) and not same_faces(box, ball)
    assert not same_faces(Shape("none", box.vertices, NOTHING), box)
    more = Shape("more", np.vstack([box.vertices, [[9.0, 9.0, 9.0]]]), box.triangles)
    assert one_mesh(box, more) is None


def test_parts_that_are_all_there_is_lie_in_nothing(overlapping_boxes: Shape) -> None:
    topology = Topology(overlapping_boxes.triangles)
    everything = np.ones(topology.part_count, bool)
    assert not lie_within_the_rest(overlapping_boxes, topology, everything).any()


def test_a_layer_of_a_kind_that_there_is_not_is_refused() -> None:
    assert layer_sizes("vector", "corner", 8, 12) == (12, 3, 3)
    for kind, domain in (("quaternion", "point"), ("vector", "edge")):
        with pytest.raises(HearsayError, match="which there is not"):
            layer_sizes(kind, domain, 8, 12)


def test_overlaps_that_cannot_be_merged_are_left_and_said(
    overlapping_boxes: Shape, monkeypatch: pytest.MonkeyPatch
) -> None:
    (note,) = merge_overlaps(overlapping_boxes).notes
    assert note.startswith("took out walls inside: of its 2 parts some reach into another or into themselves")
    monkeypatch.setattr(union, "_union", lambda vertices, solids: None)
    left = merge_overlaps(overlapping_boxes)
    assert np.array_equal(left.triangles, overlapping_boxes.triangles)
    assert "could not be merged" in left.notes[-1]


def test_a_part_that_is_no_solid_and_solids_that_leave_nothing_are_not_merged() -> None:
    box = trimesh.creation.box((1, 1, 1))
    faces = np.asarray(box.faces, np.int32)
    whole, torn = (union._Part(part, 1.0) for part in (faces, faces[:-1]))
    vertices = np.asarray(box.vertices, np.float64)
    assert union._union(vertices, [whole]) is not None
    assert union._union(vertices, [whole, torn]) is None
    hollow = union._Part(faces, 1.0, [union._Part(faces[:, ::-1], -1.0)])
    assert union._union(vertices, [hollow]) is None


def test_what_lies_on_merged_parts_is_taken_from_the_nearest(overlapping_boxes: Shape) -> None:
    left = overlapping_boxes.vertices[:, 0] < 0
    painted = dataclasses.replace(
        overlapping_boxes, colors=np.where(left[:, None], [1, 0, 0, 1], [0, 0, 1, 1]).astype(np.float32)
    )
    merged = merge_overlaps(painted)
    assert merged.materials is None and merged.colors is not None
    outer = np.abs(merged.vertices[:, 0]) > 0.7
    assert np.allclose(merged.colors[outer, 0], (merged.vertices[outer, 0] < 0), atol=1e-3)
    slots = dataclasses.replace(overlapping_boxes, materials=np.arange(24, dtype=np.int32) // 12)
    again = merge_overlaps(slots)
    assert again.colors is None and again.materials is not None and set(again.materials) == {0, 1}


def test_a_lone_ball_has_nothing_to_be_merged_with(ball: Shape) -> None:
    assert merge_overlaps(ball) is ball and shape_of(trimesh.creation.box(), "cube").closed


def test_a_polygon_as_large_as_numbers_go_is_a_fan_and_nobody_looks_for_its_axes() -> None:
    """Of a matrix that is not finite numpy raises nothing: it never came back."""
    ring = np.array([[0, 0, 0], [2, 0, 0], [0.5, 0.5, 0], [0, 2, 0], [-0.1, 1, 0]])
    fans = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4]])
    assert _cut(8e307 * ring, fans) is fans
    assert not np.array_equal(_cut(ring, fans), fans)


def test_a_needle_that_a_boolean_left_is_removed_and_the_body_stays(ball: Shape) -> None:
    """Twice the same three corners on a line: one is dropped as a duplicate, and what is left is open."""
    line = np.array([[0.0, 0, 2], [0, 0, 2.5], [0, 0, 3]])
    needle = Shape("", line, np.array([[0, 1, 2], [2, 1, 0]], np.int32))
    prepared = prepare(join(ball, needle), Sampling())
    assert prepared.notes == ["removed 1 duplicate triangle", "removed 1 loose triangle without area"]
    assert prepared.closed and prepared.volume == pytest.approx(ball.volume)


def test_slivers_that_a_union_leaves_are_no_parts(overlapping_boxes: Shape) -> None:
    """On a bear of crossing parts the least had 1e-20 of its volume, and 52 specks were shown about one frame."""
    box = np.asarray(trimesh.creation.box((1, 1, 1)).vertices, np.float64)
    faces = np.asarray(trimesh.creation.box((1, 1, 1)).faces, np.int32)
    bead, sliver = 0.02 * box + [0, 0, 1], box * [0.05, 1e-4, 0.05] + [0, 0, 2]
    speck = 2e-4 * box + [0, 0, 3]
    vertices = np.concatenate([box, bead, sliver, speck])
    triangles = np.concatenate([faces + 8 * part for part in range(4)]).astype(np.int32)
    kept_vertices, kept = union._without_crumbs(vertices, triangles)
    assert len(kept) == 24 and len(kept_vertices) == 16
    assert np.array_equal(kept_vertices[kept], vertices[triangles[:24]])
    whole = merge_overlaps(overlapping_boxes)
    assert union._without_crumbs(whole.vertices, whole.triangles)[1].shape == whole.triangles.shape
