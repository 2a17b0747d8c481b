"""A motion given by a mesh that moves: points go along with what of its surface is nearest. Finds no motion itself.

A stationary flow cannot swing a limb; a mesh can take any way. A point is bound to the surface at the share of the way
where it is given, by its offset in the frame of that place, and set down beside the same place at another share.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, fields
from functools import cached_property, lru_cache
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.spatial.transform import Rotation

from ..poses.mesh_fitting import Stiffness
from ..shapes.distance import DistanceField
from ..shapes.morton import morton_order

STATIONS = 17
"""At which the mesh is kept; between them it moves along splines. Chosen."""
KEPT = 12
"""Shares for which the surface is kept ready. Chosen: a frame asks at three, and several are at work at once."""
KEPT_PLACES = 64
"""Shares for which it is kept where the mesh's vertices are and how they are turned. Chosen: the same, and both ends,
of what takes little memory."""
VELOCITY_STEP = 0.01
"""Share of the way over which velocities are taken. Chosen."""
FINEST_SHARE = 1 / 256
"""Where points come each with a share of its own, those are rounded to this. Chosen."""

Array = NDArray[np.float64]
Points = NDArray[np.float32]


@dataclass(frozen=True)
class Bound:
    """Points as the surface at some share has them."""

    distances: Points
    """Signed."""
    outwards: Points
    """Their gradient."""
    corners: NDArray[np.int64]
    """The three vertices about the nearest place."""
    weights: Array
    """Of these."""
    offsets: Array
    """From the nearest place."""
    frames: Array
    """How the surface is turned there since share 0, (n, 3, 3)."""

    def only(self, chosen: NDArray[np.int64]) -> Bound:
        """Some of the points."""
        return Bound(*(getattr(self, part.name)[chosen] for part in fields(self)))


class CarriedMesh:
    """One mesh at even shares of the way between two shapes, in the training frame."""

    def __init__(self, stations: torch.Tensor, triangles: torch.Tensor) -> None:
        self.stations = stations.cpu()
        """(stations, vertices, 3)"""
        self.triangles = triangles.cpu()
        self._faces = self.triangles.numpy().astype(np.int64)
        self._lock = Lock()
        self._surfaces: OrderedDict[float, DistanceField] = OrderedDict()
        self.vertices = lru_cache(KEPT_PLACES)(self._vertices_at)
        self._turns = lru_cache(KEPT_PLACES)(self._turns_at)

    def to(self, device: torch.device) -> CarriedMesh:
        """Itself: it is worked with on the CPU, whatever device the points are on."""
        return self

    def at(self, points: torch.Tensor, share: float) -> torch.Tensor:
        """Velocity at points, (n, 3), per unit of the way."""
        low, high = max(share - VELOCITY_STEP, 0.0), min(share + VELOCITY_STEP, 1.0)
        bound = self.bound(as_array(points), share)
        moved = self.released(bound, high) - self.released(bound, low)
        return torch.from_numpy(moved / np.float32(high - low)).to(points.device)

    def carry(self, points: torch.Tensor, start: torch.Tensor | float, end: torch.Tensor | float) -> torch.Tensor:
        """Points at one share of the way brought to another, which may differ from point to point."""
        places = as_array(points)
        if not isinstance(start, torch.Tensor) and not isinstance(end, torch.Tensor):
            return torch.from_numpy(self.moved(places, start, end)).to(points.device)
        shares = np.empty((len(places), 2))
        shares[:, 0], shares[:, 1] = (np.asarray(part).reshape(-1) for part in (start, end))
        kinds, kind = np.unique((shares / FINEST_SHARE).round(), axis=0, return_inverse=True)
        carried = np.empty_like(places)
        for index, (first, last) in enumerate((kinds * FINEST_SHARE).tolist()):
            chosen = kind.reshape(-1) == index
            carried[chosen] = self.moved(places[chosen], first, last)
        return torch.from_numpy(carried).to(points.device)

    def moved(self, points: Points, start: float, end: float) -> Points:
        """The same for an array of points and one share each."""
        return points if start == end else self.released(self.bound(points, start), end)

    def surface(self, share: float) -> tuple[Array, DistanceField]:
        """The vertices at a share of the way, and the distances to the surface there."""
        with self._lock:
            if share not in self._surfaces:
                field = DistanceField(self.vertices(share), self._faces.astype(np.int32))
                # To either side of it shapes have their say, farther than normals are asked that may be mistaken.
                field.believe_normals()
                self._surfaces[share] = field
                if len(self._surfaces) > KEPT:
                    self._surfaces.popitem(last=False)
            self._surfaces.move_to_end(share)
            return self.vertices(share), self._surfaces[share]

    def bound(self, points: Points, share: float) -> Bound:
        """Points bound to the surface at a share."""
        vertices, field = self.surface(share)
        order = morton_order(points)
        distances, outwards = np.empty(len(points), np.float32), np.empty((len(points), 3), np.float32)
        nearest = np.empty(len(points), np.int32)
        distances[order], outwards[order], nearest[order] = field.measure(points[order])
        corners = self._faces[nearest]
        offsets = (distances[:, None] * outwards).astype(np.float64)
        weights = _barycentric(points - offsets, *vertices[corners].transpose(1, 0, 2))
        return Bound(distances, outwards, corners, weights, offsets, self._frames(corners, weights, share))

    def released(self, bound: Bound, share: float) -> Points:
        """Where bound points are at another share."""
        return self.put_down(bound, self.turned(bound, share), share)

    def put_down(self, bound: Bound, turned: Array, share: float) -> Points:
        """The same where it is known how their frames are turned there."""
        vertices = self.vertices(share)
        place = np.einsum("nc,ncd->nd", bound.weights, vertices[bound.corners])
        place = place + np.einsum("nij,nj->ni", turned, bound.offsets)
        return np.asarray(place, np.float32)

    def turned(self, bound: Bound, share: float) -> Array:
        """How bound points' frames are turned at another share, (n, 3, 3)."""
        return self._frames(bound.corners, bound.weights, share) @ bound.frames.transpose(0, 2, 1)

    def _frames(self, corners: NDArray[np.int64], weights: Array, share: float) -> Array:
        turns = self._turns(share)[corners]
        turns *= np.where(np.einsum("ncq,nq->nc", turns, turns[:, 0]) < 0, -1.0, 1.0)[..., None]
        return np.asarray(Rotation.from_quat(np.einsum("nc,ncq->nq", weights, turns)).as_matrix())

    def _vertices_at(self, share: float) -> Array:
        """Asked as ``vertices``, which keeps them."""
        return np.asarray(self._way(share), np.float64)

    def _turns_at(self, share: float) -> Array:
        return np.asarray(self._turning(share), np.float64)

    @cached_property
    def _way(self) -> CubicSpline:
        return CubicSpline(np.linspace(0, 1, len(self.stations)), self.stations.numpy().astype(np.float64))

    @cached_property
    def _turning(self) -> CubicSpline:
        """The vertices' turns since share 0, as quaternions."""
        places = self.stations.numpy().astype(np.float64)
        stiffness = Stiffness(places[0], self._faces)
        turns = [np.tile([0.0, 0.0, 0.0, 1.0], (len(places[0]), 1))]
        for place in places[1:]:
            turn = Rotation.from_matrix(stiffness.turns(place)).as_quat()
            turns.append(turn * np.where((turn * turns[-1]).sum(1, keepdims=True) < 0, -1.0, 1.0))
        return CubicSpline(np.linspace(0, 1, len(places)), np.stack(turns))


def _barycentric(points: Array, a: Array, b: Array, c: Array) -> Array:
    """Weights of a triangle's corners for points in it."""
    ab, ac, ap = b - a, c - a, points - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    below = np.maximum(d00 * d11 - d01 * d01, 1e-300)
    v, w = (d11 * d20 - d01 * d21) / below, (d00 * d21 - d01 * d20) / below
    weights = np.stack([1 - v - w, v, w], 1).clip(0, 1)
    return np.asarray(weights / weights.sum(1, keepdims=True))


def as_array(points: torch.Tensor) -> Points:
    """What a tensor on any device holds, as kernels and trees want it."""
    return np.ascontiguousarray(points.detach().cpu().numpy(), np.float32)
