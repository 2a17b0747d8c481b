"""Cuts bridges between bodies that stand close together, each thinner and shorter than a cloud can tell.

A single one makes two bodies one and is no handle, so that no loop tells of it. Works on the values at a grid's
corners; knows nothing of how they were found.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, minimum_filter

from .winding_grid import WindingGrid

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

BODY = 500
"""Corners deeper than one cell in what counts as a body. Chosen: thick places of fins and ears, which are rightly
joined to the rest, had up to 2."""
SHORT = 5
"""Steps from the middle of a bridge to what lies deep on either side; a wire that is as thin is longer. Chosen: with
four, one of ten clouds of two close plates keeps its bridge."""
THIN = 2.5
"""Cells, two to a spacing, that a bridge reaches from its middle. Chosen: those over gaps reach up to 2.3, most .7."""
AWAY = 0.25
"""Cells by which what is cut comes to lie outside. Chosen."""


def cut_false_bridges(values: NDArray[np.float32], grid: WindingGrid, times: float = 1.0) -> None:
    """Change the values, negative inside, where thin and short bridges join bodies; the cells are so many ``times``
    finer than two to a spacing."""
    inside = values < 0
    # The surface ends at the grid's rim, and what is beside a corner there is none of its neighbours.
    for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1], inside[:, :, 0], inside[:, :, -1]):
        side[...] = False
    about = tuple(
        slice(max(int(along.min()) - 1, 0), int(along.max()) + 2) if len(along) else slice(0, 0)
        for along in (np.flatnonzero(inside.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1)))
    )
    inside = inside[about]
    body, count = label(minimum_filter(inside, size=2 * round(times) + 1, mode="constant", cval=0))
    size = np.bincount(body.ravel(), minlength=count + 1)[1:]
    if (size >= BODY * times**3).sum() < 2:
        return
    owner, steps = _grown(body.astype(np.int32), inside)
    first, second = _meetings(owner)
    ends = np.stack([first, second], axis=1)
    between = (size[owner.ravel()[ends] - 1] >= BODY * times**3).all(axis=1)
    ends = ends[between]
    if not len(ends):
        return
    met = np.zeros(inside.size, np.bool_)
    met[ends.ravel()] = True
    bridge, _ = label(met.reshape(inside.shape), np.ones((3, 3, 3)))
    corners = np.flatnonzero(met)
    number = bridge.ravel()[corners] - 1
    place = np.stack(np.unravel_index(corners, inside.shape), axis=1).astype(np.float64)
    count_of = np.bincount(number)
    middle = np.stack([np.bincount(number, place[:, axis]) / count_of for axis in range(3)], axis=1)
    reach, far = np.zeros(len(middle)), np.zeros(len(middle), np.int64)
    np.maximum.at(reach, number, np.linalg.norm(place - middle[number], axis=1))
    np.maximum.at(far, number, steps.ravel()[corners])
    false = (reach <= THIN * times) & (far <= np.ceil(SHORT * times))
    ends = ends[false[bridge.ravel()[ends[:, 0]] - 1]]
    # Of two corners the one that is nearer to the outside makes the smaller dent.
    own = values[about]
    flat = own.ravel()
    nearer = np.where(flat[ends[:, 0]] > flat[ends[:, 1]], ends[:, 0], ends[:, 1])
    flat[nearer] = np.float32(AWAY * grid.cell)
    values[about] = flat.reshape(own.shape)


def _neighbours(shape: tuple[int, ...]) -> list[int]:
    """How much further on, in a row of all corners, the next one lies along each axis."""
    return [shape[1] * shape[2], shape[2], 1]


def _grown(body: NDArray[np.int32], inside: Flags) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The body that every corner inside belongs to, by the shortest way inside, and how many steps it is away."""
    owner, steps, within = body.ravel().copy(), np.zeros(body.size, np.int32), inside.ravel()
    front: Numbers = np.flatnonzero(owner)
    ways = [step * sign for step in _neighbours(body.shape) for sign in (1, -1)]
    turn = 0
    while len(front):
        turn += 1
        there = np.concatenate([front + way for way in ways])
        told_by = np.tile(front, len(ways))
        free = within[there] & (owner[there] == 0)
        front, chosen = np.unique(there[free], return_index=True)
        owner[front] = owner[told_by[free][chosen]]
        steps[front] = turn
    return owner.reshape(body.shape), steps.reshape(body.shape)


def _meetings(owner: NDArray[np.int32]) -> tuple[Numbers, Numbers]:
    """Neighbouring corners that belong to different bodies."""
    own, first, second = owner.ravel(), [], []
    for step in _neighbours(owner.shape):
        here = np.flatnonzero((own[:-step] != own[step:]) & (own[:-step] > 0) & (own[step:] > 0))
        first.append(here)
        second.append(here + step)
    return np.concatenate(first), np.concatenate(second)
