"""How far the surface moves from frame to frame, sampled or bounded, and how many frames keep that below a length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..files.mesh_frame import MeshFrame
from ..shapes.distance import DistanceField
from ..shapes.shape import vertex_normals
from .solid import Points, Solid

HINTS = (1.0, 0.5, 0.25)
"""Motion per frame, in % of the diagonal, for which the report names the number of frames. Chosen."""
USUAL = 0.99
"""Share of the surface whose motion is called usual: what appears or vanishes has no speed, and no number of frames
would show it come. Chosen."""


@dataclass
class Step:
    """From one frame to the next, in world units, measured from the vertices of both to the other's surface."""

    duration: float
    hausdorff: float
    mean: float
    usual: float
    """What the usual share of the surface stays below."""


@dataclass
class Speeds:
    """Of a frame's surface along its normal, world units per unit of time."""

    largest: float
    usual: float


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
    """Motion per frame in % of the diagonal → number of evenly spaced frames whose usual motion is less, sampled."""
    per_step_usual: list[float] = field(default_factory=list)
    """What 99 % of the surface stays below, by the larger of both ways to sample; empty in earlier reports."""
    usual_percent: float = math.nan
    """The largest of them, in % of the diagonal."""


def surface_step(
    earlier: Solid, later: Solid, duration: float, fields: tuple[DistanceField, DistanceField], budget: int
) -> Step:
    """Hausdorff and mean distance between two surfaces, at up to ``budget`` vertices of each."""
    ways = _distances(earlier, fields[1], budget), _distances(later, fields[0], budget)
    mean = sum(np.average(distances, weights=weights) for distances, weights in ways) / 2
    usual = max(_usual(*way) for way in ways)
    return Step(duration, float(max(distances.max() for distances, _ in ways)), float(mean), usual)


def normal_speeds(frame: MeshFrame, solid: Solid) -> Speeds | None:
    """How fast the surface moves along its normal, at its vertices."""
    if frame.velocity is None or solid.empty:
        return None
    velocity = np.asarray(frame.velocity, np.float64)
    own = frame.normals
    normals = vertex_normals(solid.vertices, solid.triangles) if own is None else np.asarray(own, np.float64)
    speeds = np.abs(np.einsum("ij,ij->i", velocity, normals))
    return Speeds(float(speeds.max()), _usual(speeds, solid.vertex_areas))


def measure_motion(
    times: Sequence[float],
    steps: Sequence[Step | None],
    speeds: Sequence[Speeds | None],
    diagonal: float,
    bounds: Sequence[float] = (),
) -> Motion:
    """Gather the steps between consecutive frames, and each frame's speeds."""
    durations = np.abs(np.diff(np.asarray(times, np.float64)))
    surface = [step.hausdorff if step else math.nan for step in steps]
    usual = np.array([step.usual if step else math.nan for step in steps], np.float64)
    sampled = np.asarray(surface, np.float64)
    by_velocity: list[float] = []
    known = [speed for speed in speeds if speed is not None]
    if len(times) > 1 and len(known) == len(times):
        by_velocity = _per_step([speed.largest for speed in known], durations)
        sampled = np.fmax(sampled, by_velocity)
        usual = np.fmax(usual, _per_step([speed.usual for speed in known], durations))
    largest, place = 0.0, 0
    if np.any(np.isfinite(sampled)):
        place = int(np.nanargmax(sampled))
        largest = float(sampled[place])
    wanted = _fastest(usual, durations)
    span = float(np.max(times) - np.min(times)) if len(times) else 0.0
    percent = 100 / diagonal if diagonal > 0 else 0.0
    return Motion(
        per_step=surface,
        per_step_by_velocity=by_velocity,
        per_step_bound=list(bounds),
        largest=largest,
        largest_percent=percent * largest,
        largest_at=float(times[place] + times[place + 1]) / 2 if len(times) > 1 else 0.0,
        fastest=_fastest(sampled, durations),
        frames_for={f"{hint:g}": frames_needed(wanted, span, hint / 100 * diagonal) for hint in HINTS},
        per_step_usual=[float(value) for value in usual],
        usual_percent=percent * float(np.max(usual[np.isfinite(usual)], initial=0.0)),
    )


def _per_step(speeds: list[float], durations: NDArray[np.float64]) -> list[float]:
    """How far something gets between frames, as fast as it is at the faster of both."""
    return [float(value) for value in np.maximum(speeds[:-1], speeds[1:]) * durations]


def _fastest(steps: NDArray[np.float64], durations: NDArray[np.float64]) -> float:
    """The largest of some steps over the time that it takes."""
    moving = (durations > 0) & np.isfinite(steps)
    return float((steps[moving] / durations[moving]).max(initial=0.0))


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


def _usual(values: Points, weights: Points) -> float:
    """What the usual share of the weight stays below."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][min(np.searchsorted(total, USUAL * total[-1]), len(order) - 1)])
