"""Points on a ball, as a scanner would find them without noise."""

from __future__ import annotations

import numpy as np

COUNT = 2000


def on_ball(count: int = COUNT, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)
