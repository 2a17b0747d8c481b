"""Takes the keys of an animation curve out as plain values and puts them onto another curve; knows no morphs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import bpy

# The kinds of the handles come before the handles, which some kinds of them would move.
_OF_A_KEY = (
    *("interpolation", "easing", "amplitude", "back", "period", "type", "handle_left_type", "handle_right_type"),
    *("handle_left", "handle_right", "co"),
)
_PLACES = ("handle_left", "handle_right", "co")
_HEIGHTS = ("strength", "value_offset", "amplitude")
"""Settings of a curve's modifiers that are measured in the curve's values."""


@dataclass
class CurveKeys:
    """All that shapes a curve."""

    keys: list[dict[str, Any]]
    modifiers: list[tuple[str, dict[str, Any]]]
    extrapolation: str

    @classmethod
    def of(cls, curve: bpy.types.FCurve) -> CurveKeys:
        """The curve's keys, or its samples as keys."""
        keys = [_settings(point, _OF_A_KEY) for point in curve.keyframe_points]
        keys = keys or [{"interpolation": "LINEAR", "co": tuple(point.co)} for point in curve.sampled_points]
        modifiers = [(modifier.type, _settings(modifier, _writable(modifier))) for modifier in curve.modifiers]
        return cls(keys, modifiers, curve.extrapolation)

    def put_on(self, curve: bpy.types.FCurve) -> None:
        """Replace what the curve has."""
        points = curve.keyframe_points
        points.clear()
        points.add(len(self.keys))
        for point, settings in zip(points, self.keys, strict=True):
            _set(point, settings)
        for modifier in list(curve.modifiers):
            curve.modifiers.remove(modifier)
        for kind, settings in self.modifiers:
            _set(curve.modifiers.new(kind), settings)
        curve.extrapolation = self.extrapolation
        curve.update()

    def scaled(self, factor: float) -> CurveKeys:
        """The same with all values multiplied."""
        keys = [
            {name: (value[0], value[1] * factor) if name in _PLACES else value for name, value in settings.items()}
            for settings in self.keys
        ]
        modifiers = [
            (kind, {name: value * factor if name in _HEIGHTS else value for name, value in settings.items()})
            for kind, settings in self.modifiers
        ]
        return CurveKeys(keys, modifiers, self.extrapolation)


def keys_of(curve: bpy.types.FCurve | None) -> CurveKeys | None:
    """The curve's keys; None where there is no curve or nothing on it."""
    found = CurveKeys.of(curve) if curve is not None else None
    return found if found is not None and found.keys else None


def scale_driver(curve: bpy.types.FCurve, factor: float) -> None:
    """Multiply what a driver gives, by the curve that translates it or by one that does nothing else."""
    if factor == 1.0:
        return
    if len(curve.keyframe_points):
        CurveKeys.of(curve).scaled(factor).put_on(curve)
        return
    generator = next((modifier for modifier in curve.modifiers if modifier.type == "GENERATOR"), None)
    if generator is None:
        generator = curve.modifiers.new("GENERATOR")
        generator.coefficients = (0.0, 1.0)
    generator.coefficients = [value * factor for value in generator.coefficients]


def _settings(thing: bpy.types.bpy_struct, names: Iterable[str]) -> dict[str, Any]:
    values = {name: getattr(thing, name) for name in names}
    return {
        name: tuple(value) if hasattr(value, "__len__") and not isinstance(value, str) else value
        for name, value in values.items()
    }


def _set(thing: bpy.types.bpy_struct, settings: dict[str, Any]) -> None:
    for name, value in settings.items():
        setattr(thing, name, value)


def _writable(thing: bpy.types.bpy_struct) -> list[str]:
    return [entry.identifier for entry in thing.bl_rna.properties if not entry.is_readonly and entry.type != "POINTER"]
