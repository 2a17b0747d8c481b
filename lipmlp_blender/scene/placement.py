"""Lets an object stay where the artist has put it when its geometry comes to be relative to another space."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from mathutils import Matrix

from .. import compat
from .frame_mesh import MORPH_VELOCITY, VELOCITY

_CLOSE = 1e-5
"""What a transform may be off by, as a share of its largest number: single precision's rounding, a few times over."""
_CHANNELS = {
    "location": ("location",),
    "rotation": ("rotation_euler", "rotation_quaternion", "rotation_axis_angle"),
    "scale": ("scale",),
}


def as_matrix(rows: Sequence[Sequence[float]]) -> Matrix | None:
    """A transform that was written down, where it is one that can be undone."""
    if len(rows) != 4 or any(len(row) != 4 for row in rows) or not np.isfinite(np.array(rows)).all():
        return None
    matrix = Matrix([list(row) for row in rows])
    return matrix if abs(matrix.determinant()) > 0 else None


def settle(item: bpy.types.Object, change: Matrix, frames: Sequence[bpy.types.Object]) -> bool:
    """Undo for the eye that the object's geometry has come to be relative to a space that is ``change`` in the old one.

    The object's own transform takes the change where it can; the meshes of its frames, or its own, do where keys move
    what would have to change, or where it would shear. Returns whether the object did.
    """
    if _alike(change, Matrix()):
        return True
    before = item.matrix_basis.copy()
    wanted = before @ change
    changed = [
        name
        for name, one, other in zip(_CHANNELS, before.decompose(), wanted.decompose(), strict=True)
        if any(abs(a - b) > _CLOSE * max(1.0, abs(a)) for a, b in zip(one, other, strict=True))
    ]
    if not any(_is_animated(item, name) for name in changed):
        item.matrix_basis = wanted
        if _alike(item.matrix_basis, wanted):
            for child in item.children:
                if child.parent_type == "OBJECT" and child not in frames:
                    child.matrix_parent_inverse = change.inverted() @ child.matrix_parent_inverse
            return True
        item.matrix_basis = before
    for mesh in [frame.data for frame in frames] or [item.data]:
        _transform(mesh, change)
    return False


def _is_animated(item: bpy.types.Object, channel: str) -> bool:
    animation = item.animation_data
    if animation is None:
        return False
    curves = [*compat.fcurves_of(item), *animation.drivers]
    return len(animation.nla_tracks) > 0 or any(curve.data_path in _CHANNELS[channel] for curve in curves)


def _transform(mesh: bpy.types.Mesh, change: Matrix) -> None:
    mesh.transform(change, shape_keys=True)
    if change.determinant() < 0:
        mesh.flip_normals()
    turn = np.array(change.to_3x3())
    for name in (VELOCITY, MORPH_VELOCITY):
        attribute = mesh.attributes.get(name)
        if attribute is not None and attribute.data_type == "FLOAT_VECTOR":
            values = np.empty((len(attribute.data), 3), np.float32)
            attribute.data.foreach_get("vector", values.ravel())
            attribute.data.foreach_set("vector", (values @ turn.T).astype(np.float32).ravel())


def _alike(one: Matrix, other: Matrix) -> bool:
    first, second = np.array(one), np.array(other)
    return bool(np.abs(first - second).max() <= _CLOSE * max(1.0, np.abs(second).max()))
