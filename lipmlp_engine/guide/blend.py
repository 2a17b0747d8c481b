"""How two shapes, each carried to one time between them, become a single surface there; knows nothing of meshes.

The carried surfaces do not coincide everywhere, and half-way between two distances less or more than half of the matter
may lie inside, or a limb may be cut at its thinnest place. Both are seen on a lattice before anything is trained: an
offset for each time keeps the volume on its path, and a neck holds on to what would be cut off.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .hollows import Hollow
from .lone_parts import LoneParts, joined
from .pace import Pace
from .rounded_union import rounded_least
from .velocity_lattice import FLOW_STEPS

CELLS = 48
"""Of the lattice over [-1, 1]³ on which the blend is looked at; its stations in time are the flow's steps.

Chosen. Measured: with the offsets and necks that are found on it, it takes less than a second.
"""
NECK_RADIUS = 0.04
"""Of what holds on to a part, in training-frame units, unless the part is thinner. Chosen; as thick for what is
thinner, it made a thick bar of a sword half-way. Measured: half or twice of it changes nothing above chance."""
LEAST_RADIUS = 0.002
"""Of what holds on to the thinnest part, in training-frame units. Chosen."""
NECK_ROUNDING = 0.75
"""Radii of a neck over which it runs into the surface. Chosen."""
NECK_FADE = 0.5 / FLOW_STEPS
"""Time that a neck takes to grow and to go, half-way between a station that needs it and one that does not.

