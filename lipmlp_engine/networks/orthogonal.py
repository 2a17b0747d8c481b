"""The network that is Lipschitz in space by construction: orthogonal layers, and a time that only moves a bias.

The weights are not reparametrised. They lie on the set of orthogonal matrices and the optimiser's steps are led back
to it (``tangent`` before a step, ``retract`` after), so that a step costs what it costs for a plain MLP.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .activations import activation, householder

POLAR_STEPS = 2
"""Björck iterations after a step of the optimiser, whose result is never far from orthogonal. Chosen."""
BIAS_SPREAD = 0.05
"""Standard deviation of biases at the start. Chosen."""
TIME_SPREAD = 0.1
"""The same of how time shifts the first layer. Chosen."""
FOLDED = ("groupsort", "householder")
"""Activations that are a fold in another basis; the exported network has the fold."""


def polar(matrices: Tensor, steps: int) -> Tensor:
    """Björck iterations towards the nearest matrices with orthonormal columns (or rows, if they are wide).

    Converges for singular values below √3, quadratically near one.
    """
    kept = matrices.dtype
    if matrices.is_cuda:
        matrices = matrices.double()  # single precision may be TF32 there, too coarse for what is corrected at the end
    for _ in range(steps):
        if matrices.shape[-2] >= matrices.shape[-1]:
            matrices = 1.5 * matrices - 0.5 * matrices @ (matrices.mT @ matrices)
        else:
            matrices = 1.5 * matrices - 0.5 * (matrices @ matrices.mT) @ matrices
    return matrices.to(kept)


def exact_polar(matrix: Tensor) -> Tensor:
    """The nearest matrix with orthonormal columns or rows, in double precision."""
    left, _, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    nearest: Tensor = left @ right
    return nearest


def shrunk_to_one(matrix: Tensor) -> Tensor:
    """The single-precision matrix next to this one whose largest singular value, computed exactly, is at most one."""
    single = matrix.float()
    largest = float(torch.linalg.matrix_norm(single.double(), 2))
    while largest > 1:
        single = (single.double() * ((1 - 2.0**-23) / largest)).float()
        largest = float(torch.linalg.matrix_norm(single.double(), 2))
    return single


def orthogonal_matrix(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """A random matrix with orthonormal columns, or rows where it is wide."""
    matrix = torch.empty(rows, columns)
    nn.init.orthogonal_(matrix, generator=generator)
    return matrix


class OrthogonalMLP(nn.Module):
    """f(x, t), (n, 4) → (n, 1), with |∇ₓf| ≤ coefficient and |f_t| ≤ coefficient · ‖time‖ everywhere.

    The lift from space has orthonormal columns, hidden matrices are orthogonal, the head is a unit vector. Each layer
    may multiply by a depth-th root of the coefficient; these commute with the activations and are gathered at the head.
    """

    coefficient: Tensor

    def __init__(
        self,
        width: int,
        depth: int,
        activation_name: str,
        coefficient: float,
        generator: torch.Generator,
        inputs: int = 3,
    ) -> None:
        """``inputs`` are the dimensions of space; time is one more and comes last."""
        super().__init__()
        self.lift = nn.Parameter(orthogonal_matrix(width, inputs, generator))
        self.time = nn.Parameter(torch.randn(width, generator=generator) * TIME_SPREAD)
        self.hidden = nn.ParameterList(orthogonal_matrix(width, width, generator) for _ in range(depth - 1))
        self.biases = nn.ParameterList(torch.randn(width, generator=generator) * BIAS_SPREAD for _ in range(depth))
        self.head = nn.Parameter(orthogonal_matrix(1, width, generator))
        self.offset = nn.Parameter(torch.zeros(1))
        self.angles = nn.ParameterList(
            torch.full((width // 2,), torch.pi / 2) for _ in range(depth if activation_name == "householder" else 0)
        )
        self.activation_name = "fold" if activation_name in FOLDED else activation_name
        self._activation = activation(self.activation_name)
        self.register_buffer("coefficient", torch.tensor(coefficient))

    def forward(self, points: Tensor) -> Tensor:
        space, time = points[:, :-1], points[:, -1:]
        values = torch.addmm(self.biases[0], space, self.lift.T) + time * self.time
        values = self._activate(values, 0)
        for index, weight in enumerate(self.hidden, 1):
            values = self._activate(torch.addmm(self.biases[index], values, weight.T), index)
        return self.coefficient * torch.addmm(self.offset, values, self.head.T)

    def _activate(self, values: Tensor, index: int) -> Tensor:
        return householder(values, self.angles[index]) if len(self.angles) else self._activation(values)

    def effective(self) -> list[tuple[Tensor, Tensor]]:
        """The weights and biases of the plain MLP that computes the same values."""
        *layers, (weight, bias) = self._unscaled()
        return [*layers, (self.coefficient * weight, self.coefficient * bias)]

    def _unscaled(self) -> list[tuple[Tensor, Tensor]]:
        """The plain MLP of f / coefficient."""
        weights = [torch.cat([self.lift, self.time[:, None]], 1), *self.hidden, self.head]
        biases = [*self.biases, self.offset]
        for index, angle in enumerate(self.angles):
            weights[index], biases[index] = _turned(weights[index], angle), _turned(biases[index][:, None], angle)[:, 0]
            weights[index + 1] = _turned(weights[index + 1].T, angle).T
        return list(zip(weights, biases, strict=True))

    def penalty(self) -> Tensor:
        """The bound of |f_t|, the only one that is learned."""
        bound: Tensor = self.coefficient * self.time.norm()
        return bound

    @torch.no_grad()
    def tangent(self, gradients: list[Tensor]) -> list[Tensor]:
        """Gradients (in the order of ``parameters``) with what would only leave the orthogonal matrices taken out."""
        square = {id(weight) for weight in self.hidden}
        chosen = [k for k, parameter in enumerate(self.parameters()) if id(parameter) in square]
        if not chosen:
            return gradients
        weights = torch.stack(list(self.hidden))
        inner = weights.mT @ torch.stack([gradients[k] for k in chosen])
        result = list(gradients)
        for k, gradient in zip(chosen, weights @ (inner - inner.mT) * 0.5, strict=True):
            result[k] = gradient
        return result

    @torch.no_grad()
    def retract(self) -> None:
        """Lead the weights back after a step."""
        self.lift.copy_(polar(self.lift, POLAR_STEPS))
        self.head.div_(self.head.norm())
        if len(self.hidden):
            for weight, led_back in zip(self.hidden, polar(torch.stack(list(self.hidden)), POLAR_STEPS), strict=True):
                weight.copy_(led_back)

    @torch.no_grad()
    def condensed(self) -> list[tuple[Tensor, Tensor]]:
        """The plain MLP of f / coefficient, 1-Lipschitz in space, after the weights were corrected once and exactly."""
        for weight in [self.lift, self.head, *self.hidden]:
            weight.copy_(shrunk_to_one(exact_polar(weight.cpu())))
        return self._unscaled()

    @torch.no_grad()
    def singular_values(self) -> list[tuple[float, float]]:
        """Largest and smallest singular value of each layer, the lift first and the head last."""
        spectra = [torch.linalg.svdvals(weight.double()) for weight in [self.lift, *self.hidden, self.head]]
        return [(float(values.max()), float(values.min())) for values in spectra]


def _turned(weight: Tensor, angle: Tensor) -> Tensor:
    """Rows k and k + half in the basis along the reflecting line and across it, where reflecting is a fold."""
    first, second = weight.chunk(2, 0)
    cosine, sine = angle.cos()[:, None], angle.sin()[:, None]
    return torch.cat([sine * first - cosine * second, cosine * first + sine * second])
