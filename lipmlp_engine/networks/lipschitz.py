"""The Lipschitz MLP of Liu et al. (2022): every layer carries a bound of its own, learned and softly penalised."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from .activations import activation
from .plain import first_weights, hidden_bias


class LipschitzLinear(nn.Module):
    """y = Ŵx + b with each row of Ŵ no longer, in absolute sum, than softplus(c): an ∞-norm bound of the layer."""

    def __init__(self, inputs: int, outputs: int, scale: float, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(first_weights(inputs, outputs, scale, generator))
        self.bias = nn.Parameter(hidden_bias(inputs, outputs, generator))
        row_sum = self.weight.detach().abs().sum(1).max()
        self.bound = nn.Parameter(torch.log(torch.expm1(row_sum)).reshape(()))
        """softplus(bound) starts as the largest row sum, so that nothing is cut at first."""

    def constrained(self) -> Tensor:
        """Ŵ: rows that are longer than the bound are shortened to it."""
        return self.weight * (softplus(self.bound) / self.weight.abs().sum(1, keepdim=True)).clamp(max=1.0)

    def forward(self, values: Tensor) -> Tensor:
        return torch.addmm(self.bias, values, self.constrained().T)


class LipschitzMLP(nn.Module):
    """f(x, t), (n, 4) → (n, 1); the last layer is bounded like the others.

    In the ∞-norm |f(p) − f(q)| ≤ ∏ softplus(c) · |p − q|, with the coordinates of space multiplied by ``input_scale``
    before the first layer: that loosens the bound in space and leaves it tight in time.
    """

    def __init__(
        self, width: int, depth: int, activation_name: str, input_scale: float, generator: torch.Generator
    ) -> None:
        super().__init__()
        sizes = [4] + [width] * depth + [1]
        self.layers = nn.ModuleList(
            LipschitzLinear(a, b, input_scale if k == 0 else 1.0, generator)
            for k, (a, b) in enumerate(zip(sizes, sizes[1:], strict=False))
        )
        self.activation = activation(activation_name)
        self.activation_name = activation_name
        self.register_buffer("input_scale", torch.tensor([input_scale] * 3 + [1.0]))

    def forward(self, points: Tensor) -> Tensor:
        values = points * self.input_scale
        for layer in self.layers[:-1]:
            values = self.activation(layer(values))
        return self.layers[-1](values)  # type: ignore[no-any-return]

    def effective(self) -> list[tuple[Tensor, Tensor]]:
        """The weights and biases of the plain MLP that computes the same values."""
        layers = [(layer.constrained(), layer.bias) for layer in self.layers]
        return [(layers[0][0] * self.input_scale, layers[0][1]), *layers[1:]]

    def penalty(self) -> Tensor:
        """∏ softplus(c), the paper's regulariser."""
        return torch.stack([softplus(layer.bound) for layer in self.layers]).prod()
