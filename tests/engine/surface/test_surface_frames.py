"""Frames of a morph whose surface, motion and looks are known: a growing, turning, travelling ball."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.guide.frame_pose import Pose
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.looks.barycentric import barycentric
from lipmlp_engine.looks.frame_attributes import Sources
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.frame_assembly import frame_at, frames
from lipmlp_engine.surface.steady_motion import SurfaceMotion

QUARTER = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


class GrowingBall:
    """Radius 0.3 + 0.1 t in the training frame, which is doubled, turned about z and moved to x = 10 + t."""

    last_time = 2.0

    def shown_field(self, time: float) -> LipschitzField:
        return LipschitzField(lambda points: points.norm(dim=1) - (0.3 + 0.1 * time), 1.0)

    def cells(self, extraction: Extraction) -> int:
        return extraction.resolution

    def pose(self, time: float) -> Pose:
        return Pose(2.0, QUARTER, np.array([10.0 + time, 0.0, 0.0]))

    def segment(self, time: float) -> int:
        return min(int(time), 1)

    def parts_about(self, time: float) -> list[float]:
        return []

    def pieces_about(self, time: float) -> int:
        return 0

    def surface_motion(self, points: Tensor, time: float, gradient: None = None) -> SurfaceMotion:
        outward = torch.nn.functional.normalize(points, dim=1).numpy()
        ones = np.ones(len(points), np.float32)
        return SurfaceMotion(np.zeros_like(outward), outward, -0.1 * ones, ones)

    def velocity_in_world(self, local: NDArray[np.float32], points: Tensor, time: float) -> NDArray[np.float64]:
        return 2.0 * self.pose(time).directions_to_world(local.astype(np.float64)) + np.array([1.0, 0.0, 0.0])

    def to_shape(self, points: Tensor, time: float, index: int) -> NDArray[np.float64]:
        radius = (0.3 + 0.1 * index) / (0.3 + 0.1 * time)
        return self.pose(index).to_world(points.numpy().astype(np.float64) * radius)


@pytest.fixture
def morph() -> Morph:
    return cast(Morph, GrowingBall())


def painted_ball(ball: Shape, index: int, colors: bool = True, materials: bool = True) -> Shape:
    """The end ``index`` in the world: colour is the direction, and the half towards +y has material 3."""
    direction = ball.vertices
    middle = direction[ball.triangles].mean(1)
    return Shape(
        name=f"end {index}",
        vertices=direction * 2 * (0.3 + 0.1 * index) + [10.0 + index, 0, 0],
        triangles=ball.triangles,
        colors=np.c_[direction * 0.5 + 0.5, np.ones(len(direction))].astype(np.float32) if colors else None,
        materials=np.where(middle[:, 1] > 0, 3, 0).astype(np.int32) if materials else None,
    )


def coarse(**values: Any) -> Extraction:
    return Extraction(resolution=32, **values)


@pytest.mark.parametrize("time", [0.0, 0.5, 1.0, 2.0])
def test_frame_lies_in_the_world_with_normals_and_velocity(morph: Morph, time: float) -> None:
    frame = frame_at(morph, time, coarse())
    outward = frame.vertices.astype(np.float64) - [10.0 + time, 0, 0]
    radius = np.linalg.norm(outward, axis=1)
    assert np.allclose(radius, 0.6 + 0.2 * time, atol=1e-4)
    assert frame.normals is not None and frame.velocity is not None
    assert np.allclose(frame.normals, outward / radius[:, None], atol=1e-3)
    assert np.allclose(frame.velocity, 0.2 * outward / radius[:, None] + [1, 0, 0], atol=1e-3)
    assert (frame.time, frame.segment) == (time, min(int(time), 1))
    assert all(array.dtype == np.float32 for array in (frame.vertices, frame.normals, frame.velocity))


def test_faces_of_a_turned_frame_still_face_outwards(morph: Morph) -> None:
    frame = frame_at(morph, 0.3, coarse(faces="triangles"))
    a, b, c = (frame.vertices[frame.faces[:, i]] for i in range(3))
    assert frame.normals is not None
    assert (np.einsum("ij,ij->i", np.cross(b - a, c - a), frame.normals[frame.faces[:, 0]]) > 0).all()


def test_colours_and_materials_come_from_both_shapes_of_the_segment(morph: Morph, ball: Shape) -> None:
    sources = Sources([painted_ball(ball, index) for index in range(3)])
    frame = frame_at(morph, 1.4, coarse(), sources)
    direction = frame.vertices.astype(np.float64) - [11.4, 0, 0]
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    centres = direction[frame.faces].mean(1)
    clear = np.abs(centres[:, 1]) > 0.05
    for end in ("source", "target"):
        assert np.allclose(frame.vertex_attributes[f"{end}_color"][:, :3], direction * 0.5 + 0.5, atol=0.01)
        assert np.allclose(frame.vertex_attributes[f"{end}_color"][:, 3], 1)
        slots = frame.face_attributes[f"{end}_material"]
        assert slots.dtype == np.int32
        assert np.array_equal(slots[clear], np.where(centres[clear, 1] > 0, 3, 0))


def test_only_what_the_shapes_have_is_carried(morph: Morph, ball: Shape) -> None:
    shapes = [painted_ball(ball, 0, materials=False), painted_ball(ball, 1, colors=False), painted_ball(ball, 2)]
    frame = frame_at(morph, 0.5, coarse(velocity=False), Sources(shapes))
    assert frame.velocity is None
    assert set(frame.vertex_attributes) == {"source_color"}
    assert set(frame.face_attributes) == {"target_material"}
    bare = frame_at(morph, 0.5, coarse(attributes=False), Sources(shapes))
    assert not bare.vertex_attributes and not bare.face_attributes


def test_a_time_without_surface_gives_an_empty_frame(morph: Morph, ball: Shape) -> None:
    empty = cast(
        Morph,
        SimpleNamespace(
            **{
                name: getattr(morph, name)
                for name in (
                    *("cells", "pose", "segment", "last_time", "parts_about", "pieces_about"),
                    *("surface_motion", "velocity_in_world"),
                )
            }
        ),
    )
    empty.to_shape = morph.to_shape  # type: ignore[method-assign]
    empty.shown_field = lambda time: LipschitzField(lambda points: points.norm(dim=1) + 1, 1.0)  # type: ignore[method-assign]
    frame = frame_at(empty, 0.5, coarse(), Sources([painted_ball(ball, 0), painted_ball(ball, 1)]))
    assert frame.vertices.shape == (0, 3) and frame.faces.shape == (0, 4)
    assert frame.vertex_attributes["source_color"].shape == (0, 4)
    assert frame.face_attributes["target_material"].shape == (0,)


def test_frames_come_in_the_order_of_their_times(morph: Morph) -> None:
    times = [1.5, 0.0, 0.75, 0.75]
    found = list(frames(morph, times, coarse()))
    assert [frame.time for frame in found] == times
    for frame, time in zip(found, times, strict=True):
        assert_same(frame, frame_at(morph, time, coarse()))


def assert_same(one: MeshFrame, other: MeshFrame) -> None:
    assert np.array_equal(one.vertices, other.vertices)
    assert np.array_equal(one.faces, other.faces)


def test_a_flat_field_still_gives_unit_normals(morph: Morph) -> None:
    """A field that jumps has no gradient to take normals from."""

    def jump(points: Tensor) -> Tensor:
        return torch.where(points.norm(dim=1) < 0.5, -1.0, 1.0) + 0 * points.sum(1)

    class Jumping(GrowingBall):
        def shown_field(self, time: float) -> LipschitzField:
            return LipschitzField(jump, 1e6)

    frame = frame_at(cast(Morph, Jumping()), 0.0, coarse())
    assert frame.normals is not None
    outward = frame.vertices.astype(np.float64) - [10, 0, 0]
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    assert np.allclose(np.linalg.norm(frame.normals, axis=1), 1, atol=1e-5)
    assert np.einsum("ij,ij->i", outward, frame.normals).min() > 0.7


def test_barycentric_weights_give_the_point_back() -> None:
    rng = np.random.default_rng(0)
    corners, weights = rng.normal(size=(200, 3, 3)), rng.dirichlet([1, 1, 1], 200)
    points = np.einsum("nc,ncj->nj", weights, corners)
    assert np.allclose(barycentric(points, corners), weights, atol=1e-8)
    flat = np.repeat(rng.normal(size=(5, 1, 3)), 3, 1)
    assert np.array_equal(barycentric(flat[:, 0], flat), np.tile([1.0, 0, 0], (5, 1)))
