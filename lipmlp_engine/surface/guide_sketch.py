"""Coarse surfaces of a whole morph by its guide alone, before anything is trained; knows no network and no files.

Both shapes are seen on a lattice already, for the blend to be settled. Its nodes are carried along the flow to either
end, step by step, what the lattice says there is blended, and the surface is taken from the nodes' values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray

from ..files.mesh_frame import MeshFrame
from ..files.results_folder import STATIONS
from ..guide import Blend, CarriedMesh, LatticeView, Pace, VelocityLattice
from ..guide.blend import CELLS
from ..guide.frame_pose import PosePath
from ..guide.gap_closing import shut
from .smooth_normals import face_normals_at
from .surface_nets import CORNERS, surface_nets

NODES = CELLS + 1
"""Of the sketch's lattice, along each side. Follows from its cells."""
AXIS = np.linspace(-1, 1, NODES, dtype=np.float32)

Floats = NDArray[np.float32]
Flow = VelocityLattice | CarriedMesh


def sketch(
    path: PosePath, segment: int, flow: Flow, views: Sequence[LatticeView], blend: Blend, pace: Pace
) -> Iterator[MeshFrame]:
    """The surfaces between two neighbours at even times, both ends included."""
    times = np.linspace(0, 1, STATIONS + 1)
    ways = pace.way(torch.from_numpy(times)).tolist()
    if isinstance(flow, CarriedMesh):
        faces = flow.triangles.numpy().astype(np.int32)
        found = ((flow.vertices(way).astype(np.float32), faces) for way in ways)
    else:
        found = (_surface(values) for values in _blended(flow, views, blend, ways))
    for time, (vertices, faces) in zip(times.tolist(), found, strict=True):
        world = path.at(segment + time).to_world(vertices.astype(np.float64)).astype(np.float32)
        yield MeshFrame(segment + time, world, faces, face_normals_at(world, faces), segment=segment)


def _blended(
    flow: VelocityLattice, views: Sequence[LatticeView], blend: Blend, ways: Sequence[float]
) -> Iterator[Floats]:
    """The blend at the lattice's nodes for each share of the way."""
    nodes = np.stack(np.meshgrid(AXIS, AXIS, AXIS, indexing="ij"), -1).reshape(-1, 3)
    there = torch.from_numpy(nodes)
    origins = _seen_on_the_way(flow, nodes, views[0], [-way for way in ways])
    arrivals = _seen_on_the_way(flow, nodes, views[1], [1 - way for way in reversed(ways)])
    for way, first, second in zip(ways, origins, reversed(arrivals), strict=True):
        share = torch.full((len(nodes),), way)
        ends = shut(first[0], first[1], second[0], share), shut(second[0], second[1], first[0], 1 - share)
        places = first[2], second[2]
        yield np.asarray(blend.values(there, share, *ends, places).numpy().reshape((NODES,) * 3), np.float32)


def _seen_on_the_way(
    flow: VelocityLattice, nodes: Floats, view: LatticeView, durations: Sequence[float]
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """How far and how narrow a shape is where the nodes' matter is after each duration, the first being none; and
    where that is."""
    places, found = nodes, [_seen(view, nodes)]
    for before, after in pairwise(durations):
        places = flow.moved(places, after - before)
        found.append(_seen(view, places))
    return found


def _seen(view: LatticeView, places: Floats) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    inside = places.clip(-1, 1)
    grid = torch.from_numpy(inside[:, ::-1].copy()).reshape(1, 1, 1, -1, 3)
    distance, narrow = torch.nn.functional.grid_sample(view.volume, grid, align_corners=True).reshape(2, -1)
    return distance + torch.from_numpy(places - inside).norm(dim=1), narrow, torch.from_numpy(places)


def _surface(values: Floats) -> tuple[Floats, NDArray[np.int32]]:
    """Where the values at a lattice's nodes are zero, closed at its border: vertices in the training frame, quads."""
    padded = np.pad(values, 1, constant_values=1.0)
    inside = padded < 0
    corners = [inside[tuple(slice(o, o + NODES + 1) for o in corner)] for corner in CORNERS]
    crossed = np.logical_or.reduce(corners) & ~np.logical_and.reduce(corners)
    cells = np.argwhere(crossed)
    rows = np.full((NODES + 1,) * 3, -1, np.int64)
    rows[crossed] = np.arange(len(cells))
    at_corners = np.stack([padded[tuple((cells + corner).T)] for corner in CORNERS], 1)
    below = np.stack(
        [np.where(cells[:, axis] > 0, rows[tuple((cells - np.eye(3, dtype=int)[axis]).T)], -1) for axis in range(3)], 1
    )
    vertices, cell, quads = surface_nets(at_corners, below)
    return ((cells[cell] - 1 + vertices) * (2 / CELLS) - 1).astype(np.float32), quads
