"""Poses of one mesh out of the scene: a mesh's shape keys, or selected objects with the same faces. Knows no engine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from .errors import SceneError
from .length_keys import MARK, pose_of, triangles_of
from .matching_faces import share_faces

POSES_NAME = "poses.npz"


@dataclass
class PoseSource:
    """What poses were found on, and where its result comes from."""

    names: list[str]
    poses: NDArray[np.float64]
    """(k, n, 3), in the space of the active object."""
    triangles: NDArray[np.int64]

    def write(self, folder: Path) -> None:
        """Lay the poses down as the engine reads them."""
        titles = np.array(json.dumps([[name] for name in self.names]))
        triangles = self.triangles.astype(np.int32)
        np.savez(folder / POSES_NAME, poses=self.poses.astype(np.float32), triangles=triangles, names=titles)


def why_no_poses(context: bpy.types.Context) -> str:
    """Why there are no poses to learn from, or nothing; cheap enough for a panel."""
    item = context.active_object
    if item is None or item.type != "MESH":
        return "Choose a mesh with shape keys, or several meshes with the same faces"
    if item.mode != "OBJECT":
        return "Leave Edit Mode first"
    others = _selected(context, item)
    if len(others) > 1:
        return "" if share_faces(context, others) else "The selected meshes have different faces"
    if len(_keys(item)) < 2:
        return "Choose a mesh with two or more shape keys, or several meshes with the same faces"
    return ""


def found_poses(context: bpy.types.Context) -> PoseSource:
    """The poses of the selected meshes, or of the active one's shape keys; raises SceneError."""
    reason = why_no_poses(context)
    if reason:
        raise SceneError(f"{reason}.")
    item = context.active_object
    others = _selected(context, item)
    if len(others) < 2:
        keys = _keys(item)
        poses = np.stack([pose_of(key) for key in keys])
        return PoseSource([key.name for key in keys], poses, triangles_of(item.data))
    depsgraph = context.evaluated_depsgraph_get()
    upright = np.linalg.inv(np.array(item.matrix_world.to_3x3()))
    found = []
    for other in others:
        mesh = other.evaluated_get(depsgraph).data
        places = np.empty(3 * len(mesh.vertices), np.float32)
        mesh.vertices.foreach_get("co", places)
        # Where the objects stand is no part of a pose; how large they are and how they are turned is.
        found.append(places.reshape(-1, 3) @ (upright @ np.array(other.matrix_world.to_3x3())).T)
    triangles = triangles_of(item.evaluated_get(depsgraph).data)
    if len({len(places) for places in found}) > 1:
        raise SceneError("The selected meshes have different numbers of vertices.")
    return PoseSource([other.name for other in others], np.stack(found).astype(np.float64), triangles)


def _selected(context: bpy.types.Context, item: bpy.types.Object) -> list[bpy.types.Object]:
    """The active mesh and the other selected ones, which are poses of it if there are any."""
    others = [other for other in context.selected_objects if other.type == "MESH" and other != item]
    return [item, *sorted(others, key=lambda other: other.name)]


def _keys(item: bpy.types.Object) -> Sequence[bpy.types.ShapeKey]:
    """The shape keys that are poses: not muted, and not the correctives of others."""
    keys = item.data.shape_keys
    return [key for key in keys.key_blocks if not key.mute and f" {MARK} " not in key.name] if keys is not None else []
