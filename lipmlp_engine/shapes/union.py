"""Merges closed parts that overlap, because distances measured to walls inside a shape are wrong."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .distance import DistanceField
from .mesh_topology import Topology, face_parts
from .openings import join
from .part_nesting import BURIED, winding_along
from .repair import keep_triangles
from .shape import Shape, Solids, triangle_areas, volume_shares

_CONTAINMENT_POINTS = 16
CRUMB_DEPTH = 1.5e-4
"""Of the diagonal: a piece or a hollow that has less volume than this times its surface may be a crumb.

Measured: on a bear of 311 crossing parts those that a union left had 1.2e-4 at most, its own ears and fingers 1.8e-3.
"""
CRUMB_SHARE = 1e-6
"""Of the volume: and less than this. Measured there: 3.6e-7 at most, own parts 5e-4."""


@dataclasses.dataclass
class _Part:
    """One closed part and, for a solid one, its cavities."""

    triangles: NDArray[np.int32]
    volume: float
    cavities: list[_Part] = dataclasses.field(default_factory=list)


def merge_overlaps(shape: Shape) -> Shape:
    """The shape without walls inside; unchanged where no closed parts overlap."""
    topology = Topology(shape.triangles)
    closed = topology.closed_parts
    if closed.sum() < 2:
        return shape
    standing, _ = winding_along(shape, topology, closed)
    if not (standing > BURIED).any():
        return shape
    whole = _union(shape.vertices, _solids(shape, topology))
    if whole is None:
        note = (
            "has parts that reach into others or into themselves and could not be merged, so distances inside it are "
            "measured to inner walls"
        )
        return dataclasses.replace(shape, notes=[*shape.notes, note])
    vertices, triangles = whole
    note = (
        f"took out walls inside: of its {int(closed.sum()):,} parts some reach into another or into themselves; the "
        "outside stays as it was"
    )
    merged = dataclasses.replace(
        shape,
        vertices=vertices,
        triangles=triangles,
        notes=[*shape.notes, note],
        solids=Solids(shape.as_read(shape.vertices), shape.triangles),
    )
    merged.colors, merged.materials = _looks(shape, merged)
    loose = ~closed[topology.parts]
    return join(merged, keep_triangles(shape, loose)) if loose.any() else merged


def _solids(shape: Shape, topology: Topology) -> list[_Part]:
    """The parts that face outwards, each with the cavities that lie in it and in no smaller one."""
    order = np.argsort(topology.parts, kind="stable")
    starts = np.searchsorted(topology.parts[order], np.arange(topology.part_count + 1))
    shares = volume_shares(shape.vertices, shape.triangles)
    parts = []
    for index in np.flatnonzero(topology.closed_parts):
        own = order[starts[index] : starts[index + 1]]
        parts.append(_Part(shape.triangles[own], float(shares[own].sum())))
    solids = sorted((part for part in parts if part.volume > 0), key=lambda part: part.volume)
    for cavity in (part for part in parts if part.volume < 0):
        around = next((solid for solid in solids if _contains(shape.vertices, solid, cavity)), None)
        if around is not None:
            around.cavities.append(cavity)
    return solids


def _contains(vertices: NDArray[np.float64], solid: _Part, part: _Part) -> bool:
    import igl

    points = vertices[part.triangles[:: max(1, len(part.triangles) // _CONTAINMENT_POINTS)]].mean(axis=1)
    if (points < vertices[solid.triangles].min(axis=(0, 1))).any() or (
        points > vertices[solid.triangles].max(axis=(0, 1))
    ).any():
        return False
    winding = igl.fast_winding_number(vertices, solid.triangles.astype(np.int64), points)
    return bool(np.median(winding) > 0.5)


def _union(vertices: NDArray[np.float64], solids: list[_Part]) -> tuple[NDArray[np.float64], NDArray[np.int32]] | None:
    """The outer surface of all solids, or None where a part is no solid that could be merged."""
    from manifold3d import Error, Manifold, OpType

    manifolds = []
    for solid in solids:
        bodies = [_manifold(vertices, part) for part in (solid, *solid.cavities)]
        if any(body.status() != Error.NoError for body in bodies):
            return None
        manifolds.append(Manifold.batch_boolean(bodies, OpType.Subtract))
    whole = Manifold.batch_boolean(manifolds, OpType.Add)
    if whole.status() != Error.NoError or whole.is_empty():
        return None
    mesh = whole.to_mesh64()
    return _without_crumbs(np.array(mesh.vert_properties[:, :3], np.float64), np.array(mesh.tri_verts, np.int32))


def _without_crumbs(
    vertices: NDArray[np.float64], triangles: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """The surface without what nobody sees: slivers left where walls run through each other at a grazing angle.

    The least part of a shape says what is a speck in a frame, so that with them all specks would be shown.
    """
    count, part = face_parts(triangles, len(vertices))
    of = part[triangles[:, 0]]
    volume = np.abs(np.bincount(of, volume_shares(vertices, triangles), count))
    depth = volume / np.maximum(np.bincount(of, triangle_areas(vertices, triangles), count), 1e-300)
    diagonal = float(np.linalg.norm(np.ptp(vertices, axis=0)))
    kept = ~((depth < CRUMB_DEPTH * diagonal) & (volume < CRUMB_SHARE * volume.sum()))
    used, local = np.unique(triangles[kept[of]], return_inverse=True)
    return vertices[used], local.reshape(-1, 3).astype(np.int32)


def _manifold(vertices: NDArray[np.float64], part: _Part) -> Any:
    from manifold3d import Manifold, Mesh64

    used, local = np.unique(part.triangles, return_inverse=True)
    triangles = local.reshape(-1, 3)
    if part.volume < 0:
        triangles = triangles[:, ::-1]
    return Manifold(Mesh64(np.ascontiguousarray(vertices[used]), np.ascontiguousarray(triangles, np.uint64)))


def _looks(shape: Shape, merged: Shape) -> tuple[NDArray[np.float32] | None, NDArray[np.int32] | None]:
    """Colours and materials of the merged shape, taken from the nearest place of the one it was made of."""
    if shape.colors is None and shape.materials is None:
        return None, None
    field = DistanceField(shape.vertices, shape.triangles)
    colors = materials = None
    if shape.colors is not None:
        nearest, places, _ = field.closest(merged.vertices)
        corners = shape.triangles[nearest]
        weights = 1 / np.maximum(
            np.linalg.norm(shape.vertices[corners] - places[:, None], axis=2), 1e-9 * shape.diagonal
        )
        weights /= weights.sum(axis=1, keepdims=True)
        colors = np.einsum("ij,ijk->ik", weights, shape.colors[corners]).astype(np.float32)
    if shape.materials is not None:
        nearest, _, _ = field.closest(merged.vertices[merged.triangles].mean(axis=1))
        materials = shape.materials[nearest]
    return colors, materials
