"""What can be had without training: three ways to morph on a grid, each as good as it can fairly be made."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lipmlp_engine.files.mesh_frame import MeshFrame

from .grids import Grid

COURANT = 0.5
"""Share of a cell that the fastest part of the level set moves in one step."""
LEVEL_SET_DURATION = 4.0
"""A surface nears its target like exp(-duration)."""
BLUR_CELLS = (12.0, 6.0, 3.0, 2.2, 1.6)
"""Standard deviations of the barycentre's kernel, coarse to fine; less than the last underflows over long ways."""
ROUNDS = 6
"""Scalings of the barycentre with each kernel."""
LEAST = 1e-300


def linear_blend(grid: Grid, times: Sequence[float]) -> list[MeshFrame]:
    """(1 - t) · first distance + t · second distance."""
    return [grid.frame(torch.lerp(grid.first, grid.second, time), time) for time in times]


def level_set(grid: Grid, times: Sequence[float]) -> list[MeshFrame]:
    """The first surface moves along its normal at the speed of the target's distance, as OpenVDB morphs.

    Such a surface slows down as it arrives. It is shown at even steps of what is left to be filled or emptied, which
    no production tool does for its user.
    """
    inside = _occupancy(grid.second, grid.cell)
    speed = -grid.second
    step = COURANT * grid.cell / float(speed.abs().max())
    field = grid.first.clone()
    kept, left = [field.half()], [float((_occupancy(field, grid.cell) - inside).abs().sum())]
    for index in range(round(LEVEL_SET_DURATION / step)):
        field = field - step * speed * _upwind_slope(field, speed, grid.cell)
        if index % 3 == 2:
            kept.append(field.half())
            left.append(float((_occupancy(field, grid.cell) - inside).abs().sum()))
    remaining = torch.tensor(left)
    progress = (remaining[0] - remaining) / (remaining[0] - remaining[-1]).clamp(min=1e-9)
    frames = []
    for time in times:
        index = int((progress - time).abs().argmin()) if 0 < time < 1 else (0 if time <= 0 else -1)
        frames.append(grid.frame(kept[index].float(), time))
    return frames


def barycentre(grid: Grid, times: Sequence[float]) -> list[MeshFrame]:
    """Convolutional Wasserstein barycentres (Solomon et al. 2015) of the two solids as evenly spread matter.

    The surface is the level of the density that encloses the log-linear volume: the barycentre is told the volume.
    """
    occupancies = [_occupancy(values.double(), grid.cell) for values in (grid.first, grid.second)]
    volumes = [float(occupancy.sum()) for occupancy in occupancies]
    matter = [occupancy / volume for occupancy, volume in zip(occupancies, volumes, strict=True)]
    frames = []
    for time in times:
        density = matter[round(time)] if time in (0, 1) else _barycentre_of(matter, (1 - time, time))
        volume = volumes[0] ** (1 - time) * volumes[1] ** time
        level = density.flatten().sort(descending=True).values[round(volume)].clamp(min=LEAST)
        frames.append(grid.frame((1 - density / level).clamp(-1, 1).float(), time))
    return frames


def _barycentre_of(matter: list[Tensor], weights: tuple[float, float]) -> Tensor:
    axis = torch.arange(len(matter[0]), dtype=torch.float64)
    density, scalings, before = matter[0], [torch.ones_like(own) for own in matter], BLUR_CELLS[0]
    for blur in BLUR_CELLS:
        # The potentials stay; the scalings are their exponentials over the square of the blur.
        scalings = [scaling.pow((before / blur) ** 2).clamp(LEAST, 1 / LEAST) for scaling in scalings]
        kernel = torch.exp(-0.5 * ((axis[:, None] - axis) / blur) ** 2)
        for _ in range(ROUNDS):
            density, scalings = _scaled(matter, scalings, weights, kernel)
        before = blur
    return density


def _scaled(
    matter: list[Tensor], scalings: list[Tensor], weights: tuple[float, float], kernel: Tensor
) -> tuple[Tensor, list[Tensor]]:
    """One round of scaling: the barycentre as it stands, and the scalings that it gives."""
    spread = []
    logarithm = torch.zeros_like(matter[0])
    for own, scaling, weight in zip(matter, scalings, weights, strict=True):
        spread.append(scaling * _blurred(own / _blurred(scaling, kernel).clamp(min=LEAST), kernel).clamp(min=LEAST))
        logarithm += weight * spread[-1].clamp(min=LEAST).log()
    density = logarithm.exp()
    return density, [
        (scaling * density / part.clamp(min=LEAST)).clamp(LEAST, 1 / LEAST)
        for scaling, part in zip(scalings, spread, strict=True)
    ]


def _blurred(values: Tensor, kernel: Tensor) -> Tensor:
    """Convolve along all three axes."""
    for _ in range(3):
        values = torch.tensordot(values, kernel, dims=([0], [0]))
    return values


def _occupancy(values: Tensor, cell: float) -> Tensor:
    """How much of the cell around each corner is inside."""
    return (0.5 - values / cell).clamp(0, 1)


def _upwind_slope(field: Tensor, speed: Tensor, cell: float) -> Tensor:
    """|∇field| by Godunov's scheme for a surface that moves outwards where the speed is positive."""
    outwards, inwards = torch.zeros_like(field), torch.zeros_like(field)
    for axis in range(3):
        steps = field.diff(dim=axis) / cell
        edge = torch.zeros_like(steps.narrow(axis, 0, 1))
        before, after = torch.cat([edge, steps], axis), torch.cat([steps, edge], axis)
        outwards += torch.maximum(before.clamp(min=0).square(), after.clamp(max=0).square())
        inwards += torch.maximum(before.clamp(max=0).square(), after.clamp(min=0).square())
    return torch.where(speed > 0, outwards, inwards).sqrt_()
