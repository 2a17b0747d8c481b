"""A velocity field on a lattice over the training frame, which moves points along its stationary flow."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import scipy.ndimage
import scipy.sparse as sparse
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
        wp = warp_runtime()
        device = warp_device(self.velocities.device.type)
        source = wp.array(points, dtype=wp.vec3, device=device)
        found = wp.empty(len(points), dtype=wp.vec3, device=device)
        settings = [EXTENT, source, float(duration), flow_steps(duration), found]
        kernel = warp_kernels("guide.flow_kernels", device).carry
        wp.launch(kernel, dim=len(points), inputs=[self.on_warp, *settings], device=device)
        return np.asarray(found.numpy())

    @cached_property
    def on_warp(self) -> Any:
        """The velocities for kernels."""
        wp = warp_runtime()
        device = warp_device(self.velocities.device.type)
        return wp.array(self.velocities.cpu().numpy(), dtype=wp.vec3, ndim=3, device=device)


class LatticeEquations:
    """Sparse matrices over a coarse lattice: interpolation to points, and the elastic energy of a velocity field."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes
        self.spacing = 2 * EXTENT / (nodes - 1)
        self._slopes = [self._slope(axis) for axis in range(3)]

    def interpolation(self, points: Array) -> sparse.csr_matrix:
        """The matrix that takes nodal values to values at points, (points, nodes³)."""
        n = self.nodes
        place = np.clip((points + EXTENT) / self.spacing, 0, n - 1 - 1e-9)
        cell = place.astype(np.int64)
        part = place - cell
        columns = np.empty((len(points), 8), np.int64)
        weights = np.empty((len(points), 8))
        for corner in range(8):
            offset = np.array([corner >> 2 & 1, corner >> 1 & 1, corner & 1])
            columns[:, corner] = np.ravel_multi_index(tuple((cell + offset).T), (n, n, n))
            weights[:, corner] = np.prod(np.where(offset, part, 1 - part), axis=1)
        starts = np.arange(0, 8 * len(points) + 1, 8)
        return sparse.csr_matrix((weights.ravel(), columns.ravel(), starts), shape=(len(points), n**3))

    def elastic_energy(self, volume_weight: float, bending_weight: float) -> sparse.csr_matrix:
        """The quadratic form of |deviatoric strain|² + volume_weight · (div v)² + bending_weight · |Δv|², integrated.

        Translation and rotation cost nothing, so that what can move as a stiff body does.
        """
        products = [[a.T @ b for b in self._slopes] for a in self._slopes]
        gradient = products[0][0] + products[1][1] + products[2][2]
        bending = self._bending()
        blocks = [
            [
                0.5 * products[j][i]
                + (volume_weight - 1 / 3) * products[i][j]
                + ((0.5 * gradient + bending_weight * bending) if i == j else 0 * gradient)
                for j in range(3)
            ]
            for i in range(3)
        ]
        return sparse.bmat(blocks).tocsr() * self.spacing**3

    def divergence_load(self, divergence: float) -> Array:
        """The right-hand side that draws (div v)² towards (div v − divergence)², for a volume weight of one."""
        return np.concatenate([slope.T @ np.full(slope.shape[0], divergence) for slope in self._slopes]) * (
            self.spacing**3
        )

    def _slope(self, axis: int) -> sparse.csr_matrix:
        n = self.nodes
        difference = sparse.diags_array([-1.0 / self.spacing, 1.0 / self.spacing], offsets=[0, 1], shape=(n - 1, n))
        average = sparse.diags_array([0.5, 0.5], offsets=[0, 1], shape=(n - 1, n))
        parts = [difference if axis == k else average for k in range(3)]
        return sparse.csr_matrix(sparse.kron(sparse.kron(parts[0], parts[1]), parts[2]))

    def _bending(self) -> sparse.csr_matrix:
        n = self.nodes
        second = sparse.diags_array([1.0, -2.0, 1.0], offsets=[0, 1, 2], shape=(n - 2, n)) / self.spacing**2
        whole = sparse.eye_array(n)
        total = sparse.csr_matrix((n**3, n**3))
        for axis in range(3):
            parts = [second if axis == k else whole for k in range(3)]
            along = sparse.csr_matrix(sparse.kron(sparse.kron(parts[0], parts[1]), parts[2]))
            total = total + along.T @ along
        return sparse.csr_matrix(total)
