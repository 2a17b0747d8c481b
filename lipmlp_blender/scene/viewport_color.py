"""Lets a material's colour in the Solid view follow the Morph value, by drivers that any Blender evaluates."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from .velocity import write_keys


def drive_viewport_color(
    material: bpy.types.Material,
    owner: bpy.types.Object,
    data_path: str,
    span: tuple[float, float],
    colors: tuple[Sequence[float], Sequence[float]],
) -> None:
    """Blend from the first colour to the second while the owner's property goes through the span.

    No script is involved, so that files play where scripts are not trusted.
    """
    for channel, ends in enumerate(zip(*colors, strict=True)):
        if ends[0] == ends[1]:
            continue
        curve = material.driver_add("diffuse_color", channel)
        for modifier in list(curve.modifiers):
            curve.modifiers.remove(modifier)
        curve.driver.type = "AVERAGE"
        variable = curve.driver.variables.new()
        variable.name, variable.type = "morph", "SINGLE_PROP"
        variable.targets[0].id, variable.targets[0].data_path = owner, data_path
        write_keys(curve, np.array(span), np.array(ends), "LINEAR")
        curve.extrapolation = "CONSTANT"
