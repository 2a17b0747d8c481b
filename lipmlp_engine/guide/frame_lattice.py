"""A lattice over the training frame on which something is known of every place near a shape; knows not what."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

NODES = 65
"""Along each side. Chosen."""
SPACING = 2 / (NODES - 1)
"""Of the lattice over [-1, 1]³. Follows from the number of nodes."""


def lattice_nodes(count: int = NODES) -> NDArray[np.float64]:
    """Where the nodes are, (count³, 3)."""
    axis = np.linspace(-1, 1, count)
    return np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def between_nodes(values: NDArray[np.float32], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """Values (count, count, count) at points of the training frame, linear in between; beyond, those of the border."""
    places = (np.asarray(points, np.float32).T + 1) * np.float32((len(values) - 1) / 2)
    return np.asarray(map_coordinates(values, places, order=1, mode="nearest"), np.float32)
