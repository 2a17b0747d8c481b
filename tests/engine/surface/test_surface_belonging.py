"""Pieces whose matter is of one piece in both shapes are one in every frame, however many pieces the shapes have."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from manifold3d import Manifold

from lipmlp_engine.guide import Blend, Motion, VelocityLattice, common_pose
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Extraction, ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.belonging import groups_of_pieces
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.parts import volumes_of_parts


@pytest.mark.parametrize(
    ("of_pieces", "groups"),
    [
        ([[(0, 0)] * 9, [(0, 0)] * 4], 1),
        ([[(0, 0)] * 9, [(1, 0)] * 4], 2),
        ([[(0, 0)] * 9, [(0, 1)] * 4], 2),
        ([[(0, 0)] * 6 + [(1, 0)] * 3, [(1, 0)] * 4 + [(2, 0)]], 1),
        ([[(0, 0)] * 8 + [(1, 0)], [(1, 0)] * 4], 2),
        ([[(0, 0)] * 5 + [(1, 1)] * 4, [(0, 0)] * 3, [(1, 1)] * 4, [(2, 1)] * 3], 2),
    ],
    ids=["torn off", "comes alone", "goes alone", "joined by a third", "a mere touch", "two of one, and one alone"],
)
def test_pieces_with_one_past_and_one_future_belong_together(
    of_pieces: list[list[tuple[int, int]]], groups: int
) -> None:
    piece = np.repeat(np.arange(len(of_pieces)), [len(rows) for rows in of_pieces])
    found = groups_of_pieces(piece, np.array([row for rows in of_pieces for row in rows]))
    assert len(found) == len(of_pieces) and len(set(found.tolist())) == groups


def _dumbbell_and_ball(side: float) -> Shape:
    """Two balls joined by a rod to one side, and a third by itself."""
    balls = [(-0.5, 0, 0.25), (0.5, 0, 0.25), (0.0, 0.9, 0.15)]
    solids = [Manifold.sphere(radius, 64).translate((x, y, 0)) for x, y, radius in balls]
    rod = Manifold.cylinder(1.0, 0.05, 0.05, 24, True).rotate((0, 90, 0)).translate((0, 0.12 * side, 0.12 * side))
    mesh = (solids[0] + rod + solids[1] + solids[2]).to_mesh()
    return Shape("two pieces", mesh.vert_properties[:, :3].astype(np.float64), mesh.tri_verts.astype(np.int32))


def test_what_comes_off_is_held_by_its_own_and_not_what_is_smallest() -> None:
    """The rods vanish half-way, one growing here while the other goes there: the dumbbell is held, the ball let be."""
    shapes = [_dumbbell_and_ball(side) for side in (-1.0, 1.0)]
    pose = common_pose(shapes)
    motion = Motion(PosePath([pose] * 2), [VelocityLattice(torch.zeros(20, 20, 20, 3))])
    job = Job(shapes=[ShapeInput("first.obj"), ShapeInput("second.obj")])
    layers = [(torch.zeros(8, 4), torch.zeros(8)), (torch.zeros(1, 8), torch.zeros(1))]
    morph = Morph(job, layers, motion, {}, [], shapes, [Blend()], 2.0)
    frame = frame_at(morph, 0.5, Extraction(resolution=64, velocity=False, attributes=False))
    part, volumes = volumes_of_parts(frame.vertices, frame.faces)
    assert (volumes > 0).sum() == 2
    sides = [set(part[chosen].tolist()) for chosen in (frame.vertices[:, 0] < -0.4, frame.vertices[:, 0] > 0.4)]
    assert sides[0] == sides[1] and part[frame.vertices[:, 1].argmax()] not in sides[0]
