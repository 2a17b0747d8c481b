"""Turns a frame into what a renderer wants: fine triangles, corner normals and a colour per vertex. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..files.mesh_frame import MeshFrame
from ..metrics.solid import Solid, triangulated

Floats = NDArray[np.float32]

CLAYS = ("#D58364", "#6686B8", "#DDAE4E", "#8677B5", "#86A566", "#C4647E")
"""The colours of shapes that have none, in the order of the chain."""
CREASE = 40.0
"""Degrees between a triangle and its corner's mean normal above which the edge stays sharp."""
EDGE = 20.0
"""Degrees between a corner's normal and the mean about its vertex above which the sides of an edge are lit apart."""
FINE = 6_000
"""Triangles that a mesh should at least have, because light is gathered at its vertices."""


@dataclass(frozen=True)
class Clay:
    """A mesh ready to be lit: z is up."""

    vertices: Floats
    triangles: NDArray[np.int32]
    corner_normals: Floats
    """(3 m, 3), of the triangles' corners in their order."""
    colors: Floats
    """(n, 3), linear light."""

    @property
    def normals(self) -> Floats:
        """One normal a vertex: the mean of its corners."""
        return _mean_normals(self.triangles, self.corner_normals, len(self.vertices)).astype(np.float32)


def clay_of(frame: MeshFrame, up: str = "z") -> Clay:
    """The frame in its own colours, mixed by time, or in the colours of clay."""
    solid = Solid.of_frame(frame)
    vertices = upright(solid.vertices, up)
    index = solid.triangles
    corners = _smooth_corners(solid) if frame.shading is None else _shaded_corners(frame)
    corners = upright(corners, up)
    colors = frame_colors(frame)
    while 0 < len(index) < FINE:
        vertices, index, corners, colors = _refined(vertices, index, corners, colors)
    vertices, index, colors = _parted(vertices, index, corners, colors)
    return Clay(
        vertices.astype(np.float32),
        index.astype(np.int32),
        corners.reshape(-1, 3).astype(np.float32),
        colors.astype(np.float32),
    )


def _shaded_corners(frame: MeshFrame) -> NDArray[np.float64]:
    """The normals that the frame is shaded with, at the corners of its triangles (m, 3, 3)."""
    assert frame.shading is not None
    at_corners = np.asarray(frame.shading[frame.faces] if frame.shading.ndim == 2 else frame.shading, np.float64)
    numbered = np.arange(frame.faces.size, dtype=np.int32).reshape(frame.faces.shape)
    return np.asarray(at_corners.reshape(-1, 3)[triangulated(numbered)])


def _smooth_corners(solid: Solid) -> NDArray[np.float64]:
    """Normals at the corners of triangles (m, 3, 3): the mean about the vertex but for what bends sharply.

    Vertices in one place are one for the eye, though seams of a texture may have parted them.
    """
    faces, corners = solid.face_normals, solid.vertices[solid.triangles]
    _, place = np.unique(solid.vertices, axis=0, return_inverse=True)
    place = place.reshape(-1)[solid.triangles]
    weighted = faces[:, None, :] * _angles(corners)[..., None]
    normals = _mean_normals(place, weighted, len(solid.vertices))[place]
    sharp = np.einsum("ijk,ik->ij", normals, faces) < np.cos(np.radians(CREASE))
    return np.where(sharp[..., None], faces[:, None, :], normals)


def frame_colors(frame: MeshFrame) -> NDArray[np.float64]:
    """A colour per vertex in linear light, on its way from the segment's one shape to the other."""
    blend = float(np.clip(frame.time - frame.segment, 0.0, 1.0))
    count = len(frame.vertices)
    ends = []
    for name, shape in (("source_color", frame.segment), ("target_color", frame.segment + 1)):
        given = frame.vertex_attributes.get(name)
        if given is not None:
            ends.append(linear(np.asarray(given, np.float64)[:, :3]))
        else:
            ends.append(np.broadcast_to(linear(_hex(CLAYS[shape % len(CLAYS)])), (count, 3)))
    mixed: NDArray[np.float64] = (1 - blend) * ends[0] + blend * ends[1]
    return mixed


