"""Two interleaved half circles, told apart by a 1-Lipschitz function trained with hinge Kantorovich-Rubinstein."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lipmlp_engine.networks.orthogonal import OrthogonalMLP
from lipmlp_engine.training.label_losses import HingeKR

from .fitting import fit, gradient_norms, network, values

NOISE = 0.05
HINGE_SHARE = 0.9
MARGIN = 0.3


@dataclass(frozen=True)
class Result:
    accuracy: float
    """On points that were not trained on."""
    gradient: tuple[float, float, float, float]
    """5th percentile, quartile, median and 95th percentile of the gradient's length at those points."""
    model: OrthogonalMLP


def moons(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points (count, 2), half on each moon, and their labels ±1."""
    generator = torch.Generator().manual_seed(seed)
    angle = torch.rand(count // 2, generator=generator) * torch.pi
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    points = torch.cat([upper, lower]) + NOISE * torch.randn(2 * (count // 2), 2, generator=generator)
    return points, torch.cat([torch.ones(count // 2, 1), -torch.ones(count // 2, 1)])


def run(steps: int = 1500, seed: int = 0) -> Result:
    points, labels = moons(4000, seed)
    generator = torch.Generator().manual_seed(seed)

    def draw(step: int) -> tuple[Tensor, Tensor]:
        chosen = torch.randint(len(points), (512,), generator=generator)
        return points[chosen], labels[chosen]

    model = network(2, 64, 6, seed=seed)
    fit(model, HingeKR(HINGE_SHARE, MARGIN), draw, steps, rate=3e-3)
    unseen, truth = moons(10_000, seed + 1)
    right = values(model, unseen).sign() == truth[:, 0]
    quantiles = gradient_norms(model, unseen).quantile(torch.tensor([0.05, 0.25, 0.5, 0.95])).tolist()
    return Result(float(right.float().mean()), (quantiles[0], quantiles[1], quantiles[2], quantiles[3]), model)


def plot(result: Result, path: Path) -> None:
    from matplotlib.figure import Figure

    across, up = torch.meshgrid(torch.linspace(-1.5, 2.5, 200), torch.linspace(-1.2, 1.7, 200), indexing="xy")
    heights = values(result.model, torch.stack([across.flatten(), up.flatten()], 1)).reshape(200, 200)
    points, labels = moons(1000, 2)
    figure = Figure(figsize=(6, 4.2), layout="constrained")
    axes = figure.subplots()
    filled = axes.contourf(across, up, heights, 21, cmap="RdBu")
    axes.contour(across, up, heights, [0.0], colors="black")
    axes.scatter(points[:, 0], points[:, 1], c=labels[:, 0], cmap="RdBu", s=6, edgecolors="grey", linewidths=0.3)
    figure.colorbar(filled)
    axes.set(title=f"Two moons: accuracy {result.accuracy:.4f}, median |∇f| {result.gradient[2]:.3f}", aspect="equal")
    figure.savefig(path, dpi=110)
