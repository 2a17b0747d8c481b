"""How a surface is said to move: the flow, and what the function adds to it where it has something to say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.guide import Blend, ExactMorph, Motion
from lipmlp_engine.guide.exact_morph import TIME_STEP
from lipmlp_engine.guide.frame_pose import Pose, PosePath
from lipmlp_engine.guide.velocity_lattice import VelocityLattice
from lipmlp_engine.shapes.shape import Shape, vertex_normals
from lipmlp_engine.surface.steady_motion import SurfaceMotion

Floats = NDArray[np.float32]
HALF_FRAME = 0.5 / 23
"""Of 24 frames."""
SPEED = 0.4


class Surface:
    """A mesh with its normals."""

    def __init__(self, mesh: trimesh.Trimesh) -> None:
        self.vertices = np.asarray(mesh.vertices, np.float32)
        self.faces = np.asarray(mesh.faces, np.int32)
        self.normals = vertex_normals(self.vertices, self.faces).astype(np.float32)

    def moving(self, speed: Floats | float, steepness: Floats | float = 1.0) -> SurfaceMotion:
        """What a function says that moves along its normals at a speed, in a flow that goes along x."""
        count = len(self.vertices)
        flow = np.zeros((count, 3), np.float32)
        flow[:, 0] = SPEED
        steep = np.broadcast_to(np.float32(steepness), count)
        return SurfaceMotion(flow, steep[:, None] * self.normals, -speed * steep, np.ones(count, np.float32))

    def found(self, motion: SurfaceMotion) -> Floats:
        return motion.on_surface(self.vertices, self.faces, self.normals, HALF_FRAME)

    def turned(self, velocity: Floats) -> int:
        """Faces that turn over within half a frame, ahead or back."""
        facing = [self._facing(self.vertices + step * velocity) for step in (0, HALF_FRAME, -HALF_FRAME)]
        return sum(int((np.einsum("ij,ij->i", facing[0], other) < 0).sum()) for other in facing[1:])

    def _facing(self, vertices: Floats) -> Floats:
        a, b, c = (vertices[self.faces[:, corner]] for corner in range(3))
        return np.cross(b - a, c - a)


@pytest.fixture(scope="module")
def ball() -> Surface:
    return Surface(trimesh.creation.icosphere(4, 0.6))


def test_a_function_that_is_clear_is_believed(ball: Surface) -> None:
    motion = ball.moving(0.3)
    expected = motion.flow + 0.3 * ball.normals
    assert np.allclose(ball.found(motion), expected, atol=2e-3)
    assert np.allclose(motion.at_points(), expected, atol=1e-5)


def test_what_differs_from_place_to_place_is_kept(ball: Surface) -> None:
    """A surface that travels along z in a flow along x moves by it along its normals, and not at its equator."""
    speed = 0.5 * ball.normals[:, 2]
    departure = ball.found(ball.moving(speed)) - ball.moving(speed).flow
    assert np.allclose(departure, speed[:, None] * ball.normals, atol=5e-3)


def test_wild_words_of_a_few_are_not_believed(ball: Surface) -> None:
    """As where a gap shuts within the time that the function is looked at: vertices went by 141 % of the diagonal."""
    speed = np.full(len(ball.vertices), 0.3, np.float32)
    speed[::97] = -60
    motion = ball.moving(speed)
    wild, found = motion.at_points() - motion.flow, ball.found(motion) - motion.flow
    assert np.linalg.norm(wild, axis=1).max() > 50
    assert np.allclose(found, 0.3 * ball.normals, atol=0.1)
    assert ball.turned(motion.at_points()) > 100 and ball.turned(ball.found(motion)) == 0


def test_where_the_function_is_flat_or_not_trusted_neighbours_tell(ball: Surface) -> None:
    patch = ball.vertices[:, 2] > 0.57
    assert 20 < patch.sum() < 200
    flat = ball.moving(np.where(patch, 9.0, 0.3).astype(np.float32), np.where(patch, 0.03, 1.0).astype(np.float32))
    clear = ball.moving(np.where(patch, 9.0, 0.3).astype(np.float32))
    doubtful = SurfaceMotion(clear.flow, clear.gradient, clear.missing, np.where(patch, 0, 1).astype(np.float32))
    for motion in (flat, doubtful):
        speed = np.einsum("ij,ij->i", ball.found(motion) - motion.flow, ball.normals)
        assert speed[patch].max() < 0.9, "no more than thrice what is said around"
        assert speed[patch].min() > 0, "and not at rest"


def test_what_a_mend_puts_in_goes_with_the_flow(ball: Surface) -> None:
    motion = ball.moving(5.0, 0.0)
    assert np.array_equal(ball.found(motion), motion.flow)


def test_a_bar_that_vanishes_within_half_a_frame_is_not_turned_inside_out() -> None:
    bar = Surface(trimesh.creation.cylinder(0.01, 0.8, sections=6).subdivide_to_size(0.05))
    motion = bar.moving(-2.0)
    assert bar.turned(motion.at_points()) > 100
    found = bar.found(motion)
    assert bar.turned(found) == 0
    across = found - motion.flow
    along = np.einsum("ij,ij->i", across, bar.normals)
    assert np.allclose(across, along[:, None] * bar.normals, atol=1e-5), "the flow's part is kept"


def test_a_surface_without_faces_goes_with_the_flow() -> None:
    none = np.zeros((0, 3), np.float32)
    motion = SurfaceMotion(none, none, np.zeros(0, np.float32), np.zeros(0, np.float32))
    assert motion.on_surface(none, np.zeros((0, 4), np.int32), none, HALF_FRAME).shape == (0, 3)


def test_edges_that_go_with_the_flow_are_no_change_of_the_function() -> None:
    """Looked at from where they pass by, they were: within no time the value turned there."""
    drift = torch.tensor([0.5, 0.3, 0.0])
    shapes = []
    for side in (-0.5, 0.5):
        mesh = trimesh.creation.box((0.5, 0.5, 0.5)).apply_translation(side * drift.numpy())
        shapes.append(Shape("box", np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32)))
    rest = Pose(1.0, np.eye(3), np.zeros(3))
    motion = Motion(PosePath([rest, rest]), [VelocityLattice(drift.expand(4, 4, 4, 3).contiguous())])
    exact = ExactMorph(shapes, motion, [Blend()], threads=1)
    corners = trimesh.creation.box((0.5, 0.5, 0.5)).vertices.astype(np.float32)
    edges = np.concatenate([np.linspace(corners[a], corners[b], 20) for a, b in ((0, 1), (1, 3), (0, 4))])
    going, _ = exact.change(edges, drift.numpy()[None], 0.5)
    standing, trust = exact.change(edges, np.zeros((1, 3), np.float32), 0.5)
    assert np.abs(going).max() < 1e-5 / TIME_STEP
    assert np.abs(standing).max() > 0.1
    assert (trust == 1).all()
