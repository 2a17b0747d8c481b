"""What would float is held by a bar, and no frame is in more pieces than the shapes about it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.metrics.frame_topology import topology_of
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.surface.field import Field, LipschitzField
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.surface.holding_bars import bars_between
from lipmlp_engine.surface.mended_field import mended

from ..still_morphs import detailed, morphing

CELLS = 48
Floats = NDArray[np.float32]


def balls(*radii: float) -> LipschitzField:
    """Balls in a row along x, .1 apart."""
    places, along = [], -0.9
    for radius in radii:
        places.append(along + radius)
        along += 2 * radius + 0.1
    centres = torch.tensor([[place, 0.03, 0.0] for place in places])

    def function(points: Tensor) -> Tensor:
        return ((points[:, None] - centres).norm(dim=2) - torch.tensor(radii)).amin(1)

    return LipschitzField(function, 1.0)


@pytest.mark.parametrize("kind", ["trained", "detailed"])
@pytest.mark.parametrize(
    ("radii", "pieces", "left"),
    [
        ((0.4, 0.25), 1, 1),
        ((0.4, 0.15, 0.2), 1, 1),
        ((0.4, 0.15, 0.2), 2, 2),
        ((0.4, 0.15, 0.2), 0, 3),
        ((0.4, 0.045), 1, 1),
    ],
    ids=["two", "three in a row", "two are meant", "not known", "too small for a bar"],
)
def test_frames_are_in_no_more_pieces_than_the_shapes(
    kind: str, radii: tuple[float, ...], pieces: int, left: int
) -> None:
    field: Field = balls(*radii)
    morph = morphing(lambda time: detailed(field) if kind == "detailed" else field, pieces, CELLS)
    frame = frame_at(morph, 0.5, Extraction(velocity=False, attributes=False))
    found = topology_of(Solid.of_frame(frame))
    assert (found.components, found.closed) == (left, True)
    # What was large enough to be held is still there.
    held = [radius for radius in radii if radius > 0.05]
    assert frame.vertices[:, 0].max() == pytest.approx(-0.9 + 2 * sum(held) + 0.1 * (len(held) - 1), abs=0.02)


def test_values_with_bars_are_within_their_bounds_and_their_gradient_is_their_slope() -> None:
    field = balls(0.4, 0.25)
    x = np.array([[-0.1, 0.03, 0.0], [0.0, 0.03, 0.0]], np.float32)
    normals = np.array([[1, 0, 0], [-1, 0, 0]], np.float32)
    rng = np.random.default_rng(0)
    mesh = frame_at(morphing(lambda time: field, 0, CELLS), 0.5, Extraction(velocity=False, attributes=False))
    assert mesh.normals is not None
    bars = bars_between(mesh.vertices, mesh.faces, mesh.normals, 1, 2 / CELLS, np.hstack([mesh.vertices] * 2))
    assert bars is not None and bars.about(x + 0.02 * normals).all()
    joined = mended(field, bars)
    points = torch.from_numpy(rng.uniform(-0.4, 0.4, (400, 3)).astype(np.float32))
    half = torch.full_like(points, 0.05)
    low, high = joined.bounds(points - half, points + half)
    for _ in range(20):
        values = joined.values(points + half * torch.from_numpy(rng.uniform(-1, 1, (400, 3)).astype(np.float32)))
        assert (values >= low - 1e-5).all() and (values <= high + 1e-5).all()
    values, gradient = joined.values_and_gradient(points)
    step = 1e-3 * gradient / gradient.norm(dim=1, keepdim=True).clamp(min=1e-6)
    slope = (joined.values(points + step) - values) / 1e-3
    assert np.quantile((slope - gradient.norm(dim=1)).abs().numpy(), 0.95) < 0.05


def _three_balls(second: float) -> tuple[Floats, NDArray[np.int32], Floats]:
    """Two large balls, and a small one over the gap between these."""
    large = trimesh.creation.icosphere(3, 0.3)
    small = trimesh.creation.icosphere(3, 0.12)
    parts = [large.copy(), large.copy(), small]
    for part, place in zip(parts, ((-0.4, 0, 0), (0.4, 0, 0), (second, 0.6, 0)), strict=True):
        part.apply_translation(place)
    whole = trimesh.util.concatenate(parts)
    return whole.vertices.astype(np.float32), whole.faces.astype(np.int32), whole.vertex_normals.astype(np.float32)


def test_a_bar_leads_to_where_the_piece_is_at_both_ends() -> None:
    ends = _three_balls(-0.3)[0]
    for place in (-0.03, 0.03):
        vertices, faces, normals = _three_balls(place)
        bars = bars_between(vertices, faces, normals, 2, 2 / CELLS, np.hstack([ends, ends]))
        assert bars is not None and len(bars) == 1
        # To the left one, however near the right one is half-way.
        assert bars.ends[0, 0] < 0


def test_what_is_farther_off_hangs_by_a_thicker_bar() -> None:
    radii = []
    for gap in (0.02, 0.2, 0.4):
        one, other = trimesh.creation.icosphere(3, 0.3), trimesh.creation.icosphere(3, 0.15)
        other.apply_translation((0.45 + gap, 0, 0))
        both = trimesh.util.concatenate([one, other])
        vertices = both.vertices.astype(np.float32)
        bars = bars_between(
            vertices,
            both.faces.astype(np.int32),
            both.vertex_normals.astype(np.float32),
            1,
            2 / CELLS,
            np.hstack([vertices] * 2),
        )
        assert bars is not None
        radii.append(float(bars.radii[0]))
    assert 2 / CELLS < radii[0] < radii[1] < radii[2] < 2 / CELLS + 0.15
