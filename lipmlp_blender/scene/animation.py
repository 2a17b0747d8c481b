"""Writes the Morph value's keys onto an animatable property, eased as the spec says."""

from __future__ import annotations

import bpy
import numpy as np

from .. import compat
from .ownership import Making
from .spec import ResultSpec
from .timing import INTERPOLATIONS, morph_keys
from .velocity import write_keys


def animate(owner: bpy.types.ID, data_path: str, spec: ResultSpec, making: Making) -> bpy.types.FCurve:
    """Key the property from 0 to 1 and back where asked, or as what is replaced; the action belongs to the result."""
    keys = morph_keys(spec) if making.keys is None else []
    curve = compat.ensure_fcurve(owner, data_path, group="Morph")
    making.own(owner.animation_data.action)
    if making.keys is not None:
        making.keys.put_on(curve)
        return curve
    interpolation, easing = INTERPOLATIONS[spec.easing]
    write_keys(curve, np.array([key.frame for key in keys]), np.array([key.value for key in keys]), interpolation)
    for point in curve.keyframe_points:
        point.easing = easing
        point.handle_left_type = point.handle_right_type = "AUTO_CLAMPED"
    curve.update()
    return curve
