"""How two shapes, each carried to one time between them, become a single surface there; knows nothing of meshes.

The carried surfaces do not coincide everywhere, and half-way between two distances less or more than half of the matter
may lie inside, or a limb may be cut at its thinnest place. Both are seen on a lattice before anything is trained: an
offset for each time keeps the volume on its path, and a neck holds on to what would be cut off.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.spatial import KDTree
from torch import Tensor
from torch.nn.functional import grid_sample

from .crevices import Walls, narrowness, shut, shut_distances
from .lattice import FLOW_STEPS, VelocityLattice
from .motion import Motion
from .pace import Pace, even_pace

CELLS = 48
"""Of the lattice over [-1, 1]³ on which the blend is looked at; its stations in time are the flow's steps."""
LARGEST_OFFSET = 0.03
"""In training-frame units: the volume is not worth a thin part."""
LEAST_ISLAND = 4
"""Cells; less than this is the lattice's noise, or too thin for it."""
THINNEST_LINK = 0.01
"""Depth, in training-frame units, at which what holds two parts together is still to be seen: a network that is fitted
to less than this tears it."""
STRAY_WIDTH = 0.06
"""The blended surface is that near to a lattice point that stands for it, in training-frame units."""
STRAY_DISTANCE = 0.08
"""Further than the samples about the shapes' surfaces reach."""
MOST_NECKS = 8
NECK_RADIUS = 0.04
NECK_ROUNDING = 0.03
"""Width over which a neck runs into the surface, in training-frame units."""
NECK_POINTS = 6
NECK_FADE = 0.5 / FLOW_STEPS
"""Time that a neck takes to grow and to go, half-way between a station that needs it and one that does not."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Neck:
    """A tube along points that travel with the flow, there while it is needed."""

    ways: Tensor
    """Where its points are at each station, (stations, points, 3)."""
    first: float
    last: float

    def presence(self, share: Tensor) -> Tensor:
        """0 at the ends of the segment, 1 while the neck is needed, and smooth in between."""
        grown = (share - self.first) / NECK_FADE + 1
        going = (self.last - share) / NECK_FADE + 1
        part = torch.minimum(grown, going).clamp(0, 1)
        return part * part * (3 - 2 * part)

    def joined(self, values: Tensor, points: Tensor, share: Tensor) -> Tensor:
        """A function's values with the tube added to what it encloses."""
        presence = self.presence(share)
        there = presence > 0
        least = _smooth_least(values[there], self.distance(points[there], share[there]))
        values = values.clone()
        values[there] = torch.lerp(values[there], least, presence[there])
        return values

    def turn(self, gradient: Tensor, values: Tensor, points: Tensor, share: Tensor) -> Tensor:
        """The gradient of `joined` from that of the values, one of each for every point."""
        away = self._from_line(points, share)
        reach = away.norm(dim=1)
        tube = reach - NECK_RADIUS
        part = (NECK_ROUNDING - (values - tube).abs()).clamp(min=0) / (2 * NECK_ROUNDING)
        part = torch.where(values < tube, part, 1 - part) * self.presence(share)
        return torch.lerp(gradient, away / reach.clamp(min=1e-6)[:, None], part[:, None])

    def distance(self, points: Tensor, share: Tensor) -> Tensor:
        """From points, each at its own share of the segment, to the tube."""
        reach: Tensor = self._from_line(points, share).norm(dim=1)
        return reach - NECK_RADIUS

    def _from_line(self, points: Tensor, share: Tensor) -> Tensor:
        """The way to points from the nearest place on the tube's middle."""
        way = self._way(share)
        start, along = way[:, :-1], way.diff(dim=1)
        offset = points[:, None] - start
        part = ((offset * along).sum(2) / along.square().sum(2).clamp(min=1e-12)).clamp(0, 1)
        ways = offset - part[..., None] * along
        nearest = ways.square().sum(2).argmin(1)
        return ways[torch.arange(len(points)), nearest]

    def scattered(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Points about the tube's wall while it is there, and the share at which each is."""
        low, high = self.first - NECK_FADE, self.last + NECK_FADE
        share = torch.from_numpy(rng.uniform(low, high, count).astype(np.float32))
        way = self._way(share)
        piece = torch.from_numpy(rng.integers(0, way.shape[1] - 1, count))
        start, end = (way[torch.arange(count), piece + corner] for corner in (0, 1))
        centre = start + torch.from_numpy(rng.uniform(0, 1, (count, 1)).astype(np.float32)) * (end - start)
        away = rng.normal(size=(count, 3))
        away *= (NECK_RADIUS + NECK_ROUNDING * rng.normal(size=(count, 1))) / np.linalg.norm(away, axis=1)[:, None]
        return centre + torch.from_numpy(away.astype(np.float32)), share

    def _way(self, share: Tensor) -> Tensor:
        """Where the tube's points are, for each share."""
        place = share * (len(self.ways) - 1)
        station = place.floor().long().clamp(max=len(self.ways) - 2)
        return torch.lerp(self.ways[station], self.ways[station + 1], (place - station)[:, None, None])


@dataclass
class Blend:
    """The rule for one segment of the chain; exact at both its ends. Shares are of the way between them."""

    pace: Pace = field(default_factory=Pace)
    """When each share of the way is passed."""
    offsets: Array = field(default_factory=lambda: np.zeros(FLOW_STEPS + 1))
    """Added to the blended distance at each station, so that the volume keeps to its path."""
    necks: list[Neck] = field(default_factory=list)
    stray_points: Array = field(default_factory=lambda: np.empty((0, 3)))
    """Lattice points near the blended surface where it is far from both carried ones: a hole closes there, or a part
    comes off, and what is sampled about the shapes' own surfaces does not show it."""
    stray_shares: Array = field(default_factory=lambda: np.empty(0))
    """When each of them is."""

    def values(self, points: Tensor, share: Tensor, first: Tensor, second: Tensor) -> Tensor:
        """The function at points, from the distances to both shapes where the points' matter is at the ends.

        In the distances the shapes' crevices are shut.
        """
        blended = torch.lerp(first, second, share) + self._offset(share)
        for neck in self.necks:
            blended = neck.joined(blended, points, share)
        return blended

    def values_and_gradient(
        self, points: Tensor, share: Tensor, first: Tensor, second: Tensor, slopes: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """The same with its gradient, from the gradients of both distances."""
        blended = torch.lerp(first, second, share) + self._offset(share)
        gradient = torch.lerp(*slopes, share[:, None])
        for neck in self.necks:
            gradient = neck.turn(gradient, blended, points, share)
            blended = neck.joined(blended, points, share)
        return blended, gradient

    def _offset(self, share: Tensor) -> Tensor:
        # What is interpolated is the offset's share of a parabola: it has no kink where it begins and ends.
        stations = np.linspace(0, 1, len(self.offsets))[1:-1]
        height = np.interp(share.numpy(), stations, self.offsets[1:-1] / (stations * (1 - stations)))
        return torch.from_numpy((height * (share * (1 - share)).numpy()).astype(np.float32))

    def tensors(self) -> dict[str, Tensor]:
        """All that decides the function's values but the pace, to be kept in a file."""
        kept = {"offsets": torch.from_numpy(self.offsets)}
        for index, neck in enumerate(self.necks):
            kept[f"neck.{index}.ways"] = neck.ways.contiguous()
            kept[f"neck.{index}.times"] = torch.tensor([neck.first, neck.last], dtype=torch.float64)
        return kept

    @classmethod
    def restored(cls, kept: dict[str, Tensor], pace: Pace) -> Blend | None:
        """The function back from what was kept; nothing where that was not done yet."""
        if "offsets" not in kept:
            return None
        necks: list[Neck] = []
        while f"neck.{len(necks)}.ways" in kept:
            first, last = kept[f"neck.{len(necks)}.times"].tolist()
            necks.append(Neck(kept[f"neck.{len(necks)}.ways"].cpu(), first, last))
        return cls(pace, kept["offsets"].cpu().numpy(), necks)

    def scattered(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Points about the strays, and the share at which each is; none where nothing strays."""
        chosen = rng.integers(0, max(len(self.stray_points), 1), count if len(self.stray_points) else 0)
        points = self.stray_points[chosen] + rng.uniform(-2, 2, (len(chosen), 3)) / CELLS
        share = self.stray_shares[chosen] + rng.uniform(-0.5, 0.5, len(chosen)) / FLOW_STEPS
        return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(share.clip(0, 1).astype(np.float32))


class LatticeView:
    """A shape as the lattice sees it: how far it is from each node, and how narrow there."""

    def __init__(self, shape: Walls) -> None:
        self.shape = shape
        points = _lattice().numpy().astype(np.float64)
        distances = np.asarray(shape.signed(points), np.float64)
        own = np.stack([distances, narrowness(shape, points, distances)])
        self.volume = torch.from_numpy(own.astype(np.float32)).reshape((1, 2) + (CELLS + 1,) * 3)
        """Both, as what is sampled from."""


def settle_blend(motion: Motion, segment: int, views: tuple[LatticeView, LatticeView], strictness: float) -> Blend:
    """Look at the blend along a flow, before training, and settle what it needs; ``strictness`` is the volume's."""
    flow, nodes = motion.flows[segment], _lattice()
    assert isinstance(flow, VelocityLattice)
    shares = torch.arange(FLOW_STEPS + 1) / FLOW_STEPS
    with ThreadPoolExecutor(2) as pool:
        carried = list(pool.map(partial(_carried, flow, nodes), views, (-1, 1)))
    carried[1].reverse()
    here = [
        (shut(first[0], first[1], second[0], share), shut(second[0], second[1], first[0], 1 - share))
        for first, second, share in zip(*carried, shares, strict=True)
    ]
    volumes = [_volume(here[0][0]), _volume(here[-1][1])]
    if min(volumes) <= 0:
        return Blend()
    blended = [torch.lerp(*ends, share) for ends, share in zip(here, shares, strict=True)]
    blend = Blend(even_pace(blended, motion.path, segment))
    for station, time in list(enumerate(blend.pace.time(shares).tolist()))[1:-1]:
        wanted = volumes[0] ** (1 - time) * volumes[1] ** time
        blend.offsets[station] = min(1.0, 2 * strictness) * _offset_for(blended[station], wanted)
    values = _hold_on(blend, flow, nodes, here, (views[0].shape, views[1].shape))
    stray = [
        (own.abs() < STRAY_WIDTH) & (first.abs() > STRAY_DISTANCE) & (second.abs() > STRAY_DISTANCE)
        for own, (first, second) in zip(values, here, strict=True)
    ]
    blend.stray_points = np.concatenate([nodes[found].numpy() for found in stray]).astype(np.float64)
    blend.stray_shares = np.repeat(shares.numpy().astype(np.float64), [int(found.sum()) for found in stray])
    return blend


def _lattice() -> Tensor:
    axis = torch.linspace(-1, 1, CELLS + 1)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def _carried(flow: VelocityLattice, nodes: Tensor, view: LatticeView, direction: int) -> list[tuple[Tensor, Tensor]]:
    """How far and how narrow a shape is where the nodes' matter is after 0, 1, 2 … stations in a direction of time."""
    own = view.volume.reshape(2, -1)
    found, places = [(own[0], own[1])], nodes
    for _ in range(FLOW_STEPS):
        places = flow.carry(places, direction / FLOW_STEPS)
        inside = places.clamp(-1, 1)
        sampled = grid_sample(view.volume, inside.flip(-1).reshape(1, 1, 1, -1, 3), align_corners=True).reshape(2, -1)
        found.append((sampled[0] + (places - inside).norm(dim=1), sampled[1]))
    return found


def _volume(values: Tensor) -> float:
    """In lattice cells."""
    return float((0.5 - values * CELLS / 2).clamp(0, 1).sum())


def _offset_for(values: Tensor, wanted: float) -> float:
    """What to add for the volume that is wanted, by halving."""
    low, high = -LARGEST_OFFSET, LARGEST_OFFSET
    close = values[values.abs() < LARGEST_OFFSET + 2 / CELLS]
    sure = float((values <= -LARGEST_OFFSET - 2 / CELLS).sum())
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if sure + _volume(close + middle) > wanted else (low, middle)
    return (low + high) / 2


def _hold_on(
    blend: Blend,
    flow: VelocityLattice,
    nodes: Tensor,
    distances: list[tuple[Tensor, Tensor]],
    shapes: tuple[Walls, Walls],
) -> list[Tensor]:
    """Put necks where a part would be cut off that is held by something at both ends; the values that then hold."""
    shares = torch.arange(FLOW_STEPS + 1) / FLOW_STEPS
    values = [
        blend.values(nodes, share.expand(len(nodes)), *ends) for share, ends in zip(shares, distances, strict=True)
    ]
    allowed = max(len(_parts(values[0], 0.0)), len(_parts(values[-1], 0.0)))
    for _ in range(MOST_NECKS):
        gaps: dict[int, tuple[float, Array]] = {}
        for station in range(1, FLOW_STEPS):
            # What comes off may be too thin itself to reach as deep as a link should.
            parts = max((_parts(values[station], depth) for depth in (THINNEST_LINK, 0.0)), key=len)
            if len(parts) > allowed:
                gap = _gap(blend, flow, nodes, parts, float(shares[station]), shapes)
                if gap is not None:
                    gaps[station] = gap
        if not gaps:
            break
        widest = max(gaps, key=lambda station: gaps[station][0])
        first = last = widest
        while first - 1 in gaps:
            first -= 1
        while last + 1 in gaps:
            last += 1
        points = torch.from_numpy(gaps[widest][1].astype(np.float32))
        ways = torch.stack([flow.carry(points, float(share - shares[widest])) for share in shares])
        neck = Neck(ways, float(shares[first]) - NECK_FADE, float(shares[last]) + NECK_FADE)
        blend.necks.append(neck)
        values = [neck.joined(own, nodes, share.expand(len(own))) for own, share in zip(values, shares, strict=True)]
    return values


def _parts(values: Tensor, depth: float) -> list[NDArray[np.int64]]:
    """Nodes of each connected part of what lies deeper than this inside, the largest first."""
    numbers, count = label(values.reshape((CELLS + 1,) * 3).numpy() < -depth, structure=np.ones((3, 3, 3)))
    order = np.argsort(numbers.ravel(), kind="stable")
    bounds = np.searchsorted(numbers.ravel()[order], np.arange(1, count + 2))
    parts = [order[start:end] for start, end in pairwise(bounds)]
    return sorted((part for part in parts if len(part) >= LEAST_ISLAND), key=len, reverse=True)


def _gap(
    blend: Blend,
    flow: VelocityLattice,
    nodes: Tensor,
    parts: list[NDArray[np.int64]],
    share: float,
    shapes: tuple[Walls, Walls],
) -> tuple[float, Array] | None:
    """Width of the gap between the smallest part and the rest, and points across; None where there is no gap.

    The lattice may be too coarse for a thin link; the distances themselves have the last word.
    """
    island, rest = nodes[parts[-1]].numpy(), nodes[np.concatenate(parts[:-1])].numpy()
    lengths, nearest = KDTree(rest).query(island)
    start = int(lengths.argmin())
    part = np.linspace(0, 1, NECK_POINTS)[:, None]
    points = (1 - part) * island[start] + part * rest[nearest[start]]
    across = torch.from_numpy(points.astype(np.float32))
    moment = torch.full((len(across),), share)
    there = shut_distances(shapes, flow.carry(across, -share), flow.carry(across, 1 - share), moment)
    values = blend.values(across, moment, *there)
    return (float(lengths[start]), points) if float(values.max()) > -THINNEST_LINK else None


def _smooth_least(a: Tensor, b: Tensor) -> Tensor:
    """The lesser of two values, rounded where they are close."""
    near = (NECK_ROUNDING - (a - b).abs()).clamp(min=0)
    return torch.minimum(a, b) - near.square() / (4 * NECK_ROUNDING)
