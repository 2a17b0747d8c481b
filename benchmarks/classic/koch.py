"""A Koch snowflake's inside told from its outside, right up to its frontier, by a function nowhere steeper than one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.networks.orthogonal import OrthogonalMLP

from .fitting import fit, network, values

GENERATIONS = 4
MARGIN = 0.002
"""How far from zero a point's value is to be; less where the frontier is nearer, so that a slope of one can do it."""
SPREAD = 0.005
"""Standard deviation of the training points around the frontier."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    """Errors among the points of training, nine tenths of them beside the frontier, and among points anywhere."""

    training_errors: int
    trained: int
    unseen_errors: int
    unseen: int
    farthest: float
    """The largest distance from the frontier at which any of the points is on the wrong side."""
    steepest: float
    """Product of the layers' largest singular values."""
    model: OrthogonalMLP


def closing_hinge(prediction: Tensor, distance: Tensor) -> tuple[Tensor, Tensor]:
    """By how much each sample misses its margin, which closes towards the frontier; and the derivative of that."""
    side = torch.where(distance > 0, 1.0, -1.0)
    missing = (distance.abs().clamp(max=MARGIN) - side * prediction).clamp(min=0)
    return missing.sum(), torch.where(missing > 0, -side, 0.0)


def snowflake(generations: int = GENERATIONS) -> Array:
    """Corners (n, 2) of the snowflake of that generation, counter-clockwise, within a circle of radius 0.8."""
    angles = np.pi / 2 + np.arange(3) * 2 * np.pi / 3
    corners = 0.8 * np.exp(1j * angles)
    for _ in range(generations):
        step = (np.roll(corners, -1) - corners) / 3
        tip = corners + step + step * np.exp(-1j * np.pi / 3)
        corners = np.stack([corners, corners + step, tip, corners + 2 * step], 1).ravel()
    return np.stack([corners.real, corners.imag], 1)


def signed_distance(points: Array, corners: Array) -> Array:
    """Distance to the polygon's frontier, negative inside."""
    following = np.roll(corners, -1, 0)
    nearest = np.full(len(points), np.inf)
    inside = np.zeros(len(points), bool)
    for start, end in zip(corners, following, strict=True):
        edge, away = end - start, points - start
        along = np.clip(away @ edge / (edge @ edge), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(away - along[:, None] * edge, axis=1))
        rising = (start[1] > points[:, 1]) != (end[1] > points[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= rising & (away[:, 0] < edge[0] * away[:, 1] / edge[1])
    return np.where(inside, -nearest, nearest)


def samples(count: int, corners: Array, near: float, seed: int) -> tuple[Tensor, Tensor]:
    """Points of the square [-1, 1]², a share of them beside the frontier, and their signed distances; none left out."""
    rng = np.random.default_rng(seed)
    edge = rng.integers(len(corners), size=round(near * count))
    along = rng.uniform(size=(len(edge), 1))
    on_frontier = corners[edge] * (1 - along) + np.roll(corners, -1, 0)[edge] * along
    beside = on_frontier + SPREAD * rng.normal(size=on_frontier.shape)
    points = np.concatenate([beside, rng.uniform(-1, 1, (count - len(edge), 2))])
    distance = signed_distance(points, corners)
    return torch.from_numpy(points).float(), torch.from_numpy(distance).float()[:, None]


def run(steps: int = 4000, count: int = 40_000, generations: int = GENERATIONS, seed: int = 0) -> Result:
    corners = snowflake(generations)
    points, distance = samples(count, corners, 0.9, seed)
    generator = torch.Generator().manual_seed(seed)

    def draw(step: int) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(points), (1024,), generator=generator)
        return points[chosen], distance[chosen]

    model = network(2, 64, 8, seed=seed)
    fit(model, closing_hinge, draw, steps, rate=3e-3)
    unseen, truth = samples(10_000, corners, 0.0, seed + 1)
    wrong = [d[values(model, p).sign() != d[:, 0].sign()].abs() for p, d in ((points, distance), (unseen, truth))]
    farthest = float(torch.cat([*wrong, torch.zeros(1, 1)]).max())
    steepest = float(np.prod([largest for largest, _ in model.singular_values()]))
    return Result(len(wrong[0]), count, len(wrong[1]), len(unseen), farthest, steepest, model)


def plot(result: Result, path: Path) -> None:
    from matplotlib.figure import Figure

    across, up = torch.meshgrid(torch.linspace(-1, 1, 400), torch.linspace(-1, 1, 400), indexing="xy")
    heights = values(result.model, torch.stack([across.flatten(), up.flatten()], 1)).reshape(400, 400)
    corners = np.concatenate([snowflake(), snowflake()[:1]])
    figure = Figure(figsize=(5.5, 5), layout="constrained")
    axes = figure.subplots()
    axes.contourf(across, up, heights, 25, cmap="RdBu", vmin=-0.8, vmax=0.8)
    axes.contour(across, up, heights, [0.0], colors="black", linewidths=1)
    axes.plot(corners[:, 0], corners[:, 1], color="orange", linewidth=0.6)
    axes.set(title=f"Koch snowflake: no error farther than {result.farthest:.4f} from it", aspect="equal")
    figure.savefig(path, dpi=110)
