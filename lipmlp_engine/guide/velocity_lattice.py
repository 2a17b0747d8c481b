"""A velocity field on a lattice over the training frame, which moves points along its stationary flow."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.ndimage
import torch
from numpy.typing import NDArray
from torch.nn.functional import grid_sample

from ..machine.warp_runtime import warp_device, warp_kernels, warp_runtime

EXTENT = 1.1
"""The lattice covers [-EXTENT, EXTENT]³; beyond it the velocity of the border holds. Chosen."""
FLOW_STEPS = 8
"""Midpoint steps for one unit of time. Chosen."""

Array = NDArray[np.float64]
Points = NDArray[np.float32]


def flow_steps(duration: float) -> int:
    """In which points are moved along a flow for a time."""
    return max(1, round(FLOW_STEPS * abs(duration))) if duration else 0


class VelocityLattice:
    """Velocities at the nodes of a cubic lattice, linear in between: (n, n, n, 3), the axes in the order x, y, z."""

    def __init__(self, velocities: torch.Tensor) -> None:
        self.velocities = velocities
        # grid_sample wants (batch, channels, depth, height, width) and reads coordinates in the order width, height,
        # depth: with x as depth, points are handed over in the order z, y, x.
        self._volume = velocities.permute(3, 0, 1, 2)[None].contiguous()

    @classmethod
    def smooth(cls, coarse: Array, factor: int = 3) -> VelocityLattice:
        """Refine a coarse lattice by cubic interpolation, so that no lattice cell shows as a crease in the surface."""
        count = coarse.shape[0]
        nodes = (count - 1) * factor + 1
        # Splines are separable: what the refinement does along one axis, a small matrix does to all three.
        refine = scipy.ndimage.zoom(np.eye(count), (nodes / count, 1), order=3, mode="nearest", grid_mode=False)
        fine = np.einsum("ai,bj,ck,ijkd->abcd", refine, refine, refine, coarse, optimize=True)
        return cls(torch.from_numpy(np.ascontiguousarray(fine, np.float32)))

    def to(self, device: torch.device) -> VelocityLattice:
        return VelocityLattice(self.velocities.to(device))

    def at(self, points: torch.Tensor) -> torch.Tensor:
        """Velocity at points, (n, 3), per unit of time, on the points' device whatever the lattice's own is."""
        places = points.to(self._volume.device).flip(-1).div(EXTENT).reshape(1, -1, 1, 1, 3)
        sampled = grid_sample(self._volume, places, mode="bilinear", padding_mode="border", align_corners=True)
        return sampled.reshape(3, -1).T.to(points.device)

    def carry(self, points: torch.Tensor, duration: torch.Tensor | float) -> torch.Tensor:
        """Move points along the flow for a time, which may be negative and may differ from point to point."""
        asked, points = points.device, points.to(self._volume.device)
        if isinstance(duration, torch.Tensor):
            duration = duration.to(points.device).reshape(-1, 1)
            longest = float(duration.abs().max()) if duration.numel() else 0.0
        else:
            longest = abs(duration)
        steps = flow_steps(longest)
        step = duration / max(steps, 1)
        for _ in range(steps):
            middle = points + 0.5 * step * self.at(points)
            points = points + step * self.at(middle)
        return points.to(asked)

    def moved(self, points: Points, duration: float) -> Points:
        """The same for an array of points, several times as fast, on the thread that asks."""
        return self.moved_each(points, np.full(len(points), duration, np.float32))

    def moved_each(self, points: Points, durations: Points) -> Points:
        """The same for a time of its own for each of them."""
        wp = warp_runtime()
        device = warp_device(self.velocities.device.type)
        source, times = wp.array(points, dtype=wp.vec3, device=device), wp.array(durations, dtype=float, device=device)
        found = wp.empty(len(points), dtype=wp.vec3, device=device)
        steps = flow_steps(float(np.abs(durations).max(initial=0.0)))
        kernel = warp_kernels("guide.flow_kernels", device).carry
        wp.launch(kernel, len(points), [self.on_warp, EXTENT, source, times, steps, found], device=device)
        return np.asarray(found.numpy(), np.float32)

    @cached_property
    def on_warp(self) -> Any:
        """The velocities for kernels."""
        wp = warp_runtime()
        device = warp_device(self.velocities.device.type)
        return wp.array(self.velocities.cpu().numpy(), dtype=wp.vec3, ndim=3, device=device)
