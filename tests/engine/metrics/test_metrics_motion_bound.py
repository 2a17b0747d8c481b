"""Certified motion: never below the true one, and not far above it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import trimesh

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.guide.frame_pose import Pose
from lipmlp_engine.metrics.motion_bound import certified_motion
from lipmlp_engine.surface.field import LipschitzField

RADIUS = 0.3


@dataclass
class MovingBall:
    """A ball's exact distance field, its centre a function of time, seen at some scale and place in the world."""

    shift: float
    growth: float = 0.0
    scale: float = 2.0

    def field(self, time: float) -> LipschitzField:
        centre = torch.tensor([self.shift * time - 0.2, 0.1, 0.0])
        return LipschitzField(lambda points: (points - centre).norm(dim=1) - RADIUS - self.growth * time, 1.0)

    def pose(self, time: float) -> Pose:
        return Pose(self.scale, np.eye(3), np.array([10.0, 0.0, 0.0]))

    def frame(self, time: float) -> MeshFrame:
        ball = trimesh.creation.icosphere(4, RADIUS + self.growth * time)
        vertices = self.pose(time).to_world(ball.vertices + np.array([self.shift * time - 0.2, 0.1, 0.0]))
        return MeshFrame(time, vertices.astype(np.float32), np.asarray(ball.faces, np.int32))


@pytest.mark.parametrize(("shift", "growth"), [(0.4, 0.0), (0.0, 0.2), (0.3, 0.1)])
def test_the_bound_holds_and_is_close(shift: float, growth: float) -> None:
    morph = MovingBall(shift, growth)
    bounds = certified_motion(morph, [morph.frame(t) for t in (0.0, 0.5, 1.0)])  # type: ignore[arg-type]
    true = morph.scale * 0.5 * (shift + growth)
    assert len(bounds) == 2
    for bound in bounds:
        assert true <= bound < 1.25 * true + 0.02 * morph.scale


def test_a_part_that_no_vertex_shows_is_bounded_too() -> None:
    # The second frame leaves out the far half of its ball: the bound must not trust it.
    morph = MovingBall(0.0)
    whole = morph.frame(1.0)
    half = whole.vertices[:, 0] < 10.0 + morph.scale * -0.2
    kept = MeshFrame(1.0, whole.vertices[half], np.zeros((0, 3), np.int32))
    (bound,) = certified_motion(morph, [morph.frame(0.0), kept])  # type: ignore[arg-type]
    # From the pole of the ball to the rim of the half whose vertices are known.
    assert bound >= math.sqrt(2) * RADIUS * morph.scale * 0.97


def test_nothing_is_claimed_without_a_surface() -> None:
    morph = MovingBall(0.1)
    empty = MeshFrame(1.0, np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))
    assert certified_motion(morph, [morph.frame(0.0), empty]) == [math.inf]  # type: ignore[arg-type]
    assert certified_motion(SimpleNamespace(), []) == []  # type: ignore[arg-type]
