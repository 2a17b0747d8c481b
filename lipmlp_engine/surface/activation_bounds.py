"""The networks' activations as the surface needs them: applied in place, differentiated, and enclosed over ranges.

An activation's linear enclosure over a range of inputs is ``mix(x, slope) + offset ± error``. For an elementwise
activation ``mix`` is a product; for GroupSort it mixes the two inputs of a pair. In both cases the map is symmetric, so
that the same ``mix`` pulls gradients and rows of coefficients back. Knows nothing about networks or boxes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..job.errors import JobError


class Activation:
    """An elementwise activation; the range of an input is ``centre ± (Σ|generators| + radius)``."""

    def apply_(self, inputs: Tensor) -> Tensor:
        """The activation, written over its inputs."""
        raise NotImplementedError

    def slope(self, inputs: Tensor) -> Tensor:
        """The derivative at the inputs, for ``mix``."""
        raise NotImplementedError

    def enclose(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Slope, offset and error of a linear enclosure over [low, high]."""
        raise NotImplementedError

    def slope_range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest derivative over [low, high]."""
        raise NotImplementedError

    def relax(self, centre: Tensor, generators: Tensor, radius: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Slope, offset and error of a linear enclosure over the inputs' ranges; generators are (3, m, n)."""
        reach = generators.abs().sum(0).add_(radius)
        return self.enclose(centre - reach, centre + reach)

    def mix(self, inputs: Tensor, slope: Tensor) -> Tensor:
        """The linear part of the activation; also what pulls a gradient back through it."""
        return inputs * slope


