"""When the morph is where: keys of the Morph value over the frame range; knows numbers, no Blender."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from .errors import SceneError
from .spec import ResultSpec

INTERPOLATIONS = {
    "LINEAR": ("LINEAR", "AUTO"),
    "EASE": ("BEZIER", "AUTO"),
    "EASE_IN": ("SINE", "EASE_IN"),
    "EASE_OUT": ("SINE", "EASE_OUT"),
}
"""Easing → Blender's interpolation and easing of a key."""


@dataclass(frozen=True)
class MorphKey:
    """One key of the Morph value, 0 at the first shape and 1 at the last."""

    frame: int
    value: float


def morph_keys(spec: ResultSpec) -> list[MorphKey]:
    """The keys that carry Morph through the range, with rests at ends and shapes and back again for ping-pong."""
    start, end, hold = spec.frame_start, spec.frame_end, spec.hold
    shapes = max(len(spec.sources) - 1, 1)
    there = [(shape / shapes, rest) for shape, rest in enumerate(spec.rests[: shapes - 1], 1) if rest > 0]
    stops = [(0.0, hold), *there, (1.0, hold)]
    if spec.ping_pong:
        stops += [*reversed(there), (0.0, hold)]
    travel = end - start - sum(rest for _, rest in stops)
    way = sum(abs(after - before) for (before, _), (after, _) in pairwise(stops))
    resting = any(rest for _, rest in stops)
    places: dict[int, float] = {}
    arrival, gone, rested, before = start, 0.0, 0, 0.0
    for value, rest in stops:
        gone += abs(value - before)
        leaving, arrival = arrival, start + rested + int(travel * gone / way + 1e-9)
        if value != before and arrival <= leaving:
            raise SceneError(
                f"Frames {start} to {end} leave no room for the morph{' between its rests' if resting else ''}: "
                "choose a longer range."
            )
        places.update({arrival: value, arrival + rest: value})
        arrival, before, rested = arrival + rest, value, rested + rest
    return [MorphKey(frame, value) for frame, value in places.items()]
