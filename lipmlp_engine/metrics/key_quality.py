"""How good tracked shape keys are, and whether a morph's topology allows any. Tracks and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from ..guide import CarriedMesh
from ..shapes.distance import DistanceField
from ..shapes.self_intersections import crossing_pairs
from ..shapes.shape import Shape, doubled_area_vectors
from ..shapes.surface_samples import sample_surface
from ..surface.smooth_normals import values_and_mean_gradient
from ..tracking.elastic_sheet import smallest_angles
from ..tracking.track import Track
from .frame_topology import TopologyOverTime

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

MOST_INSIDE = 0.01
"""Largest share of vertices off the morphed surface for which the source's own mesh can stand for it. Chosen."""
MOST_FLIPPED = 1.0
"""Percentage of faces turned over from which on a sequence is the better result.

Keys should have at most 0.1 %. Chosen by what is seen: a face that has turned over shows as a dark fleck; at ten times
that, a mesh of some thousand faces has one on every side that it is looked at from, and the frames have none.
"""
FARTHEST = 0.6
"""Mean distance from a target, in % of its diagonal, from which on a sequence is the better result.

Chosen: keys should be within 0.15 % on average and within this for 95 % of their surface, where parts thinner than a
face of the mesh may be missing; where even the mean is beyond it, whole parts are. Frames are within 0.15 % at any
preset.
"""
SAMPLES = 10_000
"""On either surface. Chosen."""

Array = NDArray[np.float64]


@dataclass
class KeyMeasure:
    """One key; distances in % of the first shape's diagonal."""

    time: float
    mean: float
    """Distance of the vertices from the field's surface, to first order."""
    percentile_95: float
    largest: float
    flipped: float
    """% of the faces that face against the field's gradient."""
    smallest_angle: float
    """In degrees, the first percentile over the faces."""
    largest_stretch: float
    """The longest that any edge has grown, as a multiple of its length in the first key."""
    crossings: int = 0
    """Pairs of faces that pass through each other."""


@dataclass
class TargetMeasure:
    """Where the keys meet a shape; distances in % of that shape's diagonal."""

    shape: str
    mean: float
    percentile_95: float
    largest: float
    coverage_mean: float
    """From the shape's surface back to the mesh."""
    coverage_percentile_95: float


@dataclass
class Tracking:
    """What became of the shape keys."""

    kept: bool
    """Whether keys were written."""
    sentence: str
    vertices: int = 0
    keys: list[KeyMeasure] = field(default_factory=list)
    targets: list[TargetMeasure] = field(default_factory=list)
    troubled: int = 0
    """Vertices of kept keys that are beside a face turned over, torn apart or off the surface at some key."""
    template: str = "source"
    """Which mesh is moved: the first shape's own, or a clean remesh."""
    template_angle: float = 0.0
    """The mesh's smallest angle before it was moved, in degrees, the first percentile over the faces."""
    moments: list[float] = field(default_factory=list)
    """When parts, handles or cavities change."""


def why_topology_fails(topology: TopologyOverTime, moments: Sequence[float] = ()) -> str:
    """The reason why one mesh cannot be the morph at all times, or nothing."""
    for what, counts in (
        ("components", topology.components),
        ("handles", topology.genus),
        ("cavities", topology.cavities),
    ):
        if len(set(counts)) > 1:
            known = [count for count in counts if count is not None]
            when = ", ".join(f"{moment:.3f}" for moment in moments[:3]) + (" …" if len(moments) > 3 else "")
            reason = f"the number of {what} changes between {min(known)} and {max(known)}"
            return f"{reason}, at t = {when}" if when else reason
    return ""


def why_tracking_fails(track: Track, keys: list[KeyMeasure], targets: list[TargetMeasure], name: str) -> str:
    """The reason why tracked keys should not be shown, or nothing."""
    if track.lost_at is not None:
        return f"the mesh loses the surface at t = {track.lost_at:.2f}"
    if track.inside > MOST_INSIDE:
        return f"{100 * track.inside:.0f} % of the vertices of '{name}' lie inside its surface"
    worst = max(keys, key=lambda key: key.flipped - keys[0].flipped)
    if worst.flipped - keys[0].flipped > MOST_FLIPPED:
        return f"{worst.flipped:.1f} % of the faces are turned over at t = {worst.time:.2f}"
    for target in targets:
        if target.mean > FARTHEST:
            return f"the mesh stays {target.mean:.1f} % of the diagonal away from '{target.shape}'"
    return ""


