"""Parts too small to be meant are left out of a frame; what a shape has itself is not."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.guide.frame_pose import Pose
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.metrics.frame_topology import topology_of
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.parts import meant_pieces, pieces, smallest_part, within_pieces, without_specks
from lipmlp_engine.surface.zero_set import extract_surface

SPECK = 0.04
SHARE = (SPECK / 0.5) ** 3
"""Of the volume, a ball with the radius of the speck beside one with half a unit."""


def ball_and_speck(hollow: bool = False) -> LipschitzField:
    """A ball, and beside it a small one or within it a small bubble."""

    def function(points: Tensor) -> Tensor:
        ball = points.norm(dim=1) - 0.5
        if hollow:
            return torch.maximum(ball, SPECK - points.norm(dim=1))
        speck = (points - torch.tensor([0.8, 0.0, 0.0])).norm(dim=1) - SPECK
        return torch.minimum(ball, speck)

    return LipschitzField(function, 1.0)


class Morphing:
    """Of a field that does not change, with a training frame that is the world."""

    pose = staticmethod(lambda time: Pose(1.0, np.eye(3), np.zeros(3)))
    shown_field = staticmethod(lambda time: ball_and_speck())
    last_time = 2.0
    segment = Morph.segment
    parts_about = Morph.parts_about
    cells = staticmethod(lambda extraction: extraction.resolution)
    pieces_about = staticmethod(lambda time: 0)

    def __init__(self, smallest_parts: list[float]) -> None:
        self.smallest_parts = smallest_parts


def shells(vertices: np.ndarray, faces: np.ndarray) -> int:
    found = topology_of(Solid.of_frame(MeshFrame(0.0, vertices, faces)))
    assert found.closed
    return found.components + found.cavities + found.specks


@pytest.mark.parametrize("faces", ["quads", "triangles"])
@pytest.mark.parametrize("hollow", [False, True])
def test_specks_and_bubbles_below_a_share_are_left_out(faces: str, hollow: bool) -> None:
    mesh = extract_surface(ball_and_speck(hollow), 64, faces)  # type: ignore[arg-type]
    assert shells(*mesh) == 2
    assert shells(*without_specks(*mesh, 0.5 * SHARE)) == 2
    vertices, kept = without_specks(*mesh, 2 * SHARE)
    assert shells(vertices, kept) == 1
    assert vertices.dtype == np.float32 and kept.dtype == np.int32 and kept.max() == len(vertices) - 1
    radius = np.linalg.norm(vertices, axis=1)
    assert np.allclose(radius, 0.5, atol=2e-3)


def test_a_mesh_without_specks_stays_as_it_is() -> None:
    vertices, faces = extract_surface(LipschitzField(lambda points: points.norm(dim=1) - 0.5, 1.0), 32)
    same = without_specks(vertices, faces, 0.1)
    assert same[0] is vertices and same[1] is faces
    nothing = np.zeros((0, 3), np.float32), np.zeros((0, 4), np.int32)
    assert len(without_specks(*nothing, 0.1)[1]) == 0


def test_the_smallest_part_of_a_shape_is_a_share_of_its_volume(ball: Shape) -> None:
    assert smallest_part(ball) == pytest.approx(1)
    vertices = np.concatenate([ball.vertices, ball.vertices * 0.1 + [5, 0, 0]])
    triangles = np.concatenate([ball.triangles, ball.triangles + len(ball.vertices)])
    assert smallest_part(Shape("two", vertices, triangles)) == pytest.approx(1e-3 / 1.001)
    assert smallest_part(Shape("open", vertices, triangles, closed=False)) == 0


@pytest.mark.parametrize(
    ("smallest", "percent", "time", "parts"),
    [
        ([1.0, 1.0, 1.0], 1.0, 0.5, 1),
        ([1.0, 1.0, 1.0], 0.01, 0.5, 2),
        ([1.0, 1.0, 1.0], 0.0, 0.5, 2),
        ([SHARE, 1.0, 1.0], 1.0, 0.5, 2),
        ([1.0, SHARE, 1.0], 1.0, 0.5, 2),
        ([SHARE, 1.0, 1.0], 1.0, 1.5, 1),
        ([1.0, 1.0, SHARE], 1.0, 2.0, 2),
        ([], 1.0, 0.5, 2),
    ],
    ids=[
        "dropped",
        "large enough",
        "none wanted",
        "the first shape has one",
        "the second has one",
        "a shape of another segment has one",
        "the last shape has one",
        "a model of an earlier version",
    ],
)
def test_a_frame_lacks_specks_that_no_shape_about_its_time_has(
    smallest: list[float], percent: float, time: float, parts: int
) -> None:
    morph = cast(Morph, Morphing(smallest))
    wanted = Extraction(resolution=64, least_part=percent, velocity=False, attributes=False)
    frame = frame_at(morph, time, wanted)
    assert shells(frame.vertices, frame.faces) == parts
    assert frame.normals is not None and len(frame.normals) == len(frame.vertices)


def mesh_of(*balls: tuple[float, float, int]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Balls beside each other on x: place, radius and which way they face."""
    meshes = []
    for place, radius, ways in balls:
        ball = trimesh.creation.icosphere(2, radius=radius)
        ball.apply_translation([place, 0, 0])
        if ways < 0:
            ball.invert()
        meshes.append(ball)
    whole = trimesh.util.concatenate(meshes)
    return np.asarray(whole.vertices), np.asarray(whole.faces, np.int32)


def test_an_island_that_no_end_has_is_taken_away_and_hollows_stay() -> None:
    vertices, faces = mesh_of((0.0, 1.0, 1), (0.2, 0.3, -1), (2.0, 0.4, 1))
    kept = within_pieces(vertices, faces, 1)
    assert vertices[kept][:, 0].max() < 1.01 and (~kept).sum() == len(vertices) // 3
    assert within_pieces(vertices, faces, 2).all() and within_pieces(vertices, faces, 0).all()


def test_a_hollow_goes_with_the_island_around_it() -> None:
    vertices, faces = mesh_of((0.0, 1.0, 1), (2.0, 0.4, 1), (2.0, 0.2, -1))
    assert vertices[within_pieces(vertices, faces, 1)][:, 0].max() < 1.01


def test_no_island_is_too_large_to_be_taken_away() -> None:
    vertices, faces = mesh_of((0.0, 1.0, 1), (3.0, 0.8, 1), (5.0, 0.2, 1))
    kept = within_pieces(vertices, faces, 1)
    assert vertices[kept][:, 0].max() < 1.01


def test_pieces_are_counted_without_hollows_and_not_where_there_are_holes() -> None:
    vertices, faces = mesh_of((0.0, 1.0, 1), (0.2, 0.3, -1), (2.0, 0.4, 1))
    assert pieces(Shape("balls", vertices, faces)) == 2
    assert pieces(Shape("open", vertices, faces, closed=False)) == 0


def test_crumbs_beside_the_shapes_own_parts_are_no_pieces_that_are_meant() -> None:
    parts = []
    for index, radius in enumerate((0.5, 0.3, 0.05)):
        part = trimesh.creation.icosphere(2, radius)
        part.apply_translation((1.5 * index, 0, 0))
        parts.append(part)
    both = trimesh.util.concatenate(parts)
    vertices, faces = both.vertices.astype(np.float32), both.faces.astype(np.int32)
    assert meant_pieces(vertices, faces, [1.0, 0.2]) == 2
    assert meant_pieces(vertices, faces, [1.0, 0.01]) == 3
    assert meant_pieces(vertices, faces, []) == 3
