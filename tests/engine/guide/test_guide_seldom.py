"""Shapes so thin or so full of gaps that hardly a sample says where their matter is."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.guide import motion
from lipmlp_engine.guide.frame_pose import Pose
from lipmlp_engine.guide.matter import INSIDE_SAMPLES, matter_of
from lipmlp_engine.shapes.distance import DistanceField
from tests.engine.known_shapes import shape_of


def test_of_a_needle_askew_in_its_box_the_surface_says_where_its_matter_is() -> None:
    needle = trimesh.creation.box((2.0, 0.001, 0.001))
    needle.apply_transform(trimesh.transformations.rotation_matrix(0.7, [1.0, 2.0, 3.0]))
    shape = shape_of(needle, "needle")
    distance = DistanceField(shape.vertices, shape.triangles)
    matter = matter_of(shape, distance, np.random.default_rng(0))
    assert len(matter.inside) == INSIDE_SAMPLES
    assert np.abs(distance.signed(matter.inside)).max() < 1e-3
    assert np.allclose(matter.centre, 0, atol=1e-3) and matter.volume == pytest.approx(2e-6, rel=1e-3)
    assert matter.radius == pytest.approx(2 / np.sqrt(12), rel=0.01)


def test_where_all_walls_face_each_other_all_of_them_show_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    shape = shape_of(trimesh.creation.icosphere(subdivisions=3, radius=1.0), "sponge")
    distance = DistanceField(shape.vertices, shape.triangles)
    matter = matter_of(shape, distance, np.random.default_rng(0))
    pose = Pose(1.0, np.eye(3), np.zeros(3))
    monkeypatch.setattr(motion, "faced", lambda distance, ahead, *_: np.ones(len(ahead), bool))
    found = motion._in_frame(shape, distance, matter, pose)
    assert np.allclose(found.surface, matter.surface)
