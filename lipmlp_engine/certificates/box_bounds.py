"""Ranges of an MLP and of its gradient over boxes of space and time, and the Lipschitz bounds that these prove.

Knows nothing of how a network was made: only its layers and its activation count.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..networks.plain_export import Layers
from ..surface.activation_bounds import Activation, GroupSort
from ..surface.activation_bounds import activation as activation_named
from .layer_bounds import Bound

BATCH = 512
"""Boxes halved at once where a bound is refined. Chosen."""
SYMBOLS = 16
"""Uncertain neurons of a layer that are followed one by one, both ways: what they do can cancel further on.

The rest are only added up. Fewer are cheaper and looser. Chosen.
"""
VALUE_SHARE = 0.5
"""How much the range of values counts beside the kinks where it is decided across which axis a box is cut. Chosen."""
SLACK = 1e-9
"""Relative widening of every range, for what double precision loses.

Chosen: some million roundings of double precision.
"""

Spans = list[tuple[Tensor, Tensor]]
"""Least and largest derivative of the activation, by each neuron of a layer, layer by layer."""


@dataclass
class Ranges:
    """Over each of m boxes: f within value ± reach, and its gradient by x, y, z, t within slope ± spread, (m, 4).

    The gradient is Clarke's: where the function has a kink, all that lies between the slopes of its sides.
    """

    value: Tensor
    reach: Tensor
    slope: Tensor
    spread: Tensor


@dataclass
class _Linear:
    """Rows of numbers (m, n), each centre + Σ symbols (s, m, n) with factors in [-1, 1] ± radius."""

    centre: Tensor
    symbols: Tensor
    radius: Tensor

    def times(self, matrix: Tensor) -> _Linear:
        return _Linear(self.centre @ matrix, self.symbols @ matrix, self.radius @ matrix.abs())

    def size(self) -> Tensor:
        """How far the numbers lie from their centre at most."""
        return self.symbols.abs().sum(0) + self.radius

    def with_errors(self, errors: Tensor) -> _Linear:
        """Independent errors (m, n) added, the largest as symbols of their own."""
        count = min(SYMBOLS, errors.shape[1])
        count = min(count, int((errors > 0).sum(1).max())) if len(errors) else 0
        largest = errors.topk(count, 1, sorted=False)
        fresh = errors.new_zeros(count, *errors.shape)
        fresh.scatter_(2, largest.indices.T.unsqueeze(2), largest.values.T.unsqueeze(2))
        rest = errors.scatter(1, largest.indices, 0.0)
        return _Linear(self.centre, torch.cat([self.symbols, fresh]), self.radius + rest)


class RegionBounds:
    """Sound ranges of one network, helped by a bound on it that is already known."""

    def __init__(self, layers: Layers, activation: str, known: Bound) -> None:
        self._known = known
        self._layers = [(weight.detach().cpu().double(), bias.detach().cpu().double()) for weight, bias in layers]
        self._activation: Activation = activation_named(activation)

    def ranges(self, centre: Tensor, half: Tensor) -> Ranges:
        """Over boxes (m, 4) in double precision: affine arithmetic forwards, and backwards for the gradient."""
        spans, output, _ = self._forwards(centre, half)
        gradient = self._backwards(spans, len(centre)).times(self._layers[0][0])
        slope, spread = gradient.centre, gradient.size()
        value, reach = output.centre[:, 0], output.size()[:, 0]
        # f also stays within what its gradient allows from the centre on.
        by_slope = ((slope.abs() + spread) * half).sum(1).minimum(self._known_reach(half))
        at_centre = self._at(centre)
        near = by_slope < reach
        value, reach = torch.where(near, at_centre, value), torch.where(near, by_slope, reach)
        widen = SLACK * (1 + value.abs() + reach)
        return Ranges(value, reach + widen, slope, spread + SLACK * (1 + slope.abs() + spread))

    def rise(self, centre: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
        """How fast f rises at least along some direction of space that is the same for all of a box, (m,), infinite in
        boxes that the surface cannot cross; and across which axis (m,) to cut a box to learn more."""
        rise = torch.full((len(centre),), torch.inf, dtype=torch.float64)
        axis = half.argmax(1)
        value = self._at(centre)
        near = (value.abs() <= self._known_reach(half) + SLACK * (1 + value.abs())).nonzero()[:, 0]
        spans, output, blame = self._forwards(centre[near], half[near])
        value, reach = output.centre[:, 0].abs(), output.size()[:, 0]
        crossed = value <= reach + SLACK * (1 + value + reach)
        spans = [(low[crossed], high[crossed]) for low, high in spans]
        near = near[crossed]
        # Either may settle a box: fewer kinks in it, or a narrower range of values, which leaves the surface out.
        moved = output.symbols[:4, :, 0].abs().T
        axis[near] = (_shares(blame) + VALUE_SHARE * _shares(moved))[crossed].argmax(1)
        first = self._layers[0][0]
        slopes = self._backwards(spans, len(near))
        gradient = slopes.times(first)
        direction = torch.nn.functional.normalize(gradient.centre[:, :3])
        # Along one direction, the first layer is taken before its sign is lost.
        least = (gradient.centre[:, :3] * direction).sum(1)
        least -= (gradient.symbols[..., :3] * direction).sum(-1).abs().sum(0)
        least -= (slopes.radius * (direction @ first[:, :3].T).abs()).sum(1)
        rise[near] = least - SLACK * (1 + gradient.centre.abs() + gradient.size()).sum(1)
        return rise, axis

    def _known_reach(self, half: Tensor) -> Tensor:
        reach: Tensor = half[:, :3].norm(dim=1) * self._known.space + half[:, 3] * self._known.time
        return reach

    def _at(self, points: Tensor) -> Tensor:
        for weight, bias in self._layers[:-1]:
            points = self._activation.apply_(torch.addmm(bias, points, weight.T))
        return torch.addmm(self._layers[-1][1], points, self._layers[-1][0].T)[:, 0]

    def _forwards(self, centre: Tensor, half: Tensor) -> tuple[Spans, _Linear, Tensor]:
        """The slopes that every neuron may have, the output, and how much each axis (m, 4) moves uncertain neurons."""
        neurons = _Linear(centre, torch.diag_embed(half).transpose(0, 1), torch.zeros_like(centre))
        spans = []
        blame = torch.zeros_like(centre)
        mix = self._activation.mix
        for weight, bias in self._layers[:-1]:
            neurons = neurons.times(weight.T)
            neurons.centre = neurons.centre + bias
            deciding = self._deciding(neurons)
            low, high = self._slopes(deciding)
            spans.append((low, high))
            blame += (deciding.symbols[:4].abs() * (high - low)).sum(2).T
            slope, offset, error = self._activation.relax(neurons.centre, neurons.symbols, neurons.radius)
            neurons = _Linear(
                mix(neurons.centre, slope) + offset, mix(neurons.symbols, slope), mix(neurons.radius, slope.abs())
            ).with_errors(error)
        weight, bias = self._layers[-1]
        output = neurons.times(weight.T)
        output.centre = output.centre + bias
        return spans, output, blame

    def _deciding(self, neurons: _Linear) -> _Linear:
        """What decides the slopes: the neurons themselves, or of a sort the differences within its pairs."""
        if not isinstance(self._activation, GroupSort):
            return neurons
        centre, symbols, radius = neurons.centre, neurons.symbols, neurons.radius
        return _Linear(
            centre[:, 0::2] - centre[:, 1::2],
            symbols[..., 0::2] - symbols[..., 1::2],
            radius[:, 0::2] + radius[:, 1::2],
        )

    def _slopes(self, deciding: _Linear) -> tuple[Tensor, Tensor]:
        """Least and largest derivative of the activation (of a sort: share of swapping)."""
        reach = deciding.size()
        low, high = deciding.centre - reach, deciding.centre + reach
        if isinstance(self._activation, GroupSort):
            return (low > 0).double(), (high >= 0).double()
        return self._activation.slope_range(low, high)

    def _backwards(self, spans: Spans, count: int) -> _Linear:
        """The derivatives by what enters the first layer's activations."""
        row = self._layers[-1][0].expand(count, -1)
        slopes = _Linear(row, row.new_zeros(0, *row.shape), torch.zeros_like(row))
        slopes = self._pulled_back(slopes, spans[-1])
        for (weight, _), span in zip(reversed(self._layers[1:-1]), reversed(spans[:-1]), strict=True):
            slopes = self._pulled_back(slopes.times(weight), span)
        return slopes

    def _pulled_back(self, row: _Linear, span: tuple[Tensor, Tensor]) -> _Linear:
        """A row of derivatives through an activation whose own slopes are uncertain."""
        middle, half = (span[0] + span[1]) / 2, (span[1] - span[0]) / 2
        mix = self._activation.mix
        if isinstance(self._activation, GroupSort):
            apart = self._deciding(row)
            errors = ((apart.centre.abs() + apart.size()) * half).repeat_interleave(2, -1)
        else:
            errors = (row.centre.abs() + row.size()) * half
        pulled = _Linear(mix(row.centre, middle), mix(row.symbols, middle), mix(row.radius, middle.abs()))
        return pulled.with_errors(errors)


