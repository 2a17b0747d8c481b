"""Hands a segment's two shapes over to the kernels that evaluate the blended function; knows no formula of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..machine.warp_runtime import warp_kernels, warp_runtime
from .blend import Blend
from .frame_pose import Pose
from .placed_surface import PlacedSurface
from .shared_parts import CommonPart
from .velocity_lattice import EXTENT, VelocityLattice, flow_steps

KERNELS = "guide.exact_kernels"
WANTED = 4
"""Places about which a point may want to know more: in both shapes, and before a wall of each.

Follows from the kernels.
"""

THIN_NECK = 0.02
"""Radius of a neck, in training-frame units, below which it may come and go from frame to frame. Chosen: with necks of
twice that, penguin → cat changed by a hundredth of its volume where one came or went."""

Array = NDArray[np.float64]
Points = NDArray[np.float32]


class Seen(NamedTuple):
    """What the function is at points."""

    values: Points
    gradient: Points
    """Only where it was asked for."""
    trust: Points
    off: Points
    """Distances from both shapes, weighted by their shares."""


class Sides:
    """Two neighbours of a chain, as a blend sees them."""

    def __init__(self, surfaces: Sequence[PlacedSurface], flow: VelocityLattice | None, blend: Blend) -> None:
        self.surfaces = surfaces
        self._blend = blend
        self._flow = (flow or VelocityLattice(torch.zeros(2, 2, 2, 3))).to(torch.device(self._device))
        self._on_warp: dict[int, Any] = {}

    @cached_property
    def common(self) -> CommonPart:
        """What both have in common, and the flow leaves where it is."""
        first, second = self.surfaces
        return CommonPart(first.shape, second.shape, second.field, self._led)

    def _led(self, points: Array) -> Array:
        """Where the flow leads places of the first shape's surface in the world."""
        first, second = (surface.pose for surface in self.surfaces)
        start = torch.from_numpy(first.to_training(points).astype(np.float32)).to(torch.device(self._device))
        return second.to_world(self._flow.carry(start, 1.0).cpu().numpy().astype(np.float64))

    @property
    def have_lone_parts(self) -> bool:
        """Whether something of them goes along itself."""
        return any(lone is not None for lone in self._blend.lone)

    def make_ready(self) -> None:
        """Find out what all moments have in common, which several may want at once."""
        _ = self.common.there and self._weights, self._given(0), self._given(1)

    def thin_necks(self, share: float) -> dict[int, Points]:
        """The middles of the thin necks that there are at a share of the way, (points, 3) each, by their numbers."""
        now = torch.tensor([share])
        thin = [(number, neck) for number, neck in enumerate(self._blend.necks) if neck.radius < THIN_NECK]
        return {number: neck.way(now)[0].numpy() for number, neck in thin if float(neck.presence(now)) > 0}

    def moment(self, share: float, pose: Pose, thin_necks: Collection[int] | None = None) -> Any:
        """What is the same for all points at one share of the way, where the training frame lies at a pose.

        thin_necks: those that count, of those that there are; all where nothing is said.
        """
        wp, moment = warp_runtime(), self._kernels.Moment()
        moment.share, moment.offset = share, float(self._blend.offset(torch.tensor([share])))
        moment.flow, moment.extent = self._flow.on_warp, EXTENT
        moment.back, moment.ahead = flow_steps(share), flow_steps(1 - share)
        now = torch.tensor([share])
        necks = [
            neck
            for number, neck in enumerate(self._blend.necks)
            if thin_necks is None or number in thin_necks or neck.radius >= THIN_NECK
        ]
        there = [(neck, float(neck.presence(now))) for neck in necks]
        there = [(neck, presence) for neck, presence in there if presence > 0]
        ways = [neck.way(now)[0].numpy() for neck, _ in there]
        longest = max(map(len, ways), default=1)
        ways = [way[np.minimum(np.arange(longest), len(way) - 1)] for way in ways]
        moment.necks = self._array(np.reshape(ways, (len(there), longest, 3)), wp.vec3)
        moment.presence = self._array(np.array([presence for _, presence in there]), wp.float32)
        moment.radii = self._array(np.array([neck.radius for neck, _ in there]), wp.float32)
        moment.common = self.common.there
        if self.common.there:
            self._place_in_world(moment, pose)
        return moment

    def _place_in_world(self, moment: Any, pose: Pose) -> None:
        wp, common = warp_runtime(), self.common
        moment.weights = self._weights
        moment.weighed = wp.mat33(pose.rotation * pose.scale / common.spacing)
        moment.weighed_shift = wp.vec3(*(pose.translation - common.low) / common.spacing)
        moment.turn = wp.mat33(pose.rotation)
        for side, surface in zip(("first", "second"), self.surfaces, strict=True):
            setattr(moment, f"grow_{side}", pose.scale / surface.field.scale)
            setattr(moment, f"shift_{side}", wp.vec3(*surface.field.local(pose.translation)))

    def alone(self, side: int, points: Points, cell: float = 0.0, kept: bool = True) -> Seen:
        """At the own time of one of them, on the thread that asks."""
        return self._asked("shape_alone", points, [self._given(side), cell], (side, side), kept)

    def between(self, moment: Any, points: Points, cell: float = 0.0, sloped: bool = False, kept: bool = True) -> Seen:
        """On the way from one to the other, on the thread that asks."""
        return self._asked("blended", points, [self._given(0), self._given(1), moment, cell, sloped], (0, 1), kept)

    def _asked(self, kernel: str, points: Points, settings: list[Any], whose: tuple[int, int], kept: bool) -> Seen:
        """Launch a kernel until all points know what they want to know."""
        kept = kept and self.surfaces[0].field.on_processor
        *found, wanted, missing = self._launched(kernel, points, [*settings, kept])
        rows = np.flatnonzero(missing)
        while len(rows):
            for number in range(WANTED):
                of_point = (missing[rows] >> number & 1).astype(bool)
                if of_point.any():
                    self.surfaces[whose[number % 2]].kept.prepare(wanted[rows[of_point], number])
            *more, wanted[rows], missing[rows] = self._launched(kernel, points[rows], [*settings, kept])
            for whole, part in zip(found, more, strict=True):
                whole[rows] = part
            rows = np.flatnonzero(missing)
        return Seen(*found)

    def _launched(self, kernel: str, points: Points, settings: list[Any]) -> list[NDArray[Any]]:
        wp, count = warp_runtime(), len(points)
        kinds = wp.float32, wp.vec3, wp.float32, wp.float32, wp.vec3, wp.int32
        sizes: list[Any] = [count, count, count, count, (count, WANTED), count]
        found = [wp.empty(size, dtype=kind, device=self._device) for size, kind in zip(sizes, kinds, strict=True)]
        inputs = [self._array(points, wp.vec3), *settings, *found]
        wp.launch(getattr(self._kernels, kernel), dim=count, inputs=inputs, device=self._device)
        return [part.numpy() for part in found]

    def _given(self, side: int) -> Any:
        """One of them for the kernels."""
        if side not in self._on_warp:
            self._on_warp[side] = self._for_kernels(
                self.surfaces[side], self._blend.lone[side], self._blend.hollows[side]
            )
        return self._on_warp[side]

    def _for_kernels(self, surface: PlacedSurface, lone: Any, hollow: Any) -> Any:
        wp, given, field, pose = warp_runtime(), self._kernels.Side(), surface.field, surface.pose
        given.mesh, given.normals, given.accuracy = field.for_kernels
        if field.on_processor:
            surface.kept.give(given)
        given.turn = wp.mat33(pose.rotation)
        given.grow = pose.scale / field.scale
        given.shift = wp.vec3(*field.local(pose.translation))
        given.gaps = surface.gap_walls.any
        given.walls = self._array(surface.gap_walls.lattice, wp.float32)
        given.thickness = self._array(surface.thin_parts.lattice, wp.float32)
        given.lone = lone is not None
        order = np.zeros((1, 1, 1, 3)) if lone is None else np.stack(lone.lattice, -1)
        given.order = self._array(order, wp.vec3)
        if lone is not None:
            given.lone_low, given.lone_high = wp.vec3(*lone.low), wp.vec3(*lone.high)
        given.hollow = hollow is not None
        given.full = self._array(np.zeros((1, 1, 1)) if hollow is None else hollow.full, wp.float32)
        given.hollow_depth, given.full_at = (0.0, 1.0) if hollow is None else (hollow.depth, hollow.full_at)
        return given

    @cached_property
    def _weights(self) -> Any:
        return self._array(self.common.lattice, warp_runtime().float32)

    def _array(self, values: NDArray[Any], kind: Any) -> Any:
        return warp_runtime().array(np.ascontiguousarray(values, np.float32), dtype=kind, device=self._device)

    @property
    def _device(self) -> str:
        return self.surfaces[0].field.device

    @property
    def _kernels(self) -> Any:
        return warp_kernels(KERNELS, self._device)
