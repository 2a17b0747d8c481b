"""Wasserstein distance of two sets of toy images by its dual: black images against a white (or white or black) square.

Of 64 x 64 pixels, 35 x 35 differ by one: every image of one set is √(35²) = 35 away from the other set.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from lipmlp_engine.training.label_losses import KantorovichRubinstein

from .fitting import fit, network, values

SIDE = 64
SQUARE = 35
TRUE_DISTANCE = 35.0


@dataclass(frozen=True)
class Result:
    distance: float
    history: list[float]


def images(signs: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Black images and as many with a square, a sign each, as points of a 4096-dimensional space; and their labels."""
    square = torch.zeros(SIDE, SIDE)
    start = (SIDE - SQUARE) // 2
    square[start : start + SQUARE, start : start + SQUARE] = 1
    squares = torch.stack([sign * square.flatten() for sign in signs])
    points = torch.cat([torch.zeros_like(squares), squares])
    return points, torch.cat([torch.ones(len(signs), 1), -torch.ones(len(signs), 1)])


def run(signs: tuple[float, ...] = (1.0, -1.0), steps: int = 600, seed: int = 0) -> Result:
    """The estimate: mean f of the black images minus mean f of the others, for the 1-Lipschitz f that fits best."""
    points, labels = images(signs)
    model = network(SIDE * SIDE, 64, 3, seed=seed)
    black = labels[:, 0] > 0
    history: list[float] = []

    def estimate() -> float:
        found = values(model, points)
        return float(found[black].mean() - found[~black].mean())

    def draw(step: int) -> tuple[Tensor, Tensor]:
        if step % 10 == 0:
            history.append(estimate())
        return points, labels

    fit(model, KantorovichRubinstein(), draw, steps, rate=0.1)
    return Result(estimate(), [*history, estimate()])


def plot(result: Result, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5, 3.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([10 * k for k in range(len(result.history))], result.history)
    axes.axhline(TRUE_DISTANCE, color="grey", linestyle=":", label="true distance")
    axes.set(xlabel="steps", ylabel="Wasserstein distance", title=f"Toy images: {result.distance:.3f} of 35")
    axes.legend()
    figure.savefig(path, dpi=110)
