"""The networks of a pose space: from a mesh's coordinates to its code, and back; know no mesh and no loss."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTH = 96
"""Of encoder and decoder. Chosen."""
RIDGE = 1e-4
"""What the straight map's own size costs where it begins, for each of the values that it is fitted to. Chosen."""


class PoseNetwork(nn.Module):
    """An encoder and a decoder, each a straight map and a small network beside it.

    Coordinates are those in the basis, each divided by its spread over the poses.
    """

    def __init__(self, coordinates: int, codes: int, width: int = WIDTH) -> None:
        super().__init__()
        self.encoder = _Bent(coordinates, codes, width)
        self.decoder = _Bent(codes, coordinates, width)

    def encode(self, coordinates: Tensor) -> Tensor:
        return torch.as_tensor(self.encoder(coordinates))

    def decode(self, codes: Tensor) -> Tensor:
        return torch.as_tensor(self.decoder(codes))


class _Bent(nn.Module):
    def __init__(self, inputs: int, outputs: int, width: int) -> None:
        super().__init__()
        self.straight = nn.Linear(inputs, outputs)
        self.first, self.second, self.last = (
            nn.Linear(inputs, width), nn.Linear(width, width), nn.Linear(width, outputs),
        )  # fmt: skip

    def begin_at(self, values: Tensor, wanted: Tensor) -> None:
        """Begin with the straight map that comes nearest to what is wanted of these values, and nothing beside it."""
        ones = torch.ones(len(values), 1)
        inputs = torch.cat([values, ones], 1)
        # A little weight on the map itself chooses among those that do equally well.
        system = inputs.T @ inputs + RIDGE * len(values) * torch.eye(inputs.shape[1])
        found = torch.linalg.solve(system, inputs.T @ wanted)
        with torch.no_grad():
            self.straight.weight.copy_(found[:-1].T)
            self.straight.bias.copy_(found[-1])
            self.last.weight.zero_()
            self.last.bias.zero_()

    def forward(self, values: Tensor) -> Tensor:
        inner = nn.functional.silu(self.second(nn.functional.silu(self.first(values))))
        return torch.as_tensor(self.straight(values) + self.last(inner))
