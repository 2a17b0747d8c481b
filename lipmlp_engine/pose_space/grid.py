"""Meshes on a grid of a space of poses, as a file: what plays a space without the engine. Knows no Blender."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..errors import JobError
from ..whole_file import written_whole
from .space import PoseSpace

MOST_NUMBERS = 3
"""Of a code on a grid: more would need thousands of meshes."""
MOST_MESHES = 5000


def write_grid(space: PoseSpace, nodes: int, path: Path) -> None:
    """Write ``positions`` (crossings, n, 3), the first number of the code slowest, the ``nodes`` of every number, the
    poses' ``codes``, ``names`` and how many numbers say the pose."""
    numbers = len(space.origin)
    if numbers > MOST_NUMBERS or nodes**numbers > MOST_MESHES:
        raise JobError(
            f"A grid of {nodes} nodes for {numbers} numbers is too large; learn a space of fewer or ask for fewer nodes."
        )
    axes, meshes = space.grid([nodes] * numbers)
    with written_whole(path) as stream:
        np.savez(
            stream,
            positions=meshes.astype(np.float32),
            nodes=np.stack(axes),
            codes=space.codes,
            names=np.array(json.dumps([[name] for name in space.names])),
            pose_size=np.array(space.pose_size),
        )
