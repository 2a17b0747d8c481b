"""A Koch snowflake's inside told from its outside without an error, by a function that is nowhere steeper than one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lipmlp_engine.networks.orthogonal import OrthogonalMLP
from lipmlp_engine.training.label_losses import Hinge

from .fitting import fit, network, values

GENERATIONS = 3
CLOSEST = 0.01
"""Points nearer to the frontier than this are not asked for: no finite sample fixes the sign there."""
MARGIN = 0.008
"""Less than ``CLOSEST``, so that a function of slope one can keep it everywhere."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Result:
    training_errors: int
    unseen_errors: int
    unseen: int
    steepest: float
    """Product of the layers' largest singular values."""
    model: OrthogonalMLP


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


def samples(count: int, corners: Array, seed: int) -> tuple[Tensor, Tensor]:
    """Points of the square [-1, 1]², three quarters of them close to the frontier, and their signed distances."""
    rng = np.random.default_rng(seed)
    edge = rng.integers(len(corners), size=3 * count // 2)
    along = rng.uniform(size=(len(edge), 1))
    on_frontier = corners[edge] * (1 - along) + np.roll(corners, -1, 0)[edge] * along
    points = np.concatenate(
        [on_frontier + 0.02 * rng.normal(size=on_frontier.shape), rng.uniform(-1, 1, (count // 2, 2))]
    )
    distance = signed_distance(points, corners)
    clear = np.flatnonzero(np.abs(distance) > CLOSEST)
    chosen = rng.permutation(clear)[:count]
    return torch.from_numpy(points[chosen]).float(), torch.from_numpy(distance[chosen]).float()[:, None]


def run(steps: int = 2000, count: int = 10_000, generations: int = GENERATIONS, seed: int = 0) -> Result:
    corners = snowflake(generations)
    points, distance = samples(count, corners, seed)
    generator = torch.Generator().manual_seed(seed)

    def draw(step: int) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(points), (1024,), generator=generator)
        return points[chosen], distance[chosen]

    model = network(2, 64, 8, seed=seed)
    fit(model, Hinge(MARGIN), draw, steps, rate=3e-3)
    unseen, truth = samples(count, corners, seed + 1)
    wrong = [int((values(model, p).sign() != d[:, 0].sign()).sum()) for p, d in ((points, distance), (unseen, truth))]
    steepest = float(np.prod([largest for largest, _ in model.singular_values()]))
    return Result(wrong[0], wrong[1], len(unseen), steepest, model)


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
    axes.set(title=f"Koch snowflake: {result.training_errors} errors, {result.unseen_errors} unseen", aspect="equal")
    figure.savefig(path, dpi=110)
