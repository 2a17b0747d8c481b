"""When a film of a chain is at which time: points joined smoothly, never backwards. Standard library only.

A point is (moment, time): the moment as a share of the film, the time as shape k's k. Between points the curve is the
monotone cubic of Fritsch and Carlson (1980): two points at one time are a rest, into which it eases and out of which it
gathers speed; a single point at an inner shape only says when it is passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from .errors import JobError
from .hearsay import LARGEST_WHOLE, shown

FORM = "timing must hold points [moment, time]"


def check_timing(points: Any, first: float, last: float) -> None:
    """Refuse points that do not lead from the first to the last time, in one sentence."""
    for point in points:
        if not isinstance(point, (list, tuple)) or len(point) != 2 or not all(is_number(value) for value in point):
            raise JobError(f"{FORM}; it holds {shown(repr(point), 60)}.")
    if len(points) < 2 or list(points[0]) != [0, first] or list(points[-1]) != [1, last]:
        raise JobError(f"{FORM} from [0, {first:g}] to [1, {last:g}].")
    for (moment, time), (after, later) in pairwise(points):
        if after <= moment or later < time:
            raise JobError(f"{FORM} with rising moments and times that do not fall; {[after, later]} comes too early.")


def timed(points: Sequence[Sequence[float]], count: int) -> list[float]:
    """Times at ``count`` evenly spaced moments of the film.

    >>> [round(time, 2) for time in timed([[0, 0], [0.4, 1], [0.6, 1], [1, 2]], 6)]
    [0.0, 0.63, 1.0, 1.0, 1.37, 2.0]
    """
    slopes = _slopes(points)
    times, piece = [], 0
    for index in range(count):
        moment = index / (count - 1)
        while piece < len(points) - 2 and moment > points[piece + 1][0]:
            piece += 1
        (start, low), (end, high) = points[piece], points[piece + 1]
        share, span = (moment - start) / (end - start), end - start
        rise = share * share * (3 - 2 * share)
        bend = span * share * (1 - share) * (slopes[piece] * (1 - share) - slopes[piece + 1] * share)
        times.append(min(max(low + (high - low) * rise + bend, low), high))
    return times


def _slopes(points: Sequence[Sequence[float]]) -> list[float]:
    """Speed at each point: none at a rest, else the harmonic mean of the pieces' own, which never overshoots."""
    spans = [after[0] - before[0] for before, after in pairwise(points)]
    speeds = [(after[1] - before[1]) / span for (before, after), span in zip(pairwise(points), spans, strict=True)]
    inner = []
    for (before, after), (span, following) in zip(pairwise(speeds), pairwise(spans), strict=True):
        near, far = span + 2 * following, 2 * span + following
        inner.append((near + far) / (near / after + far / before) if before > 0 and after > 0 else 0.0)
    return [speeds[0], *inner, speeds[-1]]


def is_number(value: Any) -> bool:
    """Whether a value out of a job can be reckoned with: no text, no yes or no, no infinity."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -LARGEST_WHOLE <= value <= LARGEST_WHOLE
