"""Networks from a mesh's coordinates to its code, and back: of files before version 3, and of rivals; know no mesh."""

from __future__ import annotations

import torch
from torch import Tensor, nn

WIDTH = 96
"""Of encoder and decoder. Chosen."""


class PoseNetwork(nn.Module):
    """An encoder and a decoder, each a straight map and a small network beside it.

    Coordinates are those in the basis, each divided by its spread over the poses.
    """

    precision = torch.float32

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

    def forward(self, values: Tensor) -> Tensor:
        inner = nn.functional.silu(self.second(nn.functional.silu(self.first(values))))
        return torch.as_tensor(self.straight(values) + self.last(inner))
