"""What happens between the ends: size, path, evenness and jerk over time. Knows surfaces only by their measures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .frame_motion import Step

Series = NDArray[np.float64]


@dataclass
class Size:
    """Volume, area and centre of one surface, in world units."""

    volume: float
    area: float
    centroid: tuple[float, float, float]


@dataclass
class Middle:
    """Over the frames, world units; ratios have no unit."""

    times: list[float]
    volume: list[float]
    area: list[float]
    volume_path: list[float]
    """What the volume would be if its logarithm went straight from each shape to the next."""
    area_path: list[float]
    least_volume: float
    """Smallest volume over the smaller end's of its segment; below 1 the morph shrinks on the way."""
    least_volume_time: float
    least_area: float
    least_area_time: float
    volume_departure: float
    """Largest factor, at least 1, by which the volume leaves its path."""
    thin_share: list[float]
    """Share of the surface that belongs to thin parts."""
    thin_loss: float
    """How much of the thin share common to both ends of a segment is gone at its worst time: 0 none, 1 all."""
    step_hausdorff: list[float]
    step_mean: list[float]
    speed: list[float]
    """Mean distance between consecutive surfaces over the time between them."""
    speed_variation: float | None
    """Standard deviation of the speed over its mean: 0 is perfectly even."""
    path_length: float | None
    """Sum of the Hausdorff steps over the Hausdorff distance of the ends: 1 is the shortest there is."""
    centroid_jerk: float | None
    """Root mean square of the third time derivative of the centroid, in diagonals."""
    volume_jerk: float | None
    """Root mean square of the third time derivative of the logarithm of the volume."""
    largest_speed: float
    """Fastest motion of the surface along its normal, world units per unit of time."""


def measure_middle(
    times: Sequence[float],
    sizes: Sequence[Size],
    ends: Sequence[Size],
    steps: Sequence[Step | None],
    thin_shares: Sequence[float],
    *,
    ends_distance: float,
    diagonal: float,
    largest_speed: float,
) -> Middle:
    """Gather what was measured of each frame; shape k of ``ends`` sits at time k.

    ``ends_distance`` is the sum of the Hausdorff distances between the frames at consecutive shapes.
    """
    when = np.asarray(times, np.float64)
    volume = np.array([size.volume for size in sizes])
    area = np.array([size.area for size in sizes])
    end_volume = np.array([size.volume for size in ends])
    end_area = np.array([size.area for size in ends])
    volume_path, area_path = log_linear(when, end_volume), log_linear(when, end_area)
    volume_ratio = volume / smaller_end(when, end_volume)
    area_ratio = area / smaller_end(when, end_area)
    known = [step for step in steps if step is not None]
    speed = np.array([step.mean / abs(step.duration) for step in known if step.duration])
    complete = len(known) == len(steps) > 0
    centroids = np.array([size.centroid for size in sizes]).reshape(-1, 3)
    with np.errstate(divide="ignore", invalid="ignore"):
        departure = np.abs(np.log(np.maximum(volume, 0) / volume_path))
        volume_jerk = _jerk(when, np.log(np.maximum(volume, 0)))
    return Middle(
        times=when.tolist(),
        volume=volume.tolist(),
        area=area.tolist(),
        volume_path=volume_path.tolist(),
        area_path=area_path.tolist(),
        least_volume=float(volume_ratio.min()),
        least_volume_time=float(when[volume_ratio.argmin()]),
        least_area=float(area_ratio.min()),
        least_area_time=float(when[area_ratio.argmin()]),
        volume_departure=float(np.exp(departure.max())),
        thin_share=[float(share) for share in thin_shares],
        thin_loss=_thin_loss(when, thin_shares, len(ends)),
        step_hausdorff=[step.hausdorff if step else math.nan for step in steps],
        step_mean=[step.mean if step else math.nan for step in steps],
        speed=speed.tolist(),
        speed_variation=float(speed.std() / speed.mean()) if complete and speed.mean() > 0 else None,
        path_length=sum(s.hausdorff for s in known) / ends_distance if complete and ends_distance > 0 else None,
        centroid_jerk=_jerk(when, centroids / diagonal) if diagonal > 0 else None,
        volume_jerk=volume_jerk,
        largest_speed=largest_speed,
    )


def log_linear(times: Series, values: Series) -> Series:
    """Values at times 0, 1, 2 … joined by straight lines between their logarithms."""
    with np.errstate(divide="ignore"):
        logarithms = np.log(np.maximum(values, 0.0))
    path: Series = np.exp(np.interp(times, np.arange(len(values)), logarithms))
    return path


def smaller_end(times: Series, values: Series) -> Series:
    """The smaller of the two values around each time; at a shape's own time that shape's value."""
    low = np.clip(np.floor(times + 1e-6).astype(int), 0, len(values) - 1)
    high = np.clip(np.ceil(times - 1e-6).astype(int), 0, len(values) - 1)
    smaller: Series = np.minimum(values[low], values[high])
    return smaller


def _thin_loss(times: Series, shares: Sequence[float], ends: int) -> float:
    """The worst segment's loss of the thin share that both its ends have; slivers of shares are noise."""
    worst = 0.0
    values = np.asarray(shares, np.float64)
    for segment in range(ends - 1):
        inside = values[(times >= segment - 1e-6) & (times <= segment + 1 + 1e-6)]
        if len(inside) >= 3:
            floor = min(inside[0], inside[-1])
            if floor >= 0.02:
                worst = max(worst, 1.0 - float(inside.min()) / floor)
    return worst


def _jerk(times: Series, values: Series) -> float | None:
    """Root mean square of third divided differences; None below four frames or where a value is missing."""
    if len(times) < 4 or not np.all(np.isfinite(values)):
        return None
    values = values.reshape(len(times), -1)
    for order in range(1, 4):
        span = (times[order:] - times[:-order])[:, None]
        if np.any(span == 0):
            return None
        values = order * np.diff(values, axis=0) / span
    return float(np.sqrt(np.mean(np.sum(values**2, axis=1))))
