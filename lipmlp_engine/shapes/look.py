"""How a shape looks: its surface as the artist made it, with all that lies on it. Knows nothing of morphs or fields.

The shape itself is mended, closed and merged until it has an inside; its look is what was there before that.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..files.array_file import ArrayFile
from ..job.hearsay import HearsayError

WIDTHS = {"uv": 2, "pair": 2, "number": 1, "vector": 3, "color": 4, "integer": 1, "flag": 1}
"""What a layer's values can be, and how many numbers each of them has."""
COUNTED = ("integer", "flag")
"""Kinds between whose values there is nothing."""
DOMAINS = ("point", "corner", "face")
UV_NAME = "UVMap"
"""What a map is called whose file does not name it."""
_ALIKE = 1e-5
"""Corners whose values differ by less than this, of the layer's range, have the same value."""


@dataclass
class Layer:
    """Values on a surface, under the name that the artist gave them."""

    name: str
    kind: str
    """One of WIDTHS."""
    domain: str
    """One of DOMAINS."""
    values: NDArray[np.float32]
    """(n, width) at points, (m, 3, width) at the triangles' corners or (m, width) on triangles."""


@dataclass
class Look:
    """A surface to be seen, where its file has it."""

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]
    normals: NDArray[np.float32] | None = None
    """(m, 3, 3), as the corners are shaded; None where its file says nothing of that."""
    layers: list[Layer] = field(default_factory=list)
    materials: NDArray[np.int32] | None = None
    """(m,), the material slot of each triangle."""
    colors: NDArray[np.float32] | None = None
    """(n, 4), the colours that the whole shape is shown in."""
    polygons: NDArray[np.int32] | None = None
    """(m,), the face of which each triangle is a part; None where every one is a face itself."""

    @property
    def plain(self) -> bool:
        """Whether nothing lies on it but how it is shaded."""
        return self.materials is None and self.colors is None and not self.layers

    def moved(self, matrix: NDArray[np.float64]) -> Look:
        """Under a matrix that turns, scales evenly and moves."""
        turned = matrix[:3, :3]
        normals = self.normals
        if normals is not None:
            normals = np.asarray(normals @ (turned / np.cbrt(np.linalg.det(turned))).T, np.float32)
        return dataclasses.replace(self, vertices=self.vertices @ turned.T + matrix[:3, 3], normals=normals)

    @property
    def titles(self) -> list[list[str]]:
        """Name, kind and domain of each layer."""
        return [[layer.name, layer.kind, layer.domain] for layer in self.layers]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All but the titles, to be kept in a file."""
        found: dict[str, NDArray[Any] | None] = {"vertices": self.vertices, "triangles": self.triangles}
        found |= {"normals": self.normals, "materials": self.materials, "colors": self.colors}
        found |= {"polygons": self.polygons}
        found |= {f"layer.{number}": layer.values for number, layer in enumerate(self.layers)}
        return {name: values for name, values in found.items() if values is not None}

    @classmethod
    def restored(cls, titles: list[list[str]], arrays: dict[str, NDArray[Any]]) -> Look:
        """The look back from both."""
        layers = [
            Layer(name, kind, domain, arrays[f"layer.{number}"]) for number, (name, kind, domain) in enumerate(titles)
        ]
        own = {name: part for name, part in arrays.items() if not name.startswith("layer.")}
        return cls(**own, layers=layers)

    def at_corners(self, layer: Layer) -> NDArray[np.float32]:
        """The layer's values at the triangles' corners, (m, 3, width)."""
        if layer.domain == "corner":
            return layer.values
        if layer.domain == "point":
            return layer.values[self.triangles]
        return np.repeat(layer.values[:, None], 3, axis=1)


def joined_across_sides(triangles: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.int32]:
    """A number for each triangle, the same for those that hang together across sides at which the values agree.

    values: (m, 3, width), at the corners. Of UVs the numbers tell the islands, of normals the smooth regions.
    """
    one, other, low, high = pairs_of_sides(triangles, values)
    limit = _ALIKE * max(float(np.ptp(values)) if values.size else 0.0, 1e-30)
    alike = (low <= limit) & (high <= limit)
    graph = coo_matrix(
        (np.ones(int(alike.sum()), bool), (one[alike] // 3, other[alike] // 3)), shape=(len(triangles),) * 2
    )
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)


def pairs_of_sides(triangles: NDArray[np.int32], values: NDArray[np.float32]) -> tuple[NDArray[Any], ...]:
    """Where two triangles meet: the sides of both, as 3 · triangle + corner, and the largest difference between their
    values at the one end of the side and at the other.

    values: (m, 3, width), at the triangles' corners.
    """
    count = len(triangles)
    start, end = triangles.ravel(), np.roll(triangles, -1, axis=1).ravel()
    at_start, at_end = (part.reshape(3 * count, -1) for part in (values, np.roll(values, -1, axis=1)))
    turned = (start > end)[:, None]
    low, high = np.where(turned, at_end, at_start), np.where(turned, at_start, at_end)
    sides = np.minimum(start, end).astype(np.int64) * (int(triangles.max(initial=0)) + 1) + np.maximum(start, end)
    order = np.argsort(sides, kind="stable")
    one, other = order[:-1], order[1:]
    met = sides[one] == sides[other]
    one, other = one[met], other[met]
    differences = (np.abs(part[one] - part[other]).max(axis=1, initial=0.0) for part in (low, high))
    return one, other, *differences


def beside_a_border(triangles: NDArray[np.int32], values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """The triangles with a corner at which others have another value: beside a seam or a sharp edge."""
    flat, corners = values.reshape(len(triangles) * 3, -1), triangles.ravel()
    limit = _ALIKE * max(float(np.ptp(values)) if values.size else 0.0, 1e-30)
    split = np.zeros(int(triangles.max(initial=-1)) + 1, bool)
    some = np.zeros((len(split), flat.shape[1]), np.float32)
    some[corners] = flat
    differs = (np.abs(flat - some[corners]) > limit).any(1)
    split[corners[differs]] = True
    return np.asarray(split[triangles].any(1))


def layers_in(arrays: ArrayFile, vertices: int, triangles: int) -> list[Layer]:
    """The layers that a shape's file has, refused where they do not belong to its surface."""
    return [
        Layer(name, kind, domain, arrays.real(f"layer.{number}", *layer_sizes(kind, domain, vertices, triangles)))
        for number, (name, kind, domain) in enumerate(arrays.titles("layers", 3))
    ]


def layer_sizes(kind: str, domain: str, vertices: int, triangles: int) -> tuple[int, ...]:
    """How many values a layer has along each axis."""
    if kind not in WIDTHS or domain not in DOMAINS:
        raise HearsayError(f"a layer is of the kind {kind!r} at each {domain!r}, which there is not")
    sizes = {"point": (vertices,), "corner": (triangles, 3), "face": (triangles,)}
    return *sizes[domain], WIDTHS[kind]
