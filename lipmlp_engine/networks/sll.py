"""The network of SDP-based Lipschitz layers (Araujo et al., 2023): residual blocks that no weights can make expand."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from .orthogonal import BIAS_SPREAD, POLAR_STEPS, TIME_SPREAD, exact_polar, orthogonal_matrix, polar, shrunk_to_one


class SllBlock(nn.Module):
    """x − 2 Wᵀ T⁻¹ relu(W x + b) with T = diag(Σⱼ |W Wᵀ|ᵢⱼ qⱼ / qᵢ): 1-Lipschitz for every W, b and q > 0."""

    def __init__(self, width: int, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(orthogonal_matrix(width // 2, width, generator))
        self.bias = nn.Parameter(torch.randn(width // 2, generator=generator) * BIAS_SPREAD)
        self.log_q = nn.Parameter(torch.zeros(width // 2))

    def inverse_scale(self) -> Tensor:
        """The diagonal of T⁻¹."""
        q = self.log_q.exp()
        return q / ((self.weight @ self.weight.T).abs() @ q)

    def forward(self, values: Tensor) -> Tensor:
        raised = torch.addmm(self.bias, values, self.weight.T).relu() * self.inverse_scale()
        return torch.addmm(values, raised, self.weight, alpha=-2)


class SllMLP(nn.Module):
    """f(x, t), (n, 4) → (n, 1), with |∇ₓf| ≤ coefficient and |f_t| ≤ coefficient · ‖time‖ everywhere.

    A lift with orthonormal columns, ``depth`` blocks with half as many hidden neurons as the width, and a unit head.
    The bound holds whatever the blocks' weights are; training keeps their rows orthonormal all the same, because then
    T is the identity and a block is a reflection, which no gradient is lost in.
    """

    activation_name = "fold"
    """Of the exported network."""
    coefficient: Tensor

    def __init__(self, width: int, depth: int, coefficient: float, generator: torch.Generator) -> None:
        super().__init__()
        self.lift = nn.Parameter(orthogonal_matrix(width, 3, generator))
        self.time = nn.Parameter(torch.randn(width, generator=generator) * TIME_SPREAD)
        self.bias = nn.Parameter(torch.randn(width, generator=generator) * BIAS_SPREAD)
        self.blocks: list[SllBlock] = [SllBlock(width, generator) for _ in range(depth)]
        for index, block in enumerate(self.blocks):
            self.add_module(f"block{index}", block)
        self.head = nn.Parameter(orthogonal_matrix(1, width, generator))
        self.offset = nn.Parameter(torch.zeros(1))
        self.register_buffer("coefficient", torch.tensor(coefficient))

    def forward(self, points: Tensor) -> Tensor:
        values = torch.addmm(self.bias, points[:, :3], self.lift.T) + points[:, 3:] * self.time
        for block in self.blocks:
            values = block(values)
        return self.coefficient * torch.addmm(self.offset, values, self.head.T)

    def stages(self) -> list[Tensor]:
        """The lift with time and its bias; of each block W, b and 2 T⁻¹W; the head and the offset times the
        coefficient."""
        stages = [torch.cat([self.lift, self.time[:, None]], 1), self.bias]
        for block in self.blocks:
            stages += [block.weight, block.bias, 2 * block.inverse_scale()[:, None] * block.weight]
        return [*stages, self.coefficient * self.head, self.coefficient * self.offset]

    def effective(self) -> list[tuple[Tensor, Tensor]]:
        """A plain MLP of twice the width with the same values.

        The first half of its neurons is the state z, kept by the fold; the second is a block's W z + b and zeros, whose
        absolute value gives the ReLU: relu(u) = (u + |u|) / 2.
        """
        *layers, (weight, bias) = self._unscaled()
        return [*layers, (self.coefficient * weight, self.coefficient * bias)]

    def _unscaled(self) -> list[tuple[Tensor, Tensor]]:
        """The plain MLP of f / coefficient."""
        width = len(self.bias)
        weight, bias = torch.cat([self.lift, self.time[:, None]], 1), self.bias + 0.0
        layers = []
        for block in self.blocks:
            padding = weight.new_zeros(width - len(block.bias), weight.shape[1])
            layers.append(
                (
                    torch.cat([weight, block.weight @ weight, padding]),
                    torch.cat([bias, block.weight @ bias + block.bias, padding[:, 0]]),
                )
            )
            step = block.weight.T * block.inverse_scale()
            identity = torch.eye(width, dtype=weight.dtype, device=weight.device)
            weight = torch.cat([identity - step @ block.weight, -step, identity.new_zeros(width, len(padding))], 1)
            bias = -step @ block.bias
        return [*layers, (self.head @ weight, self.head @ bias + self.offset)]

    def penalty(self) -> Tensor:
        """The bound of |f_t|, the only one that is learned."""
        bound: Tensor = self.coefficient * self.time.norm()
        return bound

    @torch.no_grad()
    def tangent(self, gradients: list[Tensor]) -> list[Tensor]:
        """Gradients (in the order of ``parameters``) with what would only bend the blocks' rows taken out."""
        places = {id(parameter): k for k, parameter in enumerate(self.parameters())}
        chosen = [places[id(block.weight)] for block in self.blocks]
        weights = torch.stack([block.weight for block in self.blocks])
        steep = torch.stack([gradients[k] for k in chosen])
        bending = steep @ weights.mT
        result = list(gradients)
        for k, gradient in zip(chosen, steep - 0.5 * (bending + bending.mT) @ weights, strict=True):
            result[k] = gradient
        return result

    @torch.no_grad()
    def retract(self) -> None:
        """Lead the weights back after a step."""
        self.lift.copy_(polar(self.lift, POLAR_STEPS))
        self.head.div_(self.head.norm())
        weights = polar(torch.stack([block.weight for block in self.blocks]), POLAR_STEPS)
        for block, weight in zip(self.blocks, weights, strict=True):
            block.weight.copy_(weight)

    @torch.no_grad()
    def condensed(self) -> list[tuple[Tensor, Tensor]]:
        """The plain MLP of f / coefficient, 1-Lipschitz in space, after lift and head were corrected once and exactly.

        The blocks need no correction.
        """
        for weight in (self.lift, self.head):
            weight.copy_(shrunk_to_one(exact_polar(weight.cpu())))
        # Composed in double precision, so that single precision rounds each weight only once.
        exact = copy.deepcopy(self).cpu().double()._unscaled()
        return [(weight.to(self.lift), bias.to(self.lift)) for weight, bias in exact]

    @torch.no_grad()
    def singular_values(self) -> list[tuple[float, float]]:
        """Largest and smallest singular value of the lift, of each block's T^-½ W, and of the head."""
        exact = [copy.deepcopy(block).double() for block in self.blocks]
        scaled = [block.weight * block.inverse_scale().sqrt()[:, None] for block in exact]
        spectra = [torch.linalg.svdvals(weight.double()) for weight in [self.lift, *scaled, self.head]]
        return [(float(values.max()), float(values.min())) for values in spectra]