Chosen: over two stations instead of one, necks stayed on beside the limb that took their place.
"""

SPARED = 0.25
"""Of what a vessel's walls have grown by, how much may be taken off each of their sides. Chosen: a pipe on its way to a
chair, which is smaller, was torn all over."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Neck:
    """A tube along points that travel with the flow, there while it is needed."""

    ways: Tensor
    """Where its points are at each station, (stations, points, 3)."""
    first: float
    last: float
    radius: float = NECK_RADIUS

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
        distance = self.distance(points[there], share[there])
        least = rounded_least(values[there], distance, NECK_ROUNDING * self.radius)
        values = values.clone()
        values[there] = torch.lerp(values[there], least, presence[there])
        return values

    def distance(self, points: Tensor, share: Tensor) -> Tensor:
        """From points, each at its own share of the segment, to the tube."""
        reach: Tensor = self._from_line(points, share).norm(dim=1)
        return reach - self.radius

    def _from_line(self, points: Tensor, share: Tensor) -> Tensor:
        """The way to points from the nearest place on the tube's middle."""
        way = self.way(share)
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
        way = self.way(share)
        piece = torch.from_numpy(rng.integers(0, way.shape[1] - 1, count))
        start, end = (way[torch.arange(count), piece + corner] for corner in (0, 1))
        centre = start + torch.from_numpy(rng.uniform(0, 1, (count, 1)).astype(np.float32)) * (end - start)
        away = rng.normal(size=(count, 3))
        away *= self.radius * (1 + NECK_ROUNDING * rng.normal(size=(count, 1))) / np.linalg.norm(away, axis=1)[:, None]
        return centre + torch.from_numpy(away.astype(np.float32)), share

    def way(self, share: Tensor) -> Tensor:
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
    lone: tuple[LoneParts | None, LoneParts | None] = (None, None)
    """Of either shape the parts that the other one has no place for."""
    hollows: tuple[Hollow | None, Hollow | None] = (None, None)
    """What either shape encloses, if it is a vessel."""
    stray_points: Array = field(default_factory=lambda: np.empty((0, 3)))
    """Lattice points near the blended surface where it is far from both carried ones: a hole closes there, or a part
    comes off, and what is sampled about the shapes' own surfaces does not show it."""
    stray_shares: Array = field(default_factory=lambda: np.empty(0))
    """When each of them is."""

    def values(
        self, points: Tensor, share: Tensor, first: Tensor, second: Tensor, places: tuple[Tensor, Tensor]
    ) -> Tensor:
        """The function at points, from the distances to both shapes where the points' matter is at the ends.

        In the distances the shapes' crevices are shut; ``places`` are where that matter is.
        """
        return self.together(points, share, *self.apart(share, first, second, places))

    def together(self, points: Tensor, share: Tensor, blended: Tensor, alone: list[tuple[Tensor, Tensor]]) -> Tensor:
        """The same from what `apart` has found."""
        blended = blended + self.offset(share)
        for left, gone in alone:
            blended = joined(blended, left, gone)
        for neck in self.necks:
            blended = neck.joined(blended, points, share)
        return blended

    def apart(
        self, share: Tensor, first: Tensor, second: Tensor, places: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        """The blended distance before its volume is kept, without what is gone of lone parts; and of either shape what
        is left of these, with the share of its way that is gone."""
        ends, alone = [first, second], []
        for side, (hollow, parts) in enumerate(zip(self.hollows, self.lone, strict=True)):
            gone = (1 - share) if side else share
            if hollow is not None:
                ends[side] = hollow.filled(ends[side], places[side], gone)
            if parts is not None:
                ends[side], left = parts.left(ends[side], places[side], gone)
                alone.append((left, gone))
        return torch.lerp(ends[0], ends[1], share), alone

    def offset(self, share: Tensor) -> Tensor:
        """What is added to the blended distance at each share."""
        # What is interpolated is the offset's share of a parabola: it has no kink where it begins and ends.
        stations = np.linspace(0, 1, len(self.offsets))[1:-1]
        height = np.interp(share.numpy(), stations, self.offsets[1:-1] / (stations * (1 - stations)))
        return torch.from_numpy((height * (share * (1 - share)).numpy()).astype(np.float32))

    def spared(self, share: Tensor) -> float:
        """How much may be added at most at a share, so that the walls of vessels, which are still thin, stay whole."""
        grown = [hollow.grown((1 - share) if side else share) for side, hollow in enumerate(self.hollows) if hollow]
        return SPARED * float(torch.stack(grown).min()) if grown else np.inf

    def tensors(self) -> dict[str, Tensor]:
        """All that decides the function's values but the pace, to be kept in a file."""
        kept = {"offsets": torch.from_numpy(self.offsets)}
        kept |= {f"lone.{side}": torch.from_numpy(parts.order) for side, parts in enumerate(self.lone) if parts}
        for side, hollow in enumerate(self.hollows):
            if hollow is not None:
                kept[f"hollow.{side}.full"] = torch.from_numpy(hollow.full)
                kept[f"hollow.{side}.growth"] = torch.tensor([hollow.depth, hollow.full_at], dtype=torch.float64)
        for index, neck in enumerate(self.necks):
            kept[f"neck.{index}.ways"] = neck.ways.contiguous()
            kept[f"neck.{index}.times"] = torch.tensor([neck.first, neck.last], dtype=torch.float64)
            kept[f"neck.{index}.radius"] = torch.tensor([neck.radius], dtype=torch.float64)
        return kept

    @classmethod
    def restored(cls, kept: dict[str, Tensor], pace: Pace) -> Blend | None:
        """The function back from what was kept; nothing where that was not done yet."""
        if "offsets" not in kept:
            return None
        necks: list[Neck] = []
        while f"neck.{len(necks)}.ways" in kept:
            name = f"neck.{len(necks)}"
            # Older models' necks are all as thick.
            radius = float(kept[f"{name}.radius"]) if f"{name}.radius" in kept else NECK_RADIUS
            first, last = kept[f"{name}.times"].tolist()
            necks.append(Neck(kept[f"{name}.ways"].cpu(), first, last, radius))
        first, second = (
            LoneParts(kept[name].cpu().float().numpy()) if name in kept else None for name in ("lone.0", "lone.1")
        )
        hollows = [
            Hollow(kept[f"{name}.full"].cpu().float().numpy(), *kept[f"{name}.growth"].tolist())
            if f"{name}.full" in kept
            else None
            for name in ("hollow.0", "hollow.1")
        ]
        return cls(pace, kept["offsets"].cpu().numpy(), necks, (first, second), (hollows[0], hollows[1]))

    def scattered(self, count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Points about the strays, and the share at which each is; none where nothing strays."""
        chosen = rng.integers(0, max(len(self.stray_points), 1), count if len(self.stray_points) else 0)
        points = self.stray_points[chosen] + rng.uniform(-2, 2, (len(chosen), 3)) / CELLS
        share = self.stray_shares[chosen] + rng.uniform(-0.5, 0.5, len(chosen)) / FLOW_STEPS
        return torch.from_numpy(points.astype(np.float32)), torch.from_numpy(share.clip(0, 1).astype(np.float32))
