"""What a network is fitted to, and how far it is from that: at the shapes, between them and on their surfaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..surface.detail import NEAR, SMALLEST_BOUND, bound_for
from .samples import PlacedShape, Samples

CHECK_POINTS = 2_000
"""Surface points of each shape on which the end error is measured while training. Chosen."""
CHECK_CHUNK = 16_384
"""Samples that the finished network is asked for at once. Chosen."""


@dataclass(frozen=True)
class Targets:
    """All of a job's samples, wherever they lie."""

    ends: Samples
    """At the shapes' own times."""
    between: Samples | None
    """Where a guide says what lies between them."""
    surface: list[Tensor]
    """Points of each shape's surface with its time, (n, 4)."""

    @torch.no_grad()
    def end_error(self, network: nn.Module, device: torch.device) -> float:
        """Mean |f| on the shapes' surfaces, the worst shape's, in % of its diagonal."""
        errors = []
        for points in self.surface:
            diagonal = float((points[:, :3].amax(0) - points[:, :3].amin(0)).norm())
            errors.append(float(network(points.to(device)).abs().mean()) / diagonal * 100)
        return max(errors)

    @torch.no_grad()
    def detail_bound(self, network: nn.Module, device: torch.device) -> float:
        """How far the finished network may be from what it was fitted to, seen at the samples near the surface."""
        bounds = [SMALLEST_BOUND]
        for samples in filter(None, (self.ends, self.between)):
            for start in range(0, len(samples), CHECK_CHUNK):
                points, values = (part[start : start + CHECK_CHUNK] for part in (samples.points, samples.values))
                near = values.abs().squeeze(1) < NEAR
                learned = network(points[near].to(device)).cpu()
                bounds.append(bound_for(values[near], learned))
        return max(bounds)


class Batches:
    """Random batches, a fixed share of them in between the shapes; all data stays on the device."""

    def __init__(self, targets: Targets, batch: int, share: float, seed: int, device: torch.device) -> None:
        self._pools = [(targets.ends.to(device), batch)]
        if targets.between is not None:
            middle = round(batch * share)
            self._pools = [(targets.ends.to(device), batch - middle), (targets.between.to(device), middle)]
        self.generator = torch.Generator(device).manual_seed(seed)
        self._device = device

    def draw(self) -> tuple[Tensor, Tensor]:
        points, values = [], []
        for pool, count in self._pools:
            chosen = torch.randint(len(pool), (count,), generator=self.generator, device=self._device)
            points.append(pool.points[chosen])
            values.append(pool.values[chosen])
        return torch.cat(points), torch.cat(values)


def surface_points(placed: list[PlacedShape], rng: np.random.Generator) -> list[Tensor]:
    """What the end error is measured at."""
    points = []
    for index, shape in enumerate(placed):
        surface = shape.on_surface(CHECK_POINTS, rng)
        points.append(torch.from_numpy(np.column_stack([surface, np.full(len(surface), index)]).astype(np.float32)))
    return points