def upright(vectors: NDArray[np.float64], up: str) -> NDArray[np.float64]:
    """Turn vectors so that z is up and the front faces −y, whichever of the two axes is up in their world."""
    if up == "z":
        return vectors
    if up == "y":
        return np.stack((vectors[..., 0], -vectors[..., 2], vectors[..., 1]), axis=-1)
    raise ValueError(f"The axis that is up is 'y' or 'z', not {up!r}.")


def linear(shown: NDArray[np.float64]) -> NDArray[np.float64]:
    """Linear light of sRGB values from 0 to 1."""
    return np.where(shown <= 0.04045, shown / 12.92, ((np.maximum(shown, 0) + 0.055) / 1.055) ** 2.4)


def shown(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB values of linear light."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def _hex(color: str) -> NDArray[np.float64]:
    return np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])


def _angles(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """The angle at each corner (m, 3) of triangles (m, 3, 3)."""
    onwards = _unit(np.roll(corners, -1, axis=1) - corners)
    backwards = np.roll(onwards, 1, axis=1)
    angles: NDArray[np.float64] = np.arccos(np.clip(-np.einsum("ijk,ijk->ij", onwards, backwards), -1.0, 1.0))
    return angles


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: NDArray[np.float64] = np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 0)
    return unit


def _mean_normals(triangles: NDArray[np.integer], corners: NDArray[np.floating], count: int) -> NDArray[np.float64]:
    """The direction of what a vertex's corners have in sum, (count, 3)."""
    columns = corners.reshape(-1, 3).T
    summed = [np.bincount(triangles.ravel(), column, count).astype(np.float64) for column in columns]
    return _unit(np.stack(summed, axis=1))


def _parted(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    corners: NDArray[np.float64],
    colors: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
    """With a vertex for each side of a sharp edge: light that is gathered for both runs from one into the other."""
    index, mean = triangles.ravel(), _mean_normals(triangles, corners, len(vertices))
    sharp = np.zeros(len(vertices), bool)
    sharp[triangles[np.einsum("mki,mki->mk", corners, mean[triangles]) < np.cos(np.radians(EDGE))]] = True
    side = np.where(sharp[triangles], (np.rint(2 * corners) + 2).astype(np.int64) @ [25, 5, 1], 0)
    _, first, parted = np.unique(index.astype(np.int64) * 125 + side.ravel(), return_index=True, return_inverse=True)
    kept = index[first]
    return vertices[kept], parted.reshape(-1, 3).astype(np.int32), colors[kept]


def _refined(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    corners: NDArray[np.float64],
    colors: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Four triangles for each, by the middles of the edges."""
    sides = triangles[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    ordered = np.sort(sides, axis=1).astype(np.int64)
    _, first, edge = np.unique(ordered[:, 0] * len(vertices) + ordered[:, 1], return_index=True, return_inverse=True)
    middle = (len(vertices) + edge.reshape(-1, 3)).astype(np.int32)
    ends = ordered[first]
    a, b, c = triangles.T
    ab, bc, ca = middle.T
    na, nb, nc = (corners[:, k] for k in range(3))
    nab, nbc, nca = _unit(na + nb), _unit(nb + nc), _unit(nc + na)
    return (
        np.concatenate((vertices, vertices[ends].mean(axis=1))),
        np.concatenate([np.stack(t, axis=1) for t in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]),
        np.concatenate(
            [np.stack(t, axis=1) for t in ((na, nab, nca), (nab, nb, nbc), (nca, nbc, nc), (nab, nbc, nca))]
        ),
        np.concatenate((colors, colors[ends].mean(axis=1))),
    )
