"""The Lipschitz MLP of Liu et al. (2022): every layer carries a bound of its own, learned and softly penalised."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from .plain import Linear, PlainMLP


class LipschitzLinear(Linear):
    """y = Ŵx + b with each row of Ŵ no longer, in absolute sum, than softplus(c): an ∞-norm bound of the layer."""

    def __init__(self, inputs: int, outputs: int, space_scale: float, generator: torch.Generator) -> None:
        super().__init__(inputs, outputs, space_scale, generator)
        row_sum = self.weight.detach().abs().sum(1).max()
        self.bound = nn.Parameter(torch.log(torch.expm1(row_sum)).reshape(()))
        """softplus(bound) starts as the largest row sum, so that nothing is cut at first."""

    def effective_weight(self) -> Tensor:
        """Ŵ: rows that are longer than the bound are shortened to it."""
        weight: Tensor = self.weight
        return weight * (softplus(self.bound) / weight.abs().sum(1, keepdim=True)).clamp(max=1.0)


class LipschitzMLP(PlainMLP):
    """f(x, t), (n, 4) → (n, 1); the last layer is bounded like the others.

    In the ∞-norm |f(p) − f(q)| ≤ ∏ softplus(c) · |p − q|, with the coordinates of space multiplied by ``input_scale``
    before the first layer: that loosens the bound in space and leaves it tight in time.
    """

    layer_kind = LipschitzLinear

    def penalty(self) -> Tensor:
        """∏ softplus(c), the paper's regulariser."""
        bounds = [layer.bound for layer in self.linears if isinstance(layer, LipschitzLinear)]
        return torch.stack([softplus(bound) for bound in bounds]).prod()
