"""Handles of a few cells that neither shape has are closed; what a shape has, and what is large, stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.guide.rounded_union import part_of_second, rounded_least
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.metrics.frame_topology import topology_of
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.surface.field import Field, LipschitzField
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.mended_field import mended
from lipmlp_engine.surface.own_handles import Outside, Own
from lipmlp_engine.surface.small_handles import Plugs, handles, plugs_for, short_loops
from lipmlp_engine.surface.smooth_normals import face_normals_at
from lipmlp_engine.surface.zero_set import extract_surface

from ..still_morphs import detailed, morphing

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


def half_way(kind: str, ends: Field, between: Field) -> Morph:
    """From one field to itself, with another half-way."""
    fields = [detailed(field) if kind == "detailed" else field for field in (ends, between)]
    return morphing(lambda time: fields[time == 0.5], 1, CELLS)


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
    morph = half_way(kind, ends, between)
    frame = frame_at(morph, 0.5, Extraction(velocity=False, attributes=False))
    found = topology_of(Solid.of_frame(frame))
    assert (found.genus, found.components, found.closed) == (left, 1, True)
    # Nothing else is touched: where all are closed it is the shapes' own volume, else what it was.
    wanted = ends if left == 0 else between
    true = frame_at(half_way(kind, wanted, wanted), 0.5, Extraction(velocity=False, attributes=False))
    volume, expected = (np.sum(Solid.of_frame(one).face_volumes) for one in (frame, true))
    assert volume == pytest.approx(expected, rel=0.02)


def test_frames_without_a_limit_for_specks_are_left_as_they_are() -> None:
    morph = half_way("trained", plate(), plate(0.05))
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


def test_a_hole_beside_a_rim_is_filled_and_the_rim_not_cut() -> None:
    def function(points: Tensor) -> Tensor:
        points = points @ TILTED
        hole = (points[:, :2] - torch.tensor([0.0, 0.18])).norm(dim=1) - 0.075
        return torch.maximum(box(points, (0.7, 0.3, 0.05)), -hole)

    vertices, quads = extract_surface(LipschitzField(function, 1.0), CELLS)
    plugs = plugs_for(vertices, quads, face_normals_at(vertices, quads), 1, 2 / CELLS)
    # The loop about the strip of wall between the hole and the rim is the shorter one.
    assert plugs is not None and plugs.filled.tolist() == [True]


def test_plugs_say_near_and_far_what_each_would_say_everywhere() -> None:
    generator = torch.Generator().manual_seed(0)
    axes = torch.nn.functional.normalize(torch.randn(9, 3, generator=generator), dim=1)
    centres = torch.rand(9, 3, generator=generator) - 0.5
    filled = torch.arange(9) % 2 == 0
    plugs = Plugs(centres, axes, torch.full((9,), 0.08), filled, thickness=0.02, rounding=0.02)
    points = 2 * torch.rand(5000, 3, generator=generator) - 1
    values, gradient = points.norm(dim=1) - 0.5, torch.nn.functional.normalize(points, dim=1)
    wanted, slope, touched = values, gradient, torch.zeros(len(points), dtype=torch.bool)
    for plug, sign in enumerate((2.0 * filled - 1).tolist()):
        distance, away = plugs.distance(points, plug)
        part = part_of_second(sign * wanted, distance, plugs.rounding)
        wanted = sign * rounded_least(sign * wanted, distance, plugs.rounding)
        slope = torch.lerp(slope, sign * away, part[:, None])
        touched |= part > 0
    assert 50 < touched.sum() < len(points)
    before = values.clone()
    joined, leaning = plugs.joined_with_gradient(values, gradient, points)
    assert torch.allclose(joined, wanted, atol=1e-6) and torch.allclose(leaning, slope, atol=1e-5)
    assert torch.equal(plugs.joined(values, points), joined)
    assert torch.equal(values, before)


def outside_of(*fields: Field) -> Outside:
    return lambda places: np.stack(
        [field.values(torch.from_numpy(places.astype(np.float32))).numpy().astype(np.float64) for field in fields], 1
    )


@pytest.mark.parametrize(("field", "without"), [(plate(0.05), plate()), (prongs(0.035), prongs(0.0))])
def test_what_a_shape_has_itself_is_neither_filled_nor_cut(field: Field, without: Field) -> None:
    """Letters that grew together lost a stroke to be rid of the hole between them."""
    vertices, faces = extract_surface(field, CELLS)
    given = vertices, faces, face_normals_at(vertices, faces), 1, 2 / CELLS

    def closed(outside: Outside) -> int:
        return len(plugs_for(*given, own=Own(outside, outside)) or ())

    assert closed(outside_of(field)) == closed(outside_of(without, field)) == 0
    assert closed(outside_of(without)) == closed(lambda places: np.zeros((len(places), 0))) == 1
