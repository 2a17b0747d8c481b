"""The blend of two carried shapes: exact at the ends, its volume on the path, and no part cut off on the way."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import label
from torch import Tensor

from lipmlp_engine.guide import Blend, settle_blend
from lipmlp_engine.guide.blend import Distances
from lipmlp_engine.guide.lattice import VelocityLattice

CELLS = 60
AT_REST = VelocityLattice(torch.zeros(8, 8, 8, 3))


def ball(centre: tuple[float, float, float], radius: float) -> Distances:
    return lambda points: np.linalg.norm(points - centre, axis=1) - radius


def rod(start: tuple[float, float, float], end: tuple[float, float, float], radius: float) -> Distances:
    a, along = np.array(start), np.subtract(end, start)

    def distance(points: np.ndarray) -> np.ndarray:
        part = np.clip((points - a) @ along / (along @ along), 0, 1)
        return np.linalg.norm(points - a - part[:, None] * along, axis=1) - radius

    return distance


def union(*solids: Distances) -> Distances:
    return lambda points: np.min([solid(points) for solid in solids], axis=0)


def nodes() -> Tensor:
    axis = torch.linspace(-1, 1, CELLS + 1)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def blended(blend: Blend, first: Distances, second: Distances, share: float) -> Tensor:
    """Without a flow: the values over the lattice of ``nodes``."""
    points = nodes()
    ends = [torch.from_numpy(solid(points.numpy()).astype(np.float32)) for solid in (first, second)]
    return blend.values(points, torch.full((len(points),), share), *ends)


def volume(values: Tensor) -> float:
    return float((0.5 - values * CELLS / 2).clamp(0, 1).sum())


def parts(values: Tensor) -> int:
    return int(label(values.reshape((CELLS + 1,) * 3).numpy() < 0)[1])


DUMBBELL = union(ball((-0.55, 0, 0), 0.32), ball((0.55, 0, 0), 0.16), rod((-0.5, 0, 0), (0.5, 0, 0), 0.06))
BALL = ball((-0.45, 0, 0), 0.36)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_volume_keeps_to_its_path(share: float) -> None:
    first, second = ball((-0.16, 0, 0), 0.5), ball((0.16, 0, 0), 0.45)
    blend = settle_blend(AT_REST, first, second, 0.5)
    ends = [volume(blended(blend, first, second, end)) for end in (0.0, 1.0)]
    wanted = ends[0] ** (1 - share) * ends[1] ** share
    assert abs(volume(blended(Blend(), first, second, share)) / wanted - 1) > 0.05
    assert volume(blended(blend, first, second, share)) == pytest.approx(wanted, rel=0.02)


def test_volume_that_does_not_count_is_left_alone() -> None:
    assert not settle_blend(AT_REST, ball((-0.16, 0, 0), 0.5), ball((0.16, 0, 0), 0.5), 0.0).offsets.any()


def test_a_limb_that_would_be_cut_off_is_held() -> None:
    shares = np.linspace(0, 1, 9)
    cut = [parts(blended(Blend(), DUMBBELL, BALL, share)) for share in shares]
    blend = settle_blend(AT_REST, DUMBBELL, BALL, 0.0)
    held = [parts(blended(blend, DUMBBELL, BALL, share)) for share in shares]
    assert max(cut) == 2 and blend.necks
    assert held == [1] * len(shares)


def test_parts_that_an_end_has_may_come_apart() -> None:
    pair = union(ball((-0.5, 0, 0), 0.3), ball((0.5, 0, 0), 0.3))
    assert settle_blend(AT_REST, ball((0, 0, 0), 0.5), pair, 0.5).necks == []


def test_the_ends_are_exact() -> None:
    blend = settle_blend(AT_REST, DUMBBELL, BALL, 0.5)
    for share, solid in ((0.0, DUMBBELL), (1.0, BALL)):
        assert torch.allclose(
            blended(blend, DUMBBELL, BALL, share),
            torch.from_numpy(solid(nodes().numpy()).astype(np.float32)),
            atol=1e-6,
        )


def test_a_neck_travels_with_the_flow() -> None:
    """The same limb in a flow that shifts everything is held in the same matter."""
    drift = torch.zeros(8, 8, 8, 3)
    drift[..., 2] = 0.4
    flow = VelocityLattice(drift)
    there = np.array([0, 0, 0.4])
    still = settle_blend(AT_REST, DUMBBELL, BALL, 0.0).necks[0]
    moved = settle_blend(flow, DUMBBELL, lambda points: BALL(points - there), 0.0).necks[0]
    travelled = (moved.ways[-1] - moved.ways[0]).numpy()
    assert np.allclose(travelled, there, atol=1e-5)
    assert np.abs(moved.ways[0, :, 1].numpy() - still.ways[0, :, 1].numpy()).max() < 0.1


def test_samples_lie_about_the_neck_while_it_is_there() -> None:
    neck = settle_blend(AT_REST, DUMBBELL, BALL, 0.0).necks[0]
    points, share = neck.scattered(500, np.random.default_rng(0))
    assert float(neck.distance(points, share).abs().mean()) < 0.05
    assert float(share.min()) > 0 and float(share.max()) < 1


def test_samples_lie_where_a_hole_closes_far_from_both_surfaces() -> None:
    """A wide ring whose hole a ball fills: the film in the hole is near neither surface."""

    def ring(points: np.ndarray) -> np.ndarray:
        return np.hypot(np.hypot(points[:, 0], points[:, 1]) - 0.5, points[:, 2]) - 0.15

    middle = ball((0, 0, 0), 0.45)
    blend = settle_blend(AT_REST, ring, middle, 0.5)
    points, share = blend.scattered(400, np.random.default_rng(0))
    ends = [torch.from_numpy(solid(points.numpy())) for solid in (ring, middle)]
    assert len(points) == 400 and float(share.min()) > 0 and float(share.max()) < 1
    assert min(float(own.abs().median()) for own in ends) > 0.08
    assert float(blend.values(points, share, ends[0].float(), ends[1].float()).abs().median()) < 0.06


def test_nothing_strays_where_the_surfaces_stay_close() -> None:
    blend = settle_blend(AT_REST, ball((0, 0, 0), 0.5), ball((0.05, 0, 0), 0.5), 0.5)
    assert len(blend.scattered(400, np.random.default_rng(0))[0]) == 0
