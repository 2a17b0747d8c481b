"""Meshes on a grid of a space of poses, as a file: what plays a space without the engine. Knows no Blender."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..files.whole_file import written_whole
from ..job.errors import JobError
from .learned_space import PoseSpace

MOST_NUMBERS = 3
"""Of a code on a grid: more would need thousands of meshes. Follows from the most meshes."""
MOST_MESHES = 5000
"""Meshes on a grid. Chosen: each becomes a shape key."""
NODES = {1: 17, 2: 9, 3: 5}
"""Of each number, where nobody says how many: turns by 15° or so between two nodes lose a per cent of length."""


def nodes_for(numbers: int, wanted: int = 0) -> int:
    """How many nodes each of so many numbers gets, 0 for as many as are usual; too large a grid is refused."""
    nodes = wanted or NODES.get(numbers, 0)
    if numbers > MOST_NUMBERS or nodes**numbers > MOST_MESHES:
        raise JobError(
            f"A grid of {numbers} numbers is too large; learn a space of at most {MOST_NUMBERS}, or coarser."
        )
    return nodes


def write_grid(space: PoseSpace, nodes: int, path: Path) -> None:
    """Write ``positions`` (crossings, n, 3), the first number of the code slowest, the ``nodes`` of every number, the
    poses' ``codes``, ``names`` and how many numbers say the pose."""
    numbers = len(space.origin)
    axes, meshes = space.grid([nodes_for(numbers, nodes)] * numbers)
    with written_whole(path) as stream:
        np.savez(
            stream,
            positions=meshes.astype(np.float32),
            nodes=np.stack(axes),
            codes=space.codes,
            names=np.array(json.dumps([[name] for name in space.names])),
            pose_size=np.array(space.pose_size),
        )