class ReLU(Activation):
    def apply_(self, inputs: Tensor) -> Tensor:
        return inputs.relu_()

    def slope(self, inputs: Tensor) -> Tensor:
        return (inputs > 0).to(inputs.dtype)

    def enclose(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        above, below = high.clamp(min=0), low.clamp(max=0)
        slope = above / (above - below).clamp_(min=torch.finfo(low.dtype).tiny)
        error = slope * below * -0.5
        return slope, error, error

    def slope_range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        return (low > 0).to(low.dtype), (high >= 0).to(low.dtype)


class Absolute(Activation):
    def apply_(self, inputs: Tensor) -> Tensor:
        return inputs.abs_()

    def slope(self, inputs: Tensor) -> Tensor:
        return torch.where(inputs < 0, -1.0, 1.0)

    def enclose(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slope, offset, error = ReLU().enclose(low, high)  # |x| = 2 relu(x) − x
        return 2 * slope - 1, 2 * offset, 2 * error

    def slope_range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        least, most = ReLU().slope_range(low, high)
        return 2 * least - 1, 2 * most - 1


class Fold(Activation):
    """Keeps the first half of the neurons and takes the absolute value of the second."""

    def apply_(self, inputs: Tensor) -> Tensor:
        inputs.chunk(2, -1)[1].abs_()
        return inputs

    def slope(self, inputs: Tensor) -> Tensor:
        kept, folded = inputs.chunk(2, -1)
        return torch.cat([torch.ones_like(kept), Absolute().slope(folded)], -1)

    def enclose(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slope, offset, error = Absolute().enclose(low.chunk(2, -1)[1], high.chunk(2, -1)[1])
        zeros = torch.zeros_like(slope)
        return (
            torch.cat([torch.ones_like(slope), slope], -1),
            torch.cat([zeros, offset], -1),
            torch.cat([zeros, error], -1),
        )

    def slope_range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        least, most = Absolute().slope_range(low.chunk(2, -1)[1], high.chunk(2, -1)[1])
        ones = torch.ones_like(least)
        return torch.cat([ones, least], -1), torch.cat([ones, most], -1)


class _Smooth(Activation):
    """A smooth activation, enclosed by its chord: the deviation is extreme where the derivative equals the chord's."""

    def value(self, inputs: Tensor) -> Tensor:
        raise NotImplementedError

    def tangents(self, slope: Tensor, middle: Tensor) -> tuple[Tensor, ...]:
        """Where the derivative equals ``slope``, the solutions nearest to ``middle``."""
        raise NotImplementedError

    def chord(self, low: Tensor, high: Tensor) -> Tensor:
        width = high - low
        return torch.where(
            width > 1e-4, (self.value(high) - self.value(low)) / width.clamp(min=1e-4), self.slope((low + high) * 0.5)
        )

    def enclose(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slope = self.chord(low, high)
        ends = self.value(low) - slope * low, self.value(high) - slope * high
        least, most = torch.minimum(*ends), torch.maximum(*ends)
        for point in self.tangents(slope, (low + high) * 0.5):
            point = torch.minimum(torch.maximum(point.nan_to_num(), low), high)
            deviation = self.value(point) - slope * point
            least, most = torch.minimum(least, deviation), torch.maximum(most, deviation)
        return slope, (most + least) * 0.5, (most - least) * 0.5


class Tanh(_Smooth):
    def apply_(self, inputs: Tensor) -> Tensor:
        return inputs.tanh_()

    def value(self, inputs: Tensor) -> Tensor:
        return inputs.tanh()

    def slope(self, inputs: Tensor) -> Tensor:
        return 1 - inputs.tanh().square_()

    def tangents(self, slope: Tensor, middle: Tensor) -> tuple[Tensor, ...]:
        point = (1 - slope).clamp(0, 1).sqrt_().atanh_()
        return point, -point

    def slope_range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        ends = self.slope(low), self.slope(high)
        return torch.minimum(*ends), torch.maximum(*ends).masked_fill((low <= 0) & (high >= 0), 1)


class Softplus(_Smooth):
    def apply_(self, inputs: Tensor) -> Tensor:
        return inputs.copy_(self.value(inputs))

    def value(self, inputs: Tensor) -> Tensor:
        return torch.nn.functional.softplus(inputs)

    def slope(self, inputs: Tensor) -> Tensor:
        return inputs.sigmoid()

    def tangents(self, slope: Tensor, middle: Tensor) -> tuple[Tensor, ...]:
        return (slope.clamp(0, 1).logit(),)

    def slope_range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        return self.slope(low), self.slope(high)


class Sine(_Smooth):
    def apply_(self, inputs: Tensor) -> Tensor:
        return inputs.sin_()

    def value(self, inputs: Tensor) -> Tensor:
        return inputs.sin()

    def slope(self, inputs: Tensor) -> Tensor:
        return inputs.cos()

    def tangents(self, slope: Tensor, middle: Tensor) -> tuple[Tensor, ...]:
        turn = 2 * math.pi
        angle = slope.clamp(-1, 1).acos()
        return tuple(point + turn * torch.round((middle - point) / turn) for point in (angle, -angle))

    def enclose(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        slope, offset, error = super().enclose(low, high)
        whole = high - low >= math.pi  # beyond half a turn the chord gains nothing over [-1, 1]
        return slope.masked_fill(whole, 0), offset.masked_fill(whole, 0), error.masked_fill(whole, 1)

    def slope_range(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
        ends = self.slope(low), self.slope(high)
        half_turns = torch.ceil(low / math.pi)  # the first multiple of π at or above low
        inside = half_turns * math.pi <= high
        wide = (half_turns + 1) * math.pi <= high
        even = half_turns.remainder(2) == 0
        least = torch.minimum(*ends).masked_fill((inside & ~even) | wide, -1)
        return least, torch.maximum(*ends).masked_fill((inside & even) | wide, 1)


class GroupSort(Activation):
    """Sorts each pair of neighbouring neurons, smaller first: min = x − relu(x − y), max = y + relu(x − y)."""

    def apply_(self, inputs: Tensor) -> Tensor:
        first, second = inputs[..., 0::2], inputs[..., 1::2]
        least, most = torch.minimum(first, second), torch.maximum(first, second)
        first.copy_(least)
        second.copy_(most)
        return inputs

    def slope(self, inputs: Tensor) -> Tensor:
        return (inputs[..., 0::2] > inputs[..., 1::2]).to(inputs.dtype)

    def relax(self, centre: Tensor, generators: Tensor, radius: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        middle = centre[..., 0::2] - centre[..., 1::2]
        reach = (generators[..., 0::2] - generators[..., 1::2]).abs().sum(0)
        reach += radius[..., 0::2] + radius[..., 1::2]
        slope, offset, error = ReLU().enclose(middle - reach, middle + reach)
        return slope, torch.stack((-offset, offset), -1).flatten(-2), error.repeat_interleave(2, -1)

    def mix(self, inputs: Tensor, slope: Tensor) -> Tensor:
        first, second = inputs[..., 0::2], inputs[..., 1::2]
        change = (second - first) * slope
        return torch.stack((first + change, second - change), -1).flatten(-2)


ACTIVATIONS: dict[str, Activation] = {
    "relu": ReLU(),
    "tanh": Tanh(),
    "softplus": Softplus(),
    "sine": Sine(),
    "groupsort": GroupSort(),
    "absolute": Absolute(),
    "fold": Fold(),
}


def activation(name: str) -> Activation:
    """The activation of that name."""
    if name not in ACTIVATIONS:
        raise JobError(f"There is no activation '{name}'; choose one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]
