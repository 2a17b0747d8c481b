"""The pace at which the way between two shapes is passed: even in the world, and consistent wherever it is used."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from lipmlp_engine.guide import Motion, Pace, Pose, VelocityLattice
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.pace import even_pace

STATIONS = 9
AXIS = torch.linspace(-1, 1, 41)
RADIUS = torch.stack(torch.meshgrid(AXIS, AXIS, AXIS, indexing="ij"), -1).reshape(-1, 3).norm(dim=1)
GROWTHS = [-1.2, -0.5, 0.0, 0.3, 1.2]


def resting_frame(scale: float = 1.0, end: float | None = None) -> PosePath:
    sizes = (scale, scale if end is None else end)
    return PosePath([Pose(size, np.eye(3), np.zeros(3)) for size in sizes])


def pace_of(radius: Callable[[float], float], path: PosePath) -> Pace:
    """Of a ball with a radius that depends on the share of the way."""
    return even_pace([RADIUS - radius(station / (STATIONS - 1)) for station in range(STATIONS)], path, 0)


def unevenness(radius: Callable[[float], float], path: PosePath, pace: Pace) -> float:
    """Of the ball's radius in the world, over even steps of time."""
    times = torch.linspace(0, 1, 17)
    world = [path.at(float(t)).scale * radius(float(way)) for t, way in zip(times, pace.way(times), strict=True)]
    steps = np.abs(np.diff(world))
    return float(steps.std() / steps.mean())


@pytest.mark.parametrize("growth", GROWTHS)
def test_way_and_time_are_inverse_and_the_rate_is_the_slope(growth: float) -> None:
    pace, times = Pace(growth), torch.linspace(0, 1, 101, dtype=torch.float64)
    ways = pace.way(times)
    assert float(ways[0]) == 0 and float(ways[-1]) == pytest.approx(1)
    assert torch.allclose(pace.time(ways), times)
    slopes = torch.diff(ways) / torch.diff(times)
    rates = [pace.rate(float(time)) for time in (times[1:] + times[:-1]) / 2]
    assert np.allclose(slopes, rates, rtol=1e-4)


@pytest.mark.parametrize(
    "radius",
    [lambda way: 0.3 + 0.4 * way**1.5, lambda way: 0.7 - 0.2 * way - 0.2 * way**2, lambda way: 0.3 * 2**way],
    ids=["faster and faster", "shrinking faster and faster", "by its own share"],
)
def test_a_surface_that_speeds_up_is_evened_out(radius: Callable[[float], float]) -> None:
    path = resting_frame(3.0)
    pace = pace_of(radius, path)
    assert pace.growth > 0
    assert unevenness(radius, path, pace) < 0.4 * unevenness(radius, path, Pace())


def test_the_frames_own_motion_counts() -> None:
    """An even speed in a frame that shrinks to half is not even in the world."""
    path = resting_frame(2.0, 1.0)
    pace = pace_of(lambda way: 0.3 + 0.5 * way, path)
    even = pace_of(lambda way: 0.3 + 0.5 * way, resting_frame())
    assert even.growth == pytest.approx(0, abs=0.11)
    assert pace.growth != even.growth
    radius = lambda way: 0.3 + 0.5 * way  # noqa: E731
    assert unevenness(radius, path, pace) < unevenness(radius, path, Pace())


@pytest.mark.parametrize("path", [resting_frame(), resting_frame(1.0, 3.0)], ids=["at rest", "growing frame"])
def test_what_moves_with_its_frame_alone_is_passed_steadily(path: PosePath) -> None:
    assert pace_of(lambda way: 0.5, path) == Pace()


def test_nothing_to_see_is_passed_steadily() -> None:
    assert pace_of(lambda way: -1.0, resting_frame()) == Pace()


def test_matter_is_carried_and_moves_at_its_pace() -> None:
    stream = torch.zeros(8, 8, 8, 3)
    stream[..., 0] = 0.4
    motion = Motion(resting_frame(), [VelocityLattice(stream)], [Pace(0.8)])
    points = torch.tensor([[-0.3, 0.1, 0.2]])
    assert torch.allclose(motion.carry(points, 0.0, 1.0, 0), points + torch.tensor([0.4, 0, 0]), atol=1e-5)
    ahead, behind = motion.carry(points, 0.5, 0.51, 0), motion.carry(points, 0.5, 0.49, 0)
    assert torch.allclose((ahead - behind) / 0.02, motion.velocity(points, 0.5, 0), atol=1e-3)
    assert float(motion.velocity(points, 0.0, 0)[0, 0]) > 0.4 > float(motion.velocity(points, 1.0, 0)[0, 0])
