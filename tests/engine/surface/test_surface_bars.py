"""What would float is held by a bar, and no frame is in more pieces than the shapes about it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
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
    bars = bars_between(mesh.vertices, mesh.faces, mesh.normals, 1, 2 / CELLS)
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
