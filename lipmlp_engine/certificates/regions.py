"""Ranges of an MLP and of its gradient over boxes of space and time, and what they prove when boxes are refined.

Knows nothing of how a network was made: only its layers and its activation count.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..networks.condense import Layers
from ..surface.activations import Activation, GroupSort
from ..surface.activations import activation as activation_named
from .layer_bounds import Bound

BATCH = 1024
"""Boxes worked on at once."""
SLACK = 1e-9
"""Relative widening of every range, for what double precision loses."""


@dataclass
class Ranges:
    """Over each of m boxes: f within value ± reach, and its gradient by x, y, z, t within slope ± spread, (m, 4)."""

    value: Tensor
    reach: Tensor
    slope: Tensor
    spread: Tensor


class RegionBounds:
    """Sound ranges of one network, helped by a bound on it that is already known."""

    def __init__(self, layers: Layers, activation: str, known: Bound) -> None:
        self._known = known
        self._layers = [(weight.detach().cpu().double(), bias.detach().cpu().double()) for weight, bias in layers]
        self._activation: Activation = activation_named(activation)

    def ranges(self, centre: Tensor, half: Tensor) -> Ranges:
        """Over boxes (m, 4) in double precision: affine arithmetic forwards, intervals backwards."""
        middle, radius = centre, torch.zeros_like(centre)
        generators = torch.diag_embed(half).transpose(0, 1)
        slopes = []
        for weight, bias in self._layers[:-1]:
            middle = torch.addmm(bias, middle, weight.T)
            generators = generators @ weight.T
            radius = radius @ weight.abs().T
            slopes.append(self._slopes(middle, generators, radius))
            slope, offset, error = self._activation.relax(middle, generators, radius)
            middle = self._activation.mix(middle, slope) + offset
            generators = self._activation.mix(generators, slope)
            radius = self._activation.mix(radius, slope.abs()) + error
        weight, bias = self._layers[-1]
        value = torch.addmm(bias, middle, weight.T)[:, 0]
        reach = (generators @ weight.T).abs().sum(0)[:, 0] + (radius @ weight.abs().T)[:, 0]
        slope, spread = weight.expand(len(centre), -1), torch.zeros(len(centre), weight.shape[1], dtype=torch.float64)
        for (weight, _), (low, high) in zip(reversed(self._layers[:-1]), reversed(slopes), strict=True):
            slope, spread = self._pulled_back(slope, spread, (low + high) / 2, (high - low) / 2)
            slope, spread = slope @ weight, spread @ weight.abs()
        # f also stays within what its gradient allows from the centre on.
        by_slope = ((slope.abs() + spread) * half).sum(1)
        by_slope = by_slope.minimum(half[:, :3].norm(dim=1) * self._known.space + half[:, 3] * self._known.time)
        at_centre = self._at(centre)
        near = by_slope < reach
        value, reach = torch.where(near, at_centre, value), torch.where(near, by_slope, reach)
        widen = SLACK * (1 + value.abs() + reach)
        return Ranges(value, reach + widen, slope, spread + SLACK * (1 + slope.abs() + spread))

    def _at(self, points: Tensor) -> Tensor:
        for weight, bias in self._layers[:-1]:
            points = self._activation.apply_(torch.addmm(bias, points, weight.T))
        return torch.addmm(self._layers[-1][1], points, self._layers[-1][0].T)[:, 0]

    def _slopes(self, middle: Tensor, generators: Tensor, radius: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest derivative of the activation (of a sort: share of swapping) over the neurons' ranges."""
        if isinstance(self._activation, GroupSort):
            difference = middle[:, 0::2] - middle[:, 1::2]
            reach = (generators[..., 0::2] - generators[..., 1::2]).abs().sum(0) + radius[:, 0::2] + radius[:, 1::2]
            return (difference - reach > 0).double(), (difference + reach >= 0).double()
        reach = generators.abs().sum(0) + radius
        return self._activation.slope_range(middle - reach, middle + reach)

    def _pulled_back(self, slope: Tensor, spread: Tensor, middle: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
        """A row of derivatives slope ± spread through an activation whose own slopes are middle ± half."""
        if isinstance(self._activation, GroupSort):
            moved = (slope[:, 1::2] - slope[:, 0::2]).abs() + (spread[:, 1::2] - spread[:, 0::2]).abs()
            extra = (moved * half).repeat_interleave(2, -1)
            return self._activation.mix(slope, middle), self._activation.mix(spread, middle) + extra
        return slope * middle, slope.abs() * half + spread * (middle.abs() + half)


def refined_bound(network: RegionBounds, last_time: float, rounds: int) -> Bound:
    """Bounds over the whole training frame: the worst box, after ``rounds`` of halving the boxes that are worst."""
    centre, half = _frame(0.0, last_time)
    space, time = _steepness(network.ranges(centre, half))
    for _ in range(rounds):
        worst = torch.maximum(space / space.max(), time / time.max()).topk(min(len(space), BATCH // 2)).indices
        kept = torch.ones(len(space), dtype=torch.bool)
        kept[worst] = False
        halves = _halved(centre[worst], half[worst])
        steepness = _steepness(network.ranges(*halves))
        centre, half = torch.cat([centre[kept], halves[0]]), torch.cat([half[kept], halves[1]])
        space, time = torch.cat([space[kept], steepness[0]]), torch.cat([time[kept], steepness[1]])
    return Bound(float(space.max()), float(time.max()))


@dataclass(frozen=True)
class TopologyProof:
    """What could be proved about the surface between two times."""

    proved: bool
    settled: float
    """Share of the searched volume of space and time that holds no surface or only surface without a critical point."""
    fastest: float
    """Bound on the surface's speed in training-frame units per unit of time; infinite where nothing is proved."""


def prove_topology(network: RegionBounds, start: float, end: float, rounds: int) -> TopologyProof:
    """Try, in so many rounds of halving boxes, to prove that the surface keeps its topology over an interval of time.

    It does where in every box that the surface may cross there is one direction in which f rises at every point and
    time: then the surfaces of all times are graphs over each other, box by box, and none can be born, merge or split.
    The surface must also stay clear of the frame's border.
    """
    centre, half = _frame(start, end)
    total = float(half.prod(1).sum())
    open_volume, fastest, touches = total, 0.0, False
    for _ in range(rounds):
        if not len(centre) or touches:
            break
        # The largest boxes first, so that easy space is settled before the rounds run out.
        order = half.prod(1).argsort(descending=True)
        now, later = order[:BATCH], order[BATCH:]
        found = network.ranges(centre[now], half[now])
        crossed = found.value.abs() <= found.reach
        space = found.slope[:, :3]
        direction = space / space.norm(dim=1, keepdim=True).clamp(min=1e-30)
        rise = (space * direction).sum(1) - (found.spread[:, :3] * direction.abs()).sum(1)
        regular = rise > 0
        at_border = ((centre[now, :3].abs() + half[now, :3]) >= 1 - 1e-9).any(1)
        settled = ~crossed | (regular & ~at_border)
        speeds = (found.slope[:, 3].abs() + found.spread[:, 3])[crossed & settled] / rise[crossed & settled]
        fastest = max(fastest, float(speeds.max()) if len(speeds) else 0.0)
        open_volume -= float(half[now][settled].prod(1).sum())
        touches = bool((crossed & at_border & (half[now, :3].amax(1) < 1e-3)).any())
        halves = _halved(centre[now][~settled], half[now][~settled])
        centre, half = torch.cat([centre[later], halves[0]]), torch.cat([half[later], halves[1]])
    proved = not len(centre)
    return TopologyProof(proved, 1.0 if proved else 1 - open_volume / total, fastest if proved else float("inf"))


def _frame(start: float, end: float) -> tuple[Tensor, Tensor]:
    """The training frame over an interval of time, cut into 8 x 8 x 8 boxes."""
    side = torch.linspace(-1, 1, 9, dtype=torch.float64)[:-1] + 0.125
    space = torch.cartesian_prod(side, side, side)
    centre = torch.cat([space, torch.full((len(space), 1), (start + end) / 2, dtype=torch.float64)], 1)
    half = torch.tensor([0.125, 0.125, 0.125, (end - start) / 2], dtype=torch.float64).expand(len(space), 4)
    return centre, half.clone()


def _halved(centre: Tensor, half: Tensor) -> tuple[Tensor, Tensor]:
    """Every box cut in two across its longest side."""
    axis = torch.nn.functional.one_hot(half.argmax(1), 4).double()
    smaller = half * (1 - 0.5 * axis)
    return torch.cat([centre - smaller * axis, centre + smaller * axis]), torch.cat([smaller, smaller])


def _steepness(found: Ranges) -> tuple[Tensor, Tensor]:
    """The longest gradient in space and the largest change in time that the ranges allow, (m,) each."""
    largest = found.slope.abs() + found.spread
    return largest[:, :3].norm(dim=1), largest[:, 3]
