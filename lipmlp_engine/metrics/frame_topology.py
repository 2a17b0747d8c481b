"""Parts, holes and cavities of surfaces, and which of them a morph invents that neither of its ends has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..shapes.mesh_topology import vertex_parts
from .solid import Points, Solid

Indices = NDArray[np.int64]

SPECK = 1e-3
"""A shell below this share of the whole volume is a speck, not a component and not a cavity. Chosen."""
AT_SHAPE = 1e-6
"""How near to a shape's time a frame is held against that shape alone. Chosen."""


@dataclass
class Topology:
    """Of one closed surface."""

    components: int
    """Outer shells of at least 0.1 % of the whole volume."""
    specks: int
    """Outer and inner shells smaller than that."""
    cavities: int
    """Inner shells of at least that size: hollows that the outside does not reach."""
    genus: int | None
    """Handles, summed over all shells; None where the surface is not closed."""
    closed: bool
    """Every edge is shared by exactly two triangles."""


@dataclass
class TopologyOverTime:
    """What the frames have, and what they have beyond both ends of their segment."""

    components: list[int]
    specks: list[int]
    cavities: list[int]
    genus: list[int | None]
    extra_components: int
    """Most components that any frame has beyond the end with more of them."""
    extra_specks: int
    extra_cavities: int
    extra_genus: int
    lost_components: int
    """Most components by which any frame falls short of the end with fewer of them."""
    spurious_times: list[float]
    """Times at which there is a component, speck, cavity or handle that neither end accounts for."""
    changes: list[tuple[float, float]]
    """Intervals of time within which components, cavities or genus change."""
    regrown_components: int
    """How often, summed over time, components vanish and come again."""


def topology_of(solid: Solid) -> Topology:
    """Count shells and handles; where the surface is open as given, coincident vertices count as one."""
    if solid.empty:
        return Topology(components=0, specks=0, cavities=0, genus=0, closed=True)
    triangles, volumes = solid.triangles.astype(np.int64), solid.face_volumes
    edges, uses = _edges(triangles)
    if np.any(uses != 2):
        triangles, volumes = _welded(solid)
        edges, uses = _edges(triangles)
    closed = bool(np.all(uses == 2))

    count = int(triangles.max(initial=-1)) + 1
    shells, shell_of_vertex = vertex_parts(edges, count)
    shell_of_face = shell_of_vertex[triangles[:, 0]]
    faces = np.bincount(shell_of_face, minlength=shells)
    volume = np.bincount(shell_of_face, weights=volumes, minlength=shells)
    outer = (faces > 0) & (volume > 0)
    speck = (faces > 0) & (np.abs(volume) < SPECK * volume[outer].sum())
    genus = None
    if closed:
        used = np.zeros(count, bool)
        used[triangles] = True
        euler = np.bincount(shell_of_vertex[used], minlength=shells) + faces
        euler -= np.bincount(shell_of_vertex[edges[:, 0]], minlength=shells)
        genus = int(np.sum(2 - euler[faces > 0])) // 2
    return Topology(
        components=int(np.sum(outer & ~speck)),
        specks=int(np.sum(speck)),
        cavities=int(np.sum((volume < 0) & ~speck)),
        genus=genus,
        closed=closed,
    )


def compare_topology(times: Sequence[float], frames: Sequence[Topology], ends: Sequence[Topology]) -> TopologyOverTime:
    """Hold every frame against the two shapes between which it lies; shape k of ``ends`` sits at time k."""
    extra_components = extra_specks = extra_cavities = extra_genus = lost = regrown = 0
    spurious: list[float] = []
    for time, frame in zip(times, frames, strict=True):
        low, high = (ends[index] for index in shapes_about(time, len(ends)))
        more = frame.components - max(low.components, high.components)
        specks = frame.specks - max(low.specks, high.specks)
        hollow = frame.cavities - max(low.cavities, high.cavities)
        handles = (frame.genus or 0) - max(low.genus or 0, high.genus or 0)
        if more > 0 or specks > 0 or hollow > 0 or handles > 0:
            spurious.append(float(time))
        extra_components, extra_specks = max(extra_components, more), max(extra_specks, specks)
        extra_cavities, extra_genus = max(extra_cavities, hollow), max(extra_genus, handles)
        lost = max(lost, min(low.components, high.components) - frame.components)
    for segment in range(len(ends) - 1):
        counts = [f.components for time, f in zip(times, frames, strict=True) if segment <= time <= segment + 1]
        regrown += _regrowth(counts)
    return TopologyOverTime(
        components=[frame.components for frame in frames],
        specks=[frame.specks for frame in frames],
        cavities=[frame.cavities for frame in frames],
        genus=[frame.genus for frame in frames],
        extra_components=extra_components,
        extra_specks=extra_specks,
        extra_cavities=extra_cavities,
        extra_genus=extra_genus,
        lost_components=lost,
        spurious_times=spurious,
        changes=[
            (float(times[i]), float(times[i + 1]))
            for i in range(len(frames) - 1)
            if _signature(frames[i]) != _signature(frames[i + 1])
        ],
        regrown_components=regrown,
    )


def _signature(topology: Topology) -> tuple[int, int, int | None]:
    return topology.components, topology.cavities, topology.genus


def shapes_about(time: float, count: int) -> tuple[int, int]:
    """The two of so many shapes around a time; at a shape's own time a frame is held against that shape alone."""
    nearest = min(max(round(time), 0), count - 1)
    if abs(time - nearest) < AT_SHAPE:
        return nearest, nearest
    low = min(max(int(time), 0), count - 2)
    return low, low + 1


def _regrowth(counts: Sequence[int]) -> int:
    """How much a sequence of counts climbs back after a fall below what both its ends have."""
    if len(counts) < 3:
        return 0
    floor = min(counts[0], counts[-1])
    clipped = [min(count, floor) for count in counts]
    return sum(max(after - before, 0) for before, after in pairwise(clipped))


def _welded(solid: Solid) -> tuple[Indices, Points]:
    """Triangles over distinct positions, without those that collapse, and each one's share of the volume."""
    _, index = np.unique(solid.vertices, axis=0, return_inverse=True)
    triangles = index.reshape(-1)[solid.triangles].astype(np.int64)
    a, b, c = triangles.T
    kept = (a != b) & (b != c) & (c != a)
    return triangles[kept], solid.face_volumes[kept]


def _edges(triangles: Indices) -> tuple[Indices, Indices]:
    """Each edge once, lower vertex first, and how many triangles share it."""
    pairs = np.concatenate((triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]))
    pairs.sort(axis=1)
    count = int(triangles.max(initial=-1)) + 1
    keys, uses = np.unique(pairs[:, 0] * count + pairs[:, 1], return_counts=True)
    return np.stack((keys // max(count, 1), keys % max(count, 1)), axis=1), uses
