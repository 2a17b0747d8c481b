"""Reads what is nothing but points: point clouds, bare vertices, points made by Geometry Nodes. Knows no jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from .errors import BrokenShapeError

POINT_TYPES = ("MESH", "POINTCLOUD")
"""Types of objects whose points are a scan; a curve without a bevel only lacks its bevel."""
NORMAL_NAMES = ("normal", "normals", "N")
"""What point attributes with normals are called by those who import scans."""


@dataclass
class RawPoints:
    """Points as Blender keeps them, with what is known of each."""

    matrix: NDArray[np.float64]
    places: NDArray[np.float32]
    normals: NDArray[np.float32] | None
    colors: NDArray[np.float32] | None
    radii: NDArray[np.float32] | None


def count_points(item: bpy.types.Object) -> int:
    """How many points an object without faces has, as far as that is seen without evaluating it; 0 for a surface."""
    if item.type == "POINTCLOUD":
        return len(item.data.points)
    if item.type == "MESH" and not len(item.data.polygons) and not item.modifiers:
        return len(item.data.vertices)
    return 0


def has_normals(item: bpy.types.Object) -> bool:
    """Whether an object of points says which way its surface faces."""
    return _normals_of(item.data) is not None


def read_points(data: bpy.types.Mesh | bpy.types.PointCloud, matrix: NDArray[np.float64]) -> RawPoints:
    """Copies of a point cloud's points, or of a mesh's vertices."""
    count = len(data.attributes["position"].data) if "position" in data.attributes else 0
    places = np.empty((count, 3), np.float32)
    if count:
        data.attributes["position"].data.foreach_get("vector", places.ravel())
    radius = data.attributes.get("radius")
    radii = None
    if radius is not None and radius.domain == "POINT" and radius.data_type == "FLOAT":
        radii = np.empty(count, np.float32)
        radius.data.foreach_get("value", radii)
    return RawPoints(
        matrix, places, _values(_normals_of(data), "vector", 3), _values(_color_of(data), "color", 4), radii
    )


def color_name(data: bpy.types.Mesh | bpy.types.PointCloud) -> str:
    """The attribute that has the points' colours, or nothing."""
    attribute = _color_of(data)
    return "" if attribute is None else str(attribute.name)


def write_points(path: Path, name: str, clouds: Sequence[RawPoints]) -> None:
    """Write all points as one shape without triangles, in world space. Touches no Blender."""
    parts = [_placed(cloud, name) for cloud in clouds]
    arrays: dict[str, NDArray[np.generic]] = {
        "vertices": np.concatenate([places for places, _ in parts]),
        "triangles": np.zeros((0, 3), np.int32),
    }
    if all(normals is not None for _, normals in parts):
        arrays["normals"] = np.concatenate([normals for _, normals in parts if normals is not None])
    colors = _colors(clouds)
    if colors is not None:
        arrays["colors"] = colors
    if all(cloud.radii is not None for cloud in clouds):
        arrays["radii"] = np.concatenate([cloud.radii for cloud in clouds if cloud.radii is not None])
    np.savez(path, name=np.array(name), **arrays)


def beside(clouds: Sequence[RawPoints], name: str) -> dict[str, NDArray[np.generic]]:
    """Points that an object makes beside its faces, in world space, for the engine to speak of. Touches no Blender."""
    if not clouds:
        return {}
    found: dict[str, NDArray[np.generic]] = {"beside": np.concatenate([_placed(cloud, name)[0] for cloud in clouds])}
    colors = _colors(clouds)
    return found if colors is None else {**found, "beside_colors": colors}


def _colors(clouds: Sequence[RawPoints]) -> NDArray[np.float32] | None:
    """The colours of all points, white where only others have some."""
    if all(cloud.colors is None for cloud in clouds):
        return None
    white = [np.ones((len(cloud.places), 4), np.float32) for cloud in clouds]
    return np.concatenate(
        [plain if cloud.colors is None else cloud.colors for cloud, plain in zip(clouds, white, strict=True)]
    )


def count_loose(item: bpy.types.Object) -> int:
    """How many vertices of a mesh with faces belong to none of them."""
    if item.type != "MESH" or not len(item.data.polygons):
        return 0
    used = np.zeros(len(item.data.vertices), np.bool_)
    corners = np.empty(len(item.data.loops), np.int32)
    item.data.attributes[".corner_vert"].data.foreach_get("value", corners)
    used[corners] = True
    return int((~used).sum())


def _placed(cloud: RawPoints, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    if not np.isfinite(cloud.matrix).all():
        raise BrokenShapeError(f"'{name}' has a transform that is not made of finite numbers.")
    turn = cloud.matrix[:3, :3]
    if np.linalg.det(turn) == 0.0:
        raise BrokenShapeError(f"'{name}' is scaled to nothing along an axis: give it a scale other than 0.")
    places = cloud.places.astype(np.float64) @ turn.T + cloud.matrix[:3, 3]
    if cloud.normals is None:
        return places, None
    return places, cloud.normals.astype(np.float64) @ np.linalg.inv(turn)


def _normals_of(data: bpy.types.Mesh | bpy.types.PointCloud) -> bpy.types.Attribute | None:
    found = (data.attributes.get(name) for name in NORMAL_NAMES)
    fitting = (a for a in found if a is not None and a.domain == "POINT" and a.data_type == "FLOAT_VECTOR")
    return next(fitting, None)


def _color_of(data: bpy.types.Mesh | bpy.types.PointCloud) -> bpy.types.Attribute | None:
    kinds = ("FLOAT_COLOR", "BYTE_COLOR")
    fitting = [entry for entry in data.attributes if entry.domain == "POINT" and entry.data_type in kinds]
    active = getattr(getattr(data, "color_attributes", None), "active_color", None)
    named = [entry for entry in fitting if active is not None and entry.name == active.name]
    return next(iter(named or fitting), None)


def _values(attribute: bpy.types.Attribute | None, key: str, width: int) -> NDArray[np.float32] | None:
    if attribute is None:
        return None
    values = np.empty((len(attribute.data), width), np.float32)
    attribute.data.foreach_get(key, values.ravel())
    return values
