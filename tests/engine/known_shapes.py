"""Meshes as the engine's shapes, and one without any symmetry; knows nothing of what is tested with them."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.shapes.shape import Shape


def shape_of(mesh: trimesh.Trimesh, name: str = "shape") -> Shape:
    return Shape(
        name, np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32), closed=mesh.is_watertight
    )


def moved(mesh: trimesh.Trimesh, offset: tuple[float, float, float]) -> trimesh.Trimesh:
    copy = mesh.copy()
    copy.apply_translation(offset)
    return copy


def wedge() -> trimesh.Trimesh:
    """An L of two boxes with a foot."""
    boxes = [((2, 0.5, 0.5), (0, 0, 0)), ((0.5, 1.5, 0.4), (0.8, 0.8, 0)), ((0.4, 0.4, 0.9), (-0.8, 0, 0.5))]
    parts = [trimesh.creation.box(size).apply_translation(place) for size, place in boxes]
    return trimesh.boolean.union(parts, engine="manifold")