def measure_keys(track: Track, morph: Morph, diagonal: float) -> list[KeyMeasure]:
    """Hold every key against the field at its time."""
    triangles = track.triangles
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    first = np.maximum(_lengths(track.positions[0], edges), 1e-9 * diagonal)
    sign = 1.0
    found: list[KeyMeasure] = []
    for time, positions in zip(track.times, track.positions.astype(np.float64), strict=True):
        pose = morph.pose(float(time))
        points = pose.to_training(positions)
        middles = points[triangles].mean(1)
        values, gradient = _seen(morph, float(time), np.concatenate([points, middles]))
        steepness = np.maximum(np.linalg.norm(gradient[: len(points)], axis=1), 1e-3)
        used = np.unique(triangles)
        distances = (np.abs(values[: len(points)]) / steepness * pose.scale / diagonal * 100)[used]
        along = (doubled_area_vectors(points, triangles) * gradient[len(points) :]).sum(1)
        if not found:
            sign = 1.0 if (along > 0).mean() >= 0.5 else -1.0
        found.append(
            KeyMeasure(
                time=float(time),
                mean=float(distances.mean()),
                percentile_95=float(np.percentile(distances, 95)),
                largest=float(distances.max()),
                flipped=float((sign * along < 0).mean() * 100),
                smallest_angle=float(np.percentile(smallest_angles(points, triangles), 1)),
                largest_stretch=float((_lengths(positions, edges) / first).max()),
                crossings=crossing_pairs(positions, triangles),
            )
        )
    return found


def _seen(morph: Morph, time: float, points: Array) -> tuple[Array, ...]:
    """The field's values and gradient at points; between poses, whose keys follow no network, what is shown."""
    flows = morph.motion.flows
    if morph.detailed and flows and isinstance(flows[morph.segment(time)], CarriedMesh):
        places = torch.from_numpy(points.astype(np.float32))
        found = morph.shown_field(time).values_and_gradient(places.to(morph.layers[0][0].device))
        return tuple(part.cpu().numpy().astype(np.float64) for part in found)
    return values_and_mean_gradient(morph.field(time), points)


def measure_targets(track: Track, shapes: list[Shape], threads: int = 0) -> list[TargetMeasure]:
    """Hold the keys at the shapes' times against those shapes, both ways; the first only where it is no template."""
    rng = np.random.default_rng(0)
    found = []
    for index, shape in enumerate(shapes):
        if index == 0 and track.faces is None:
            continue
        at = int(np.abs(track.times - index).argmin())
        if abs(track.times[at] - index) > 1e-6:
            continue
        positions = track.positions[at].astype(np.float64)
        to_shape = DistanceField(shape.vertices, shape.triangles, threads=threads)
        to_mesh = DistanceField(positions, track.triangles, threads=threads)
        there, _, _ = sample_surface(positions, track.triangles, SAMPLES, rng)
        back, _, _ = sample_surface(shape.vertices, shape.triangles, SAMPLES, rng)
        ahead = to_shape.closest(there)[2] / shape.diagonal * 100
        behind = to_mesh.closest(back)[2] / shape.diagonal * 100
        found.append(
            TargetMeasure(
                shape=shape.name,
                mean=float(ahead.mean()),
                percentile_95=float(np.percentile(ahead, 95)),
                largest=float(ahead.max()),
                coverage_mean=float(behind.mean()),
                coverage_percentile_95=float(np.percentile(behind, 95)),
            )
        )
    return found


def _lengths(points: NDArray[np.floating], edges: NDArray[np.integer]) -> Array:
    return np.asarray(np.linalg.norm(points[edges[:, 0]].astype(np.float64) - points[edges[:, 1]], axis=1))
