"""A smooth passage from one thing to another; knows neither."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def smooth_ramp(values: NDArray[Any], low: float, high: float) -> NDArray[Any]:
    """0 up to ``low``, 1 from ``high`` on, and in between without a kink."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))
