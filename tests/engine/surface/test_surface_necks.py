"""Thin necks are there in the frames in which they hold on to something, and in no others."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh

from lipmlp_engine.guide import Blend, ExactMorph, Motion, Pose, VelocityLattice
from lipmlp_engine.guide.blend import Neck
from lipmlp_engine.guide.exact_morph import ExactBlend
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.metrics.frame_topology import topology_of
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.detail import DetailedField
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.holding_necks import holding_necks

from ..still_morphs import morphing

CELLS = 64
POSE = Pose(1.0, np.eye(3), np.zeros(3))


def box(size: tuple[float, float, float], at: tuple[float, float, float]) -> trimesh.Trimesh:
    found = trimesh.creation.box(size)
    found.apply_translation(at)
    return found


LEGS = [box((0.2, 0.2, 0.8), (x, 0.0, 0.0)) for x in (-0.3, 0.3)]
YOKE = box((0.8, 0.2, 0.2), (0.0, 0.0, 0.45))


def held(*parts: trimesh.Trimesh, radius: float = 0.015, **ways: float) -> ExactMorph:
    """What stays as it is, with necks from one leg to the other at some heights, from .3 to .7 of the way."""
    whole = trimesh.boolean.union(list(parts), engine="manifold")
    shape = Shape("shape", np.asarray(whole.vertices), np.asarray(whole.faces, np.int32))
    lines = [np.linspace([-0.3, 0.0, height], [0.3, 0.0, height], 6) for height in ways.values()]
    necks = [Neck(torch.from_numpy(np.tile(line, (9, 1, 1)).astype(np.float32)), 0.3, 0.7, radius) for line in lines]
    motion = Motion(PosePath([POSE, POSE]), [VelocityLattice(torch.zeros(2, 2, 2, 3))])
    return ExactMorph([shape, shape], motion, [Blend(necks=necks)], threads=1)


def field_of(exact: ExactMorph, time: float) -> DetailedField:
    return DetailedField(LipschitzField(lambda points: torch.zeros(len(points)), 0.0), exact.at(time), 0.3)


def test_a_thin_neck_that_is_left_out_changes_nothing_but_where_it_is() -> None:
    exact = held(*LEGS, low=-0.2, high=0.2)
    there = [field_of(exact, time).thin_necks for time in (0.0, 0.1, 0.5)]
    assert there[:2] == [{}, {}] and list(there[2]) == [0, 1]
    places = np.array([[0, 0, -0.2], [0, 0, 0.2], [-0.3, 0, 0.1], [0.5, 0.3, 0]], np.float32)
    now = exact.at(0.5)
    assert isinstance(now, ExactBlend)
    whole, one, none = (part.values(places)[0] for part in (now, now.held_by([1]), now.held_by(())))
    assert (whole[:2] < 0).all() and one[0] > 0 > one[1] and (none[:2] > 0.1).all()
    assert whole[2:] == pytest.approx(none[2:], abs=1e-6)
    assert field_of(held(*LEGS, radius=0.03, thick=0.0), 0.5).thin_necks == {}


def test_those_that_join_pieces_hold_each_once() -> None:
    whole = trimesh.util.concatenate([*LEGS, box((0.2, 0.2, 0.2), (0.0, 0.0, 0.8))])
    necks = {
        3: np.float32([[-0.3, 0, 0.3], [0.0, 0, 0.5], [0.3, 0, 0.3]]),
        4: np.float32([[-0.3, 0, 0], [0.3, 0, 0]]),
        6: np.float32([[0.3, 0, 0.4], [0.0, 0, 0.7]]),
        7: np.float32([[-0.3, 0, -0.4], [-0.3, 0, 0.4]]),
    }
    found = holding_necks(np.asarray(whole.vertices, np.float32), np.asarray(whole.faces, np.int32), necks)
    assert sorted(found) == [4, 6]


@pytest.mark.parametrize("apart", [False, True], ids=["one piece", "two pieces"])
def test_a_frame_has_the_thin_necks_that_it_needs(apart: bool) -> None:
    """A rod beside an arm that had not come off stood out in two stumps."""
    exact = held(*LEGS, *([] if apart else [YOKE]), low=-0.2, high=0.1)
    morph = morphing(lambda time: field_of(exact, time), 1, CELLS)
    frame = frame_at(morph, 0.5, Extraction(velocity=False, attributes=False))
    found = topology_of(Solid.of_frame(frame))
    assert (found.components, found.genus) == (1, 0)
    between = frame.vertices[(np.abs(frame.vertices[:, 0]) < 0.05) & (frame.vertices[:, 2] < 0.3)]
    if apart:
        assert len(between) and np.abs(between[:, 2] + 0.2).max() < 0.1
    else:
        assert not len(between)
