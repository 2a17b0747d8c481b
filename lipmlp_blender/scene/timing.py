"""When the morph is where: keys of the Morph value over the frame range; knows numbers, no Blender."""

from __future__ import annotations

from dataclasses import dataclass

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
    """The keys that carry Morph through the range, with rests at the ends and back again for ping-pong."""
    start, end, hold = spec.frame_start, spec.frame_end, spec.hold
    turns = 2 if spec.ping_pong else 1
    if end - start < turns + hold * (turns + 1):
        raise SceneError(
            f"Frames {start} to {end} leave no room for the morph"
            f"{f' with {hold} held frames' if hold else ''}: choose a longer range."
        )
    if not spec.ping_pong:
        places = [(start, 0.0), (start + hold, 0.0), (end - hold, 1.0), (end, 1.0)]
    else:
        leave = (start + hold + end - hold - hold) // 2
        places = [(start, 0.0), (start + hold, 0.0), (leave, 1.0), (leave + hold, 1.0), (end - hold, 0.0), (end, 0.0)]
    return [MorphKey(frame, value) for frame, value in dict.fromkeys(places)]
