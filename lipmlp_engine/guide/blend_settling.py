"""Looks at a blend on a lattice before anything is trained, and settles the offsets and necks that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.spatial import KDTree
from torch import Tensor
from torch.nn.functional import grid_sample

from .blend import CELLS, LEAST_RADIUS, NECK_FADE, NECK_RADIUS, Array, Blend, Neck
from .carried_mesh import CarriedMesh
from .frame_lattice import lattice_nodes
from .gap_closing import Walls, narrowness, shut, shut_distances
from .hollows import HOLLOW_NODES, Hollow, hollow_of, settled
from .lone_parts import LoneParts, lone_parts
from .motion import Motion
from .pace import even_pace
from .placed_surface import PlacedSurface
from .surface_cores import DEEPEST, Cores
from .velocity_lattice import FLOW_STEPS, VelocityLattice

LARGEST_OFFSET = 0.03
"""In training-frame units: the volume is not worth a thin part. Chosen."""
LEAST_ISLAND = 4
"""Cells; less than this is the lattice's noise, or too thin for it. Chosen."""
THINNEST_LINK = 0.01
"""Depth, in training-frame units, at which what holds two parts together is still to be seen: a network that is fitted
to less than this tears it.

Chosen.
"""
STRAY_WIDTH = 0.06
"""The blended surface is that near to a lattice point that stands for it, in training-frame units. Chosen."""
STRAY_DISTANCE = 0.08
"""Further than the samples about the shapes' surfaces reach. Chosen: beyond the widest of their spreads, 0.05."""
MOST_NECKS = 8
"""At a station. Chosen."""
THICK_ENOUGH = 0.05
"""In training-frame units: what is thicker is held by the thickest neck. Chosen; a little more than a cell."""
CORES_ASKED = 8
"""Places of a surface that say how thick it is about a neck's end. Chosen."""
NECK_POINTS = 6
"""Samples along a neck that say whether it is needed. Chosen."""

Station = tuple[Tensor, Tensor, tuple[Tensor, Tensor]]
"""Of the nodes: the distances to both shapes, their gaps shut, and where their matter is at the ends."""


class LatticeView:
    """A shape as the lattice sees it: how far it is from each node, and how narrow there."""

    def __init__(self, shape: Walls) -> None:
        self.shape = shape
        points = _lattice().numpy().astype(np.float64)
        distances = np.asarray(shape.signed(points), np.float64)
        own = np.stack([distances, narrowness(shape, points, distances)])
        self.volume = torch.from_numpy(own.astype(np.float32)).reshape((1, 2) + (CELLS + 1,) * 3)
        """Both, as what is sampled from."""
        self.hollow = hollow_of(shape) if isinstance(shape, PlacedSurface) else None
        """What it encloses, if it is a vessel."""
        self.cores = shape.cores if isinstance(shape, PlacedSurface) else None
        """Where its matter is; not known of shapes without a mesh."""


def settled_blends(motion: Motion, views: Sequence[LatticeView], strictness: float) -> list[Blend]:
    """How each pair of neighbours becomes one surface; none without a guide. The motion takes their paces over."""
    blends = [
        # A mesh that keeps its lengths keeps its volume, its pace and its parts.
        Blend() if isinstance(flow, CarriedMesh) else settle_blend(motion, k, (views[k], views[k + 1]), strictness)
        for k, flow in enumerate(motion.flows)
    ]
    motion.paces = [blend.pace for blend in blends]
    return blends


def settle_blend(motion: Motion, segment: int, views: tuple[LatticeView, LatticeView], strictness: float) -> Blend:
    """Look at the blend along a flow, before training, and settle what it needs; ``strictness`` is the volume's."""
    flow, nodes = motion.flows[segment], _lattice()
    assert isinstance(flow, VelocityLattice)
    shares = torch.arange(FLOW_STEPS + 1) / FLOW_STEPS
    with ThreadPoolExecutor(2) as pool:
        carried = list(pool.map(partial(_carried, flow, nodes), views, (-1, 1)))
    carried[1].reverse()
    here: list[Station] = [
        (
            shut(first[0], first[1], second[0], share),
            shut(second[0], second[1], first[0], 1 - share),
            (first[2], second[2]),
        )
        for first, second, share in zip(*carried, shares, strict=True)
    ]
    full = here if views[0].hollow is views[1].hollow is None else [_full(views, station) for station in here]
    volumes = [_volume(full[0][0]), _volume(full[-1][1])]
    if min(volumes) <= 0:
        return Blend()
    blend = Blend()
    _settle_parts(blend, flow, views)
    moments = [share.expand(len(nodes)) for share in shares]

    def part(moment: Tensor, station: Station) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        return blend.apart(moment, *station)

    with ThreadPoolExecutor(2) as pool:
        apart = list(pool.map(part, moments, here))
        together = partial(pool.map, lambda moment, parts: blend.together(nodes, moment, *parts), moments, apart)
        blend.pace = even_pace(list(together()), motion.path, segment)
        # A vessel's walls grow on their way: what keeps its volume is the full one.
        whole = apart if full is here else list(pool.map(part, moments, full))
        for station, time in list(enumerate(blend.pace.time(shares).tolist()))[1:-1]:
            wanted = volumes[0] ** (1 - time) * volumes[1] ** time
            rest, alone = whole[station]
            least = torch.stack([rest + 1, *[left for left, _ in alone]]).amin(0)
            offset = min(1.0, 2 * strictness) * _offset_for(rest, least, wanted)
            blend.offsets[station] = min(offset, blend.spared(shares[station]))
        values = list(together())
    values = _hold_on(blend, flow, nodes, values, views)
    stray = [
        (own.abs() < STRAY_WIDTH) & (first.abs() > STRAY_DISTANCE) & (second.abs() > STRAY_DISTANCE)
        for own, (first, second, _) in zip(values, here, strict=True)
    ]
    blend.stray_points = np.concatenate([nodes[found].numpy() for found in stray]).astype(np.float64)
    blend.stray_shares = np.repeat(shares.numpy().astype(np.float64), [int(found.sum()) for found in stray])
    return blend