def _shares(sizes: Tensor) -> Tensor:
    """Rows of sizes as shares of their sum, or zeros."""
    shares: Tensor = sizes / sizes.sum(1, keepdim=True).clamp(min=1e-300)
    return shares


def refined_bound(network: RegionBounds, last_time: float, rounds: int) -> Bound:
    """Bounds over the whole training frame: the worst box, after ``rounds`` of halving the boxes that are worst."""
    centre, half = frame_boxes(0.0, last_time)
    space, time = _steepness(network.ranges(centre, half))
    for _ in range(rounds):
        worst = torch.maximum(space / space.max(), time / time.max()).topk(min(len(space), BATCH)).indices
        kept = torch.ones(len(space), dtype=torch.bool)
        kept[worst] = False
        halves = halved(centre[worst], half[worst], half[worst].argmax(1))
        steepness = _steepness(network.ranges(*halves))
        centre, half = torch.cat([centre[kept], halves[0]]), torch.cat([half[kept], halves[1]])
        space, time = torch.cat([space[kept], steepness[0]]), torch.cat([time[kept], steepness[1]])
    return Bound(float(space.max()), float(time.max()))


def frame_boxes(start: float, end: float) -> tuple[Tensor, Tensor]:
    """The training frame over an interval of time, cut into 8 x 8 x 8 boxes."""
    side = torch.linspace(-1, 1, 9, dtype=torch.float64)[:-1] + 0.125
    space = torch.cartesian_prod(side, side, side)
    centre = torch.cat([space, torch.full((len(space), 1), (start + end) / 2, dtype=torch.float64)], 1)
    half = torch.tensor([0.125, 0.125, 0.125, (end - start) / 2], dtype=torch.float64).expand(len(space), 4)
    return centre, half.clone()


def halved(centre: Tensor, half: Tensor, axis: Tensor) -> tuple[Tensor, Tensor]:
    """Every box cut in two across its axis (m,)."""
    across = torch.nn.functional.one_hot(axis, 4).double()
    smaller = half * (1 - 0.5 * across)
    return torch.cat([centre - smaller * across, centre + smaller * across]), torch.cat([smaller, smaller])


def _steepness(found: Ranges) -> tuple[Tensor, Tensor]:
    """The longest gradient in space and the largest change in time that the ranges allow, (m,) each."""
    largest = found.slope.abs() + found.spread
    return largest[:, :3].norm(dim=1), largest[:, 3]
