"""The blend of two carried shapes: exact at the ends, its volume on the path, no part cut off, no gap half shut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.ndimage import label
from torch import Tensor

from lipmlp_engine.guide import Blend, LatticeView, Motion, Pace, Pose, VelocityLattice, settle_blend, shut_distances
from lipmlp_engine.guide.blend import LEAST_RADIUS, NECK_RADIUS, Neck
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.surface_cores import Cores

CELLS = 60
AT_REST = VelocityLattice(torch.zeros(8, 8, 8, 3))


@dataclass(frozen=True)
class Solid:
    """A shape given by its distance."""

    signed: Callable[[np.ndarray], np.ndarray]

    def nearest(self, points: np.ndarray) -> np.ndarray:
        step = 1e-5 * np.eye(3)
        here = self.signed(points)
        slope = np.stack([(self.signed(points + axis) - here) / 1e-5 for axis in step], axis=1)
        return points - here[:, None] * slope


def ball(centre: tuple[float, float, float], radius: float) -> Solid:
    return Solid(lambda points: np.linalg.norm(points - centre, axis=1) - radius)


def rod(start: tuple[float, float, float], end: tuple[float, float, float], radius: float) -> Solid:
    a, along = np.array(start), np.subtract(end, start)

    def distance(points: np.ndarray) -> np.ndarray:
        part = np.clip((points - a) @ along / (along @ along), 0, 1)
        return np.linalg.norm(points - a - part[:, None] * along, axis=1) - radius

    return Solid(distance)


def box(centre: tuple[float, float, float], half: tuple[float, float, float]) -> Solid:
    def distance(points: np.ndarray) -> np.ndarray:
        beyond = np.abs(points - centre) - half
        return np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0)

    return Solid(distance)


def union(*solids: Solid) -> Solid:
    return Solid(lambda points: np.min([solid.signed(points) for solid in solids], axis=0))


def nodes() -> Tensor:
    axis = torch.linspace(-1, 1, CELLS + 1)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def settled(flow: VelocityLattice, shapes: tuple[Solid, Solid], strictness: float) -> Blend:
    rest = Pose(1.0, np.eye(3), np.zeros(3))
    motion = Motion(PosePath([rest, rest]), [flow])
    return settle_blend(motion, 0, (LatticeView(shapes[0]), LatticeView(shapes[1])), strictness)


def blended(blend: Blend, first: Solid, second: Solid, share: float) -> Tensor:
    """Without a flow: the values over the lattice of ``nodes``."""
    points = nodes()
    shares = torch.full((len(points),), share)
    return blend.values(points, shares, *shut_distances((first, second), points, points, shares), (points, points))


def volume(values: Tensor) -> float:
    return float((0.5 - values * CELLS / 2).clamp(0, 1).sum())


def parts(values: Tensor) -> int:
    return int(label(values.reshape((CELLS + 1,) * 3).numpy() < 0)[1])


DUMBBELL = union(ball((-0.55, 0, 0), 0.32), ball((0.55, 0, 0), 0.16), rod((-0.5, 0, 0), (0.5, 0, 0), 0.06))
BALL = ball((-0.45, 0, 0), 0.36)
PADDLE = union(ball((-0.55, 0, 0), 0.32), box((0.2, 0, 0), (0.052, 0.2, 0.2)), rod((-0.5, 0, 0), (0.2, 0, 0), 0.03))
"""Its blade becomes too thin to be found deep inside before it is gone."""
SLOTTED = union(box((-0.26, 0, 0), (0.25, 0.4, 0.4)), box((0.26, 0, 0), (0.25, 0.4, 0.4)), ball((0, -0.3, 0), 0.2))
"""Two halves with a gap of 0.02 between them, joined on one side."""
GAP = torch.tensor([[0.0, 0.1 + 0.005 * step, 0.0] for step in range(50)])


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_the_volume_keeps_to_its_path(share: float) -> None:
    first, second = ball((-0.16, 0, 0), 0.5), ball((0.16, 0, 0), 0.45)
    blend = settled(AT_REST, (first, second), 0.5)
    ends = [volume(blended(blend, first, second, end)) for end in (0.0, 1.0)]
    wanted = ends[0] ** (1 - share) * ends[1] ** share
    assert abs(volume(blended(Blend(), first, second, share)) / wanted - 1) > 0.05
    assert volume(blended(blend, first, second, share)) == pytest.approx(wanted, rel=0.02)


def test_volume_that_does_not_count_is_left_alone() -> None:
    assert not settled(AT_REST, (ball((-0.16, 0, 0), 0.5), ball((0.16, 0, 0), 0.5)), 0.0).offsets.any()


def test_a_limb_that_would_be_cut_off_is_held() -> None:
    shares = np.linspace(0, 1, 9)
    cut = [parts(blended(Blend(), DUMBBELL, BALL, share)) for share in shares]
    blend = settled(AT_REST, (DUMBBELL, BALL), 0.0)
    held = [parts(blended(blend, DUMBBELL, BALL, share)) for share in shares]
    assert max(cut) == 2 and blend.necks
    assert held == [1] * len(shares)


def test_a_part_that_grows_thin_is_held_too() -> None:
    shares = np.linspace(0, 1, 9)
    cut = [parts(blended(Blend(), PADDLE, BALL, share)) for share in shares]
    blend = settled(AT_REST, (PADDLE, BALL), 0.0)
    held = [parts(blended(blend, PADDLE, BALL, share)) for share in shares]
    assert max(cut) == 2 and held == [1] * len(shares)


def in_the_gap(first: Solid, second: Solid, share: float) -> Tensor:
    """Values along the middle of the gap of SLOTTED, without a flow."""
    shares = torch.full((len(GAP),), share)
    return Blend().values(GAP, shares, *shut_distances((first, second), GAP, GAP, shares), (GAP, GAP))


@pytest.mark.parametrize("share", [0.06, 0.2, 0.5])
def test_a_gap_shuts_wholly_where_the_other_shape_is_solid(share: float) -> None:
    block = box((0, 0, 0), (0.5, 0.5, 0.5))
    assert bool((in_the_gap(SLOTTED, block, share) < 0).all())
    assert bool((in_the_gap(block, SLOTTED, 1 - share) < 0).all())


def test_a_gap_is_open_at_its_own_end_and_where_both_shapes_have_it() -> None:
    block = box((0, 0, 0), (0.5, 0.5, 0.5))
    assert torch.allclose(in_the_gap(SLOTTED, block, 0.0), torch.full((len(GAP),), 0.01), atol=1e-6)
    for share in (0.2, 0.5, 0.8):
        assert bool((in_the_gap(SLOTTED, SLOTTED, share) > 0.009).all())


def test_a_corner_with_room_is_no_gap() -> None:
    """A wide groove, and the outside of the block, stay as they are."""
    wide = union(box((-0.35, 0, 0), (0.25, 0.4, 0.4)), box((0.35, 0, 0), (0.25, 0.4, 0.4)))
    ball_over_all = ball((0, 0, 0), 0.95)
    points = torch.tensor([[0.0, 0.0, 0.0], [0.07, 0.1, 0.0], [-0.64, 0.1, 0.1], [0.35, 0.43, 0.0]])
    shares = torch.full((len(points),), 0.5)
    plain = torch.from_numpy(wide.signed(points.numpy())).float()
    shut_first, _ = shut_distances((wide, ball_over_all), points, points, shares)
    assert torch.allclose(shut_first, plain)


def test_parts_that_an_end_has_may_come_apart() -> None:
    pair = union(ball((-0.5, 0, 0), 0.3), ball((0.5, 0, 0), 0.3))
    assert settled(AT_REST, (ball((0, 0, 0), 0.5), pair), 0.5).necks == []


def test_the_ends_are_exact() -> None:
    blend = settled(AT_REST, (DUMBBELL, BALL), 0.5)
    for share, solid in ((0.0, DUMBBELL), (1.0, BALL)):
        assert torch.allclose(
            blended(blend, DUMBBELL, BALL, share),
            torch.from_numpy(solid.signed(nodes().numpy()).astype(np.float32)),
            atol=1e-6,
        )


def test_a_neck_travels_with_the_flow() -> None:
    """The same limb in a flow that shifts everything is held in the same matter."""
    drift = torch.zeros(8, 8, 8, 3)
    drift[..., 2] = 0.4
    flow = VelocityLattice(drift)
    there = np.array([0, 0, 0.4])
    still = settled(AT_REST, (DUMBBELL, BALL), 0.0).necks[0]
    moved = settled(flow, (DUMBBELL, Solid(lambda points: BALL.signed(points - there))), 0.0).necks[0]
    travelled = (moved.ways[-1] - moved.ways[0]).numpy()
    assert np.allclose(travelled, there, atol=1e-5)
    assert np.abs(moved.ways[0, :, 1].numpy() - still.ways[0, :, 1].numpy()).max() < 0.1


def test_a_neck_is_no_thicker_than_what_it_holds() -> None:
    """Necks through blades that the lattice was too coarse for were eight times as thick as the blades."""
    views = LatticeView(DUMBBELL), LatticeView(BALL)
    motion = Motion(PosePath([Pose(1.0, np.eye(3), np.zeros(3))] * 2), [AT_REST])
    # Well within both, so that nothing is taken for lost.
    places = np.random.default_rng(0).uniform(-0.1, 0.1, (400, 3))
    radii = []
    for radius in (0.1, 0.01):
        views[0].cores = Cores(places, np.zeros_like(places), np.full(len(places), radius), 1.0)
        radii.append(settle_blend(motion, 0, views, 0.0).necks[0].radius)
    assert radii[0] == NECK_RADIUS
    assert LEAST_RADIUS < radii[1] < 0.01
    thin = Neck(torch.zeros(9, 2, 3), 0.2, 0.8, radii[1])
    kept = Blend(necks=[thin]).tensors()
    restored = Blend.restored(kept, Pace())
    assert restored is not None and restored.necks[0].radius == radii[1]
    older = {name: part for name, part in kept.items() if "radius" not in name}
    restored = Blend.restored(older, Pace())
    assert restored is not None and restored.necks[0].radius == NECK_RADIUS


def test_samples_lie_about_the_neck_while_it_is_there() -> None:
    neck = settled(AT_REST, (DUMBBELL, BALL), 0.0).necks[0]
    points, share = neck.scattered(500, np.random.default_rng(0))
    assert float(neck.distance(points, share).abs().mean()) < 0.05
    assert float(share.min()) > 0 and float(share.max()) < 1


def test_samples_lie_where_a_hole_closes_far_from_both_surfaces() -> None:
    """A wide ring whose hole a ball fills: the film in the hole is near neither surface."""

    ring = Solid(lambda points: np.hypot(np.hypot(points[:, 0], points[:, 1]) - 0.5, points[:, 2]) - 0.15)
    middle = ball((0, 0, 0), 0.45)
    blend = settled(AT_REST, (ring, middle), 0.5)
    points, share = blend.scattered(400, np.random.default_rng(0))
    ends = [torch.from_numpy(solid.signed(points.numpy())) for solid in (ring, middle)]
    assert len(points) == 400 and float(share.min()) > 0 and float(share.max()) < 1
    assert min(float(own.abs().median()) for own in ends) > 0.08
    values = blend.values(points, share, ends[0].float(), ends[1].float(), (points, points))
    assert float(values.abs().median()) < 0.06


def test_nothing_strays_where_the_surfaces_stay_close() -> None:
    blend = settled(AT_REST, (ball((0, 0, 0), 0.5), ball((0.05, 0, 0), 0.5)), 0.5)
    assert len(blend.scattered(400, np.random.default_rng(0))[0]) == 0
