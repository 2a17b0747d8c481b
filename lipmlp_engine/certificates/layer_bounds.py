"""Lipschitz bounds of a plain MLP from its layers alone, in double precision; knows nothing of regions or samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..networks.plain_export import Layers

ROUNDING = 1 + 1e-12
"""Covers what double precision may lose in a product of a few matrix norms.

Chosen: some thousand roundings of double precision.
"""


@dataclass(frozen=True)
class Bound:
    """|f(x, t) − f(y, t)| ≤ space · |x − y| in the Euclidean norm, and |f(x, t) − f(x, s)| ≤ time · |t − s|."""

    space: float
    time: float

    def tightest(self, other: Bound) -> Bound:
        """Both bounds hold, so that the smaller one of each does."""
        return Bound(min(self.space, other.space), min(self.time, other.time))


def spectral_bound(layers: Layers) -> Bound:
    """Product of the layers' largest singular values."""
    rest = math.prod(spectral_norm(weight) for weight, _ in layers[1:])
    first = layers[0][0].double()
    return Bound(spectral_norm(first[:, :3]) * rest * ROUNDING, float(first[:, 3].norm()) * rest * ROUNDING)


def row_sum_bound(layers: Layers) -> Bound:
    """Product of the layers' largest absolute row sums, the paper's bound.

    It bounds the sum of the gradient's absolute components, and so its Euclidean length.
    """
    rest = math.prod(float(weight.double().abs().sum(1).max()) for weight, _ in layers[1:])
    first = layers[0][0].double().abs()
    return Bound(float(first[:, :3].sum(1).max()) * rest * ROUNDING, float(first[:, 3].max()) * rest * ROUNDING)


def entrywise_bound(layers: Layers, activation: str) -> Bound:
    """Product of the matrices of absolute entries: what the gradient's components cannot exceed one by one."""
    row = layers[-1][0].double().abs()
    for weight, _ in reversed(layers[:-1]):
        row = _through(row, weight.double(), activation)
    return Bound(float(row[0, :3].norm()) * ROUNDING, float(row[0, 3]) * ROUNDING)


def _through(row: Tensor, weight: Tensor, activation: str) -> Tensor:
    """Bounds (1, inputs) on the derivatives by a layer's inputs, from those by its activated outputs."""
    if activation == "fullsort":
        # Any neuron may land in any place: the largest derivative by an output meets the largest weights.
        ordered = row[0].sort(descending=True).values
        return (ordered[:, None] * weight.abs().sort(0, descending=True).values).sum(0, keepdim=True)
    if activation == "groupsort":
        first, second = row[0, 0::2, None], row[0, 1::2, None]
        above, below = weight.abs()[0::2], weight.abs()[1::2]
        return torch.maximum(first * above + second * below, first * below + second * above).sum(0, keepdim=True)
    return row @ weight.abs()  # every other activation acts on its neurons one by one, with slopes of at most one


def spectral_norm(weight: Tensor) -> float:
    """The largest singular value."""
    return float(torch.linalg.matrix_norm(weight.double(), 2))


def singular_values(layers: Layers) -> list[tuple[float, float]]:
    """Largest and smallest singular value of each layer; of the first one, without time."""
    matrices = [layers[0][0][:, :3], *(weight for weight, _ in layers[1:])]
    spectra = [torch.linalg.svdvals(weight.double()) for weight in matrices]
    return [(float(values.max()), float(values.min())) for values in spectra]


def residual_bound(parameters: dict[str, Tensor], layers: Layers) -> Bound:
    """The bound of an SLL network, from its blocks as they are stored and the plain layers made of them.

    With λ the largest eigenvalue of T^-½ W Wᵀ T^-½, the Jacobian I − 2 Wᵀ T⁻¹ D W of a block is symmetric for every
    slope D of the ReLU, with eigenvalues between 1 − 2λ and 1. What the plain layers lost to single precision is added.
    """
    exact = {name: values.detach().cpu().double() for name, values in parameters.items()}
    blocks: list[tuple[Tensor, Tensor]] = []
    while f"block{len(blocks)}.weight" in exact:
        name = f"block{len(blocks)}"
        weight, q = exact[f"{name}.weight"], exact[f"{name}.log_q"].exp()
        blocks.append((weight, q / ((weight @ weight.T).abs() @ q)))
    product = spectral_norm(exact["head"])
    for weight, inverse in blocks:
        product *= max(1.0, 2 * spectral_norm(inverse.sqrt()[:, None] * weight) ** 2 - 1)
    lost = _composition_error(exact, blocks, layers)
    space = spectral_norm(exact["lift"]) * product + lost
    return Bound(space * ROUNDING, (float(exact["time"].norm()) * product + lost) * ROUNDING)


def _composition_error(exact: dict[str, Tensor], blocks: list[tuple[Tensor, Tensor]], layers: Layers) -> float:
    """By how much the gradient of the plain layers can differ from that of the blocks."""
    width = len(exact["bias"])
    weight = torch.cat([exact["lift"], exact["time"][:, None]], 1)
    matrices = []
    for block, inverse in blocks:
        padding = width - len(block)
        matrices.append(torch.cat([weight, block @ weight, weight.new_zeros(padding, weight.shape[1])]))
        step = block.T * inverse
        identity = torch.eye(width, dtype=torch.float64)
        weight = torch.cat([identity - step @ block, -step, step.new_zeros(width, padding)], 1)
    matrices.append(exact["head"] @ weight)
    kept = [weight.detach().cpu().double() for weight, _ in layers]
    norms = [max(spectral_norm(a), spectral_norm(b)) for a, b in zip(matrices, kept, strict=True)]
    errors = [spectral_norm(a - b) for a, b in zip(matrices, kept, strict=True)]
    return sum(error * math.prod(norms[:k] + norms[k + 1 :]) for k, error in enumerate(errors))
