"""Lets a material's colour in the Solid view follow the Morph value, by drivers that any Blender evaluates."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from .velocity import write_keys


def drive_viewport_color(
    material: bpy.types.Material,
    owner: bpy.types.Object,
    data_path: str,
    shares: NDArray[np.float64],
    ends: Sequence[Sequence[float]],
) -> None:
    """Blend from the first colour to the second by shares that are spread evenly over the owner's property, 0 to 1.

    No script is involved, so that files play where scripts are not trusted.
    """
    places = np.linspace(0.0, 1.0, len(shares))
    for channel, (first, last) in enumerate(zip(*ends, strict=True)):
        if first == last:
            continue
        curve = material.driver_add("diffuse_color", channel)
        for modifier in list(curve.modifiers):
            curve.modifiers.remove(modifier)
        curve.driver.type = "AVERAGE"
        variable = curve.driver.variables.new()
        variable.name, variable.type = "morph", "SINGLE_PROP"
        variable.targets[0].id, variable.targets[0].data_path = owner, data_path
        write_keys(curve, places, first + (last - first) * shares, "LINEAR")
        curve.extrapolation = "CONSTANT"