def _settle_parts(blend: Blend, flow: VelocityLattice, views: tuple[LatticeView, LatticeView]) -> None:
    """Find out how the walls of vessels grow, and what of either shape the flow leads to nothing in the other."""

    def kept_within(view: LatticeView, other: LatticeView, duration: float) -> tuple[Array, Array]:
        assert other.hollow is not None and other.cores is not None
        nodes = lattice_nodes(HOLLOW_NODES)
        there = flow.moved(nodes.astype(np.float32), duration).astype(np.float64)
        within = np.minimum(-other.hollow.at(there), np.asarray(other.shape.signed(there), np.float64))
        # Beside a wall, as above the mouth, nothing is solid.
        walled = other.hollow.beside(other.cores)[KDTree(other.cores.points).query(there)[1]]
        return np.asarray(view.shape.signed(nodes), np.float64), np.where(walled, np.abs(within), within)

    def of(view: LatticeView, other: LatticeView, duration: float) -> tuple[Hollow | None, LoneParts | None]:
        cores = view.cores
        if cores is None:
            return None, None
        there = flow.moved(cores.middles.astype(np.float32), duration).astype(np.float64)
        outside = np.asarray(other.shape.signed(there), np.float64)
        if other.hollow is not None:
            outside = np.minimum(outside, other.hollow.at(there))
        hollow = settled(view.hollow, other.hollow, cores, outside, partial(kept_within, view, other, duration))
        if hollow is not None:
            # A vessel's wall is the skin of something thick, and no limb of something solid.
            thick = outside - (DEEPEST - cores.depth) if other.hollow else np.full_like(outside, -DEEPEST)
            outside = np.where(hollow.beside(cores), thick, outside)
        return hollow, lone_parts(cores, outside)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(of, views, reversed(views), (1.0, -1.0))
    blend.hollows, blend.lone = (first[0], second[0]), (first[1], second[1])


def _full(views: tuple[LatticeView, LatticeView], station: Station) -> Station:
    """The same with vessels as if they were full."""
    *distances, places = station
    first, second = (
        own if view.hollow is None else torch.minimum(own, torch.from_numpy(view.hollow.at(there.numpy())))
        for view, own, there in zip(views, distances, places, strict=True)
    )
    return first, second, places


def _lattice() -> Tensor:
    axis = torch.linspace(-1, 1, CELLS + 1)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)


def _carried(
    flow: VelocityLattice, nodes: Tensor, view: LatticeView, direction: int
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """How far and how narrow a shape is where the nodes' matter is after 0, 1, 2 … stations in a direction of time."""
    own = view.volume.reshape(2, -1)
    found, places = [(own[0], own[1], nodes)], nodes
    for _ in range(FLOW_STEPS):
        places = torch.from_numpy(flow.moved(places.numpy(), direction / FLOW_STEPS))
        inside = places.clamp(-1, 1)
        sampled = grid_sample(view.volume, inside.flip(-1).reshape(1, 1, 1, -1, 3), align_corners=True).reshape(2, -1)
        found.append((sampled[0] + (places - inside).norm(dim=1), sampled[1], places))
    return found


def _volume(values: Tensor) -> float:
    """In lattice cells."""
    return float((0.5 - values * CELLS / 2).clamp(0, 1).sum())


def _offset_for(values: Tensor, least: Tensor, wanted: float) -> float:
    """What to add for the volume that is wanted, by halving; what ``least`` encloses is there whatever is added."""
    low, high = -LARGEST_OFFSET, LARGEST_OFFSET
    unsure = values.abs() < LARGEST_OFFSET + 2 / CELLS
    sure = _volume(torch.minimum(values, least)[~unsure])
    close, least = values[unsure], least[unsure]
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (middle, high) if sure + _volume(torch.minimum(close + middle, least)) > wanted else (low, middle)
    return (low + high) / 2


def _hold_on(
    blend: Blend,
    flow: VelocityLattice,
    nodes: Tensor,
    values: list[Tensor],
    views: tuple[LatticeView, LatticeView],
) -> list[Tensor]:
    """Put necks where a part would be cut off that is held by something at both ends; the values that then hold."""
    shares = torch.arange(FLOW_STEPS + 1) / FLOW_STEPS
    shapes = views[0].shape, views[1].shape
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
        # The lattice is too coarse for thinner ones, and would miss them again and again.
        blend.necks.append(replace(neck, radius=_radius(ways[[0, -1], 0], [view.cores for view in views])))
        values = [neck.joined(own, nodes, share.expand(len(own))) for own, share in zip(values, shares, strict=True)]
    return values


def _radius(ends: Tensor, cores: Sequence[Cores | None]) -> float:
    """Of a neck: no thicker than what it holds; a blade that the lattice is too coarse for may need none at all.

    ends: where its first point is at the times of both shapes.
    """
    thickness = np.inf
    for place, core in zip(ends.numpy(), cores, strict=True):
        if core is not None:
            near = KDTree(core.points).query(place, k=CORES_ASKED)[1]
            thickness = min(thickness, 2 * float(np.median(core.radius[near])))
    return max(NECK_RADIUS * min(1.0, (thickness / THICK_ENOUGH) ** 2), LEAST_RADIUS)


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
    places = flow.carry(across, -share), flow.carry(across, 1 - share)
    values = blend.values(across, moment, *shut_distances(shapes, *places, moment), places)
    return (float(lengths[start]), points) if float(values.max()) > -THINNEST_LINK else None
