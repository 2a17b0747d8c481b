"""Closes handles that are finer than a cloud can tell: narrower than its points lie apart, or than its noise is wide.

Where chance left no point, or noise put one, cells join two sheets at a place or leave a hole in one. Works on the
values at a grid's corners; knows nothing of how they were found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from ..surface.small_handles import Plugs, handles, plugs_for
from ..surface.smooth_normals import face_normals_at
from .oriented_samples import Samples
from .winding_grid import WindingGrid

Array = NDArray[np.float64]
Surface = tuple[Array, NDArray[np.int32]]

TOLD = 0.7
"""Spacings: a loop that reaches less far from its middle is about four spacings long, and four points tell of no
handle. Chosen: no true handle that had such a loop was found whole."""
WITHIN_NOISE = 1.25
"""Standard deviations of the noise: a loop that reaches less far is as likely the noise's as the shape's. Chosen.
Measured, handles too many in noise of .5 %: cat 1 to none, fish 2 to none, two balls 1 to none, penguin 2 to 1."""
ROUNDS = 6
"""Times that handles are looked for: of two that share a loop one is closed first. Chosen."""


def finer_than_told(samples: Samples) -> float:
    """How far a loop may reach from its middle of which these samples tell nothing."""
    return max(TOLD * float(np.median(samples.spacing)), WITHIN_NOISE * samples.noise)


def without_false_handles(
    values: NDArray[np.float32], grid: WindingGrid, largest: float, extracted: Callable[[], Surface]
) -> Surface:
    """The closed surface that ``extracted`` makes of the grid's values, which are changed where handles are closed that
    reach no farther than ``largest`` from their middle."""
    surface = extracted()
    count = handles(surface[0].astype(np.float32), surface[1])
    for _ in range(ROUNDS):
        if count == 0:
            break
        vertices, triangles = surface
        places = vertices.astype(np.float32)
        normals = face_normals_at(places, triangles)
        plugs = plugs_for(places, triangles, normals, count, grid.cell, largest)
        if plugs is None:
            break
        corners, before = _put_in(plugs, values, grid)
        closed = extracted()
        left = handles(closed[0].astype(np.float32), closed[1])
        if left >= count:
            values.ravel()[corners] = before
            break
        surface, count = closed, left
    return surface


def _put_in(
    plugs: Plugs, values: NDArray[np.float32], grid: WindingGrid
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Change the values about the plugs; returns which corners' are changed and what they were."""
    near = []
    for centre, radius in zip(plugs.centres.numpy().astype(np.float64), plugs.radii.tolist(), strict=True):
        reach = radius + plugs.thickness + plugs.rounding + 2 * grid.cell
        low = np.maximum(np.floor((centre - reach - grid.low) / grid.cell), 0).astype(np.int64)
        high = np.minimum(np.ceil((centre + reach - grid.low) / grid.cell).astype(np.int64) + 1, grid.shape)
        box = np.meshgrid(*(np.arange(*ends) for ends in zip(low, high, strict=True)), indexing="ij")
        near.append(np.ravel_multi_index([axis.ravel() for axis in box], grid.shape))
    corners = np.unique(np.concatenate(near))
    before = values.ravel()[corners].copy()
    places = torch.from_numpy(grid.places(corners).astype(np.float32))
    values.ravel()[corners] = plugs.joined(torch.from_numpy(before), places).numpy()
    return corners, before
