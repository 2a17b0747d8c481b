"""Handles of a few cells that neither shape has are closed; what a shape has, and what is large, stays."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.guide.exact_morph import ExactBlend
from lipmlp_engine.guide.frame_pose import Pose
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.metrics.frame_topology import topology_of
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.surface.detail import DetailedField
from lipmlp_engine.surface.field import Field, LipschitzField
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.mended_field import mended
from lipmlp_engine.surface.small_handles import handles, plugs_for, short_loops
from lipmlp_engine.surface.zero_set import extract_surface

CELLS = 64
Floats = NDArray[np.float32]


def box(points: Tensor, half: tuple[float, float, float]) -> Tensor:
    beyond = points.abs() - torch.tensor(half)
    return beyond.clamp(min=0).norm(dim=1) + beyond.amax(1).clamp(max=0)


def plate(*holes: float) -> LipschitzField:
    """A plate with round holes of these radii in a row, a little askew to the cells."""

    def function(points: Tensor) -> Tensor:
        points = points @ TILTED
        solid = box(points, (0.7, 0.3, 0.08))
        for index, radius in enumerate(holes):
            hole = (points[:, :2] - torch.tensor([-0.4 + 0.4 * index, 0.0])).norm(dim=1) - radius
            solid = torch.maximum(solid, -hole)
        return solid

    return LipschitzField(function, 1.0)


def prongs(bridge: float) -> LipschitzField:
    """A fork of two prongs, and a thin bridge of this radius between them."""

    def function(points: Tensor) -> Tensor:
        points = points @ TILTED
        left = box(points - torch.tensor([-0.2, 0.0, 0.0]), (0.08, 0.6, 0.08))
        right = box(points - torch.tensor([0.2, 0.0, 0.0]), (0.08, 0.6, 0.08))
        foot = box(points - torch.tensor([0.0, -0.6, 0.0]), (0.28, 0.1, 0.08))
        across = torch.maximum(
            (points[:, 1:] - torch.tensor([0.3, 0.0])).norm(dim=1) - bridge, points[:, 0].abs() - 0.2
        )
        return torch.stack([left, right, foot, across]).amin(0)

    return LipschitzField(function, 1.0)


TILTED = torch.linalg.matrix_exp(torch.tensor([[0.0, 0.2, -0.1], [-0.2, 0.0, 0.3], [0.1, -0.3, 0.0]]))


class Exact:
    """A field in the place of the exact blend."""

    share = 0.5

    def __init__(self, field: Field) -> None:
        self._field = field

    def too_thin_for(self, cell: float) -> bool:
        return False

    def freedom(self, points: Floats) -> Floats:
        return np.zeros(len(points), np.float32)

    def values(self, points: Floats, cell: float = 0.0, scattered: bool = False) -> tuple[Floats, Floats]:
        values = self._field.values(torch.from_numpy(points)).numpy()
        return values, np.ones_like(values)

    def values_and_gradient(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        values, gradient = (part.numpy() for part in self._field.values_and_gradient(torch.from_numpy(points)))
        return values, gradient, np.ones_like(values)


class Morphing:
    """From one field to another, with a third half-way."""

    pose = staticmethod(lambda time: Pose(1.0, np.eye(3), np.zeros(3)))
    segment = staticmethod(lambda time: 0)
    parts_about = staticmethod(lambda time: [1.0, 1.0])
    pieces_about = staticmethod(lambda time: 1)
    cells = staticmethod(lambda extraction: CELLS)

    def __init__(self, kind: str, ends: Field, between: Field) -> None:
        def shown(time: float) -> Field:
            field = between if time == 0.5 else ends
            return DetailedField(field, cast(ExactBlend, Exact(field)), 0.02) if kind == "detailed" else field

        self.shown_field = shown
        self.handles_of_shapes: dict[tuple[int, int, str], int] = {}


@pytest.mark.parametrize("kind", ["trained", "detailed"])
@pytest.mark.parametrize(
    ("ends", "between", "left"),
    [
        (plate(), plate(0.05), 0),
        (plate(), plate(0.05, 0.04, 0.06), 0),
        (plate(0.05), plate(0.05), 1),
        (plate(), plate(0.2), 1),
        (plate(), plate(0.05, 0.2), 1),
        (prongs(0.0), prongs(0.035), 0),
    ],
    ids=["a hole", "three holes", "the shapes have it", "too large", "one of two", "a bridge"],
)
def test_small_handles_that_no_shape_has_are_closed(kind: str, ends: Field, between: Field, left: int) -> None:
    morph = cast(Morph, Morphing(kind, ends, between))
    frame = frame_at(morph, 0.5, Extraction(velocity=False, attributes=False))
    found = topology_of(Solid.of_frame(frame))
    assert (found.genus, found.components, found.closed) == (left, 1, True)
    # Nothing else is touched: where all are closed it is the shapes' own volume, else what it was.
    wanted = ends if left == 0 else between
    true = frame_at(cast(Morph, Morphing(kind, wanted, wanted)), 0.5, Extraction(velocity=False, attributes=False))
    volume, expected = (np.sum(Solid.of_frame(one).face_volumes) for one in (frame, true))
    assert volume == pytest.approx(expected, rel=0.02)


def test_frames_without_a_limit_for_specks_are_left_as_they_are() -> None:
    morph = cast(Morph, Morphing("trained", plate(), plate(0.05)))
    frame = frame_at(morph, 0.5, Extraction(velocity=False, attributes=False, least_part=0.0))
    assert topology_of(Solid.of_frame(frame)).genus == 1


@pytest.mark.parametrize("faces", ["quads", "triangles"])
def test_the_shortest_loops_are_about_the_handles(faces: str) -> None:
    vertices, polygons = extract_surface(plate(0.1, 0.05), CELLS, faces)  # type: ignore[arg-type]
    assert handles(vertices, polygons) == 2
    about = [(vertices[loop] @ TILTED.numpy())[:, :2] for loop in short_loops(vertices, polygons)]
    for middle, radius in (([-0.4, 0.0], 0.1), ([0.0, 0.0], 0.05)):
        away = [np.linalg.norm(loop - middle, axis=1) for loop in about]
        assert any(np.allclose(reach, radius, atol=0.03) and len(reach) > 6 for reach in away)


@pytest.mark.parametrize("field", [plate(0.05), prongs(0.035)], ids=["filled", "cut"])
def test_values_with_plugs_are_within_their_bounds_and_their_gradient_is_their_slope(field: Field) -> None:
    vertices, faces = extract_surface(field, CELLS)
    normals = field.gradient(torch.from_numpy(vertices)).numpy()
    plugs = plugs_for(vertices, faces, normals, 1, 2 / CELLS)
    assert plugs is not None and len(plugs) == 1
    joined = mended(field, plugs)
    rng = np.random.default_rng(0)
    points = plugs.centres + torch.from_numpy(rng.uniform(-0.3, 0.3, (400, 3)).astype(np.float32))
    half = torch.full_like(points, 0.05)
    low, high = joined.bounds(points - half, points + half)
    for _ in range(20):
        values = joined.values(points + half * torch.from_numpy(rng.uniform(-1, 1, (400, 3)).astype(np.float32)))
        assert (values >= low - 1e-5).all() and (values <= high + 1e-5).all()
    values, gradient = joined.values_and_gradient(points)
    assert torch.equal(values, joined.values(points))
    step = 1e-3 * gradient / gradient.norm(dim=1, keepdim=True).clamp(min=1e-6)
    slope = (joined.values(points + step) - values) / 1e-3
    assert np.quantile((slope - gradient.norm(dim=1)).abs().numpy(), 0.95) < 0.05
