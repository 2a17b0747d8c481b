"""Watches the singular values of the layers while a network that constrains them is trained."""

from __future__ import annotations

import time as clock

from torch import nn

from ..networks.orthogonal import OrthogonalMLP
from ..networks.sll import SllMLP

SECONDS_BETWEEN = 2.0
"""Between looks at them: they cost as much as a step of training. Chosen."""


class SpectrumWatch:
    """Gives the singular values now and then."""

    def __init__(self, network: nn.Module) -> None:
        self._network = network if isinstance(network, (OrthogonalMLP, SllMLP)) else None
        self._last = -SECONDS_BETWEEN

    def look(self) -> list[tuple[float, float]] | None:
        """Largest and smallest of each layer; None where nothing constrains them, or where it is too soon."""
        now = clock.monotonic()
        if self._network is None or now - self._last < SECONDS_BETWEEN:
            return None
        self._last = now
        return self._network.singular_values()
