"""How far the surface moves from frame to frame, sampled or bounded, and how many frames keep that below a length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..files.mesh_frame import MeshFrame
from ..shapes.distance import DistanceField
from ..shapes.shape import vertex_normals
from .solid import Points, Solid

HINTS = (1.0, 0.5, 0.25)
"""Motion per frame, in % of the diagonal, for which the report names the number of frames. Chosen."""


@dataclass
class Step:
    """From one frame to the next, in world units, measured from the vertices of both to the other's surface."""

    duration: float
    hausdorff: float
    mean: float


@dataclass
class Motion:
    """Largest surface motion; world units, frames taken as evenly spaced as they are."""

    per_step: list[float]
    """Between consecutive frames: the Hausdorff distance of their surfaces, sampled."""
    per_step_by_velocity: list[float]
    """The same from the stored velocities: normal speed at both frames times the time between; empty without them."""
    per_step_bound: list[float]
    """Certified upper bounds on the true motion; empty where none were computed."""
    largest: float
    """The larger of the two sampled figures, over all steps."""
    largest_percent: float
    """The same in % of the diagonal."""
    largest_at: float
    """Time of the middle of that step."""
    fastest: float
    """Largest sampled motion over the time it takes, world units per unit of time."""
    frames_for: dict[str, int]
    """Motion per frame in % of the diagonal → number of evenly spaced frames that keeps to it, sampled."""


def surface_step(
    earlier: Solid, later: Solid, duration: float, fields: tuple[DistanceField, DistanceField], budget: int
) -> Step:
    """Hausdorff and mean distance between two surfaces, at up to ``budget`` vertices of each."""
    there, there_weight = _distances(earlier, fields[1], budget)
    back, back_weight = _distances(later, fields[0], budget)
    mean = (np.average(there, weights=there_weight) + np.average(back, weights=back_weight)) / 2
    return Step(duration, float(max(there.max(), back.max())), float(mean))


def normal_speeds(frame: MeshFrame, solid: Solid) -> NDArray[np.float64] | None:
    """How fast the surface moves along its normal at each vertex, world units per unit of time."""
    if frame.velocity is None or solid.empty:
        return None
    velocity = np.asarray(frame.velocity, np.float64)
    own = frame.normals
    normals = vertex_normals(solid.vertices, solid.triangles) if own is None else np.asarray(own, np.float64)
    speeds: NDArray[np.float64] = np.abs(np.einsum("ij,ij->i", velocity, normals))
    return speeds


def measure_motion(
    times: Sequence[float],
    steps: Sequence[Step | None],
    speeds: Sequence[float | None],
    diagonal: float,
    bounds: Sequence[float] = (),
) -> Motion:
    """Gather the steps between consecutive frames; ``speeds`` is each frame's largest normal speed."""
    durations = np.diff(np.asarray(times, np.float64))
    surface = [step.hausdorff if step else math.nan for step in steps]
    by_velocity: list[float] = []
    if len(times) > 1 and all(speed is not None for speed in speeds):
        known = np.asarray(speeds, np.float64)
        by_velocity = [float(value) for value in np.maximum(known[:-1], known[1:]) * np.abs(durations)]
    sampled = np.fmax(surface, by_velocity) if by_velocity else np.asarray(surface, np.float64)
    largest, place = 0.0, 0
    if np.any(np.isfinite(sampled)):
        place = int(np.nanargmax(sampled))
        largest = float(sampled[place])
    moving = (np.abs(durations) > 0) & np.isfinite(sampled)
    fastest = float((sampled[moving] / np.abs(durations[moving])).max(initial=0.0))
    span = float(np.max(times) - np.min(times)) if len(times) else 0.0
    return Motion(
        per_step=surface,
        per_step_by_velocity=by_velocity,
        per_step_bound=list(bounds),
        largest=largest,
        largest_percent=100 * largest / diagonal if diagonal > 0 else 0.0,
        largest_at=float(times[place] + times[place + 1]) / 2 if len(times) > 1 else 0.0,
        fastest=fastest,
        frames_for={f"{hint:g}": frames_needed(fastest, span, hint / 100 * diagonal) for hint in HINTS},
    )


def frames_needed(fastest: float, span: float, length: float) -> int:
    """Evenly spaced frames over ``span`` that keep a surface of speed ``fastest`` below ``length`` per frame.

    >>> frames_needed(fastest=2.0, span=1.0, length=0.1)
    21
    """
    if length <= 0:
        raise ValueError("The length must be positive.")
    return max(2, math.ceil(fastest * span / length * (1 - 1e-9)) + 1)


def _distances(solid: Solid, field: DistanceField, budget: int) -> tuple[Points, Points]:
    """Distance of vertices, evenly thinned out to the budget, and their share of the area."""
    stride = max(1, math.ceil(len(solid.vertices) / budget))
    _, _, distances = field.closest(solid.vertices[::stride])
    weights = solid.vertex_areas[::stride]
    return np.asarray(distances, np.float64), weights if weights.sum() > 0 else np.ones(len(weights))
