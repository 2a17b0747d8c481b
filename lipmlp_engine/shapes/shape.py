"""A shape: the triangles of one end of a morph in world space. Knows nothing of files, fields or training."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .cloud import Cloud
from .look import Look

Real = TypeVar("Real", bound=np.floating)

LEAST_AREA = 1e-14
"""Of the square of the diagonal: triangles and parts with less are lines or points.

Follows from double precision, in which the corners of a triangle on a line are off it by 1e-16 of the diagonal.
"""


class Solids(NamedTuple):
    """Closed parts that may overlap."""

    vertices: NDArray[np.float64]
    triangles: NDArray[np.int32]


@dataclass
class Shape:
    """A triangle surface with an inside; made by ``load_shapes``, not changed afterwards."""

    name: str
    vertices: NDArray[np.float64]
    """(n, 3), world units."""
    triangles: NDArray[np.int32]
    """(m, 3), counter-clockwise seen from outside."""
    colors: NDArray[np.float32] | None = None
    """(n, 4) RGBA."""
    materials: NDArray[np.int32] | None = None
    """(m,), the material slot of each triangle."""
    closed: bool = True
    """False where the surface has holes and only the winding number says what is inside."""
    matrix: NDArray[np.float64] = field(default_factory=lambda: np.eye(4))
    """How the job's placement moved the shape: columns act on world points as the file has them."""
    notes: list[str] = field(default_factory=list)
    """What was done to the shape while it was read, a sentence each."""
    look: Look | None = None
    """The surface as its file has it, before it was mended and placed; None where it is the shape's own."""
    solids: Solids | None = None
    """Its closed parts before those that overlap were merged, as they lie in its file; None where none were merged.

    Kept in no file: only who looks for a motion asks for them.
    """

    cloud: Cloud | None = None
    """The points of a shape that has no triangles yet; ``prepare`` finds the surface through them."""
    beside: Cloud | None = None
    """Points that came with a shape of triangles and are no vertices of it."""

    @property
    def placed_look(self) -> Look:
        """What is seen of the shape, where the job's placement puts it."""
        if self.look is None:
            return Look(self.vertices, self.triangles, materials=self.materials, colors=self.colors)
        return self.look if np.array_equal(self.matrix, np.eye(4)) else self.look.moved(self.matrix)

    def as_read(self, places: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where places of the shape were in its file, before it was turned upright and placed."""
        back = np.linalg.inv(self.matrix)
        return np.asarray(places @ back[:3, :3].T + back[:3, 3])

    @property
    def placed_solids(self) -> Solids:
        """Its closed parts, which may overlap, where the job's placement puts them."""
        if self.solids is None:
            return Solids(self.vertices, self.triangles)
        turned, moved = self.matrix[:3, :3], self.matrix[:3, 3]
        return Solids(self.solids.vertices @ turned.T + moved, self.solids.triangles)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What is large of the shape, to be kept in a file."""
        found = {"vertices": self.vertices, "triangles": self.triangles, "matrix": self.matrix}
        found |= {"colors": self.colors, "materials": self.materials}
        if self.look is not None:
            seen = self.look.arrays().items()
            found |= {f"look.{name}": values for name, values in seen if name not in self._seen_as_it_is}
        return {name: np.ascontiguousarray(values) for name, values in found.items() if values is not None}

    def facts(self) -> dict[str, Any]:
        """The rest of it."""
        found = {"name": self.name, "closed": self.closed, "notes": self.notes}
        return (
            found if self.look is None else {**found, "look": {"layers": self.look.titles, "as": self._seen_as_it_is}}
        )

    @classmethod
    def restored(cls, facts: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Shape:
        """The shape back from both."""
        facts = dict(facts)
        own = {name: part for name, part in arrays.items() if not name.startswith("look.")}
        told, look = facts.pop("look", None), None
        if told is not None:
            seen = {name.removeprefix("look."): part for name, part in arrays.items() if name.startswith("look.")}
            look = Look.restored(told["layers"], {**seen, **{name: own[name] for name in told["as"]}})
        return cls(**{**own, **facts}, look=look)

    @property
    def _seen_as_it_is(self) -> list[str]:
        """What the look has in common with the shape itself."""
        seen = {} if self.look is None else self.look.arrays()
        own: dict[str, NDArray[Any] | None] = {"vertices": self.vertices, "triangles": self.triangles}
        own |= {"materials": self.materials, "colors": self.colors}
        kept = {name: part for name, part in own.items() if part is not None and name in seen}
        return [name for name, part in kept.items() if np.array_equal(part, seen[name])]

    @cached_property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner of the bounding box."""
        return self.vertices.min(axis=0), self.vertices.max(axis=0)

    @property
    def centre(self) -> NDArray[np.float64]:
        """Middle of the bounding box."""
        low, high = self.bounds
        return np.asarray((low + high) / 2)

    @property
    def diagonal(self) -> float:
        """Length of the bounding box's diagonal."""
        low, high = self.bounds
        return float(np.linalg.norm(high - low))

    @cached_property
    def volume(self) -> float:
        """Enclosed volume; for a surface with holes, that of the cones to the centre."""
        return signed_volume(self.vertices, self.triangles)

    @cached_property
    def area(self) -> float:
        return float(triangle_areas(self.vertices, self.triangles).sum())


def triangle_areas(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """The area of every triangle."""
    return np.asarray(np.linalg.norm(doubled_area_vectors(vertices, triangles), axis=1) / 2)


def doubled_area_vectors(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """For every triangle the vector along its normal that is twice as long as the triangle is large."""
    a, b, c = (np.asarray(vertices[triangles[:, corner]], np.float64) for corner in range(3))
    return np.asarray(np.cross(b - a, c - a))


def face_vectors(corners: NDArray[Real]) -> NDArray[Real]:
    """The same for faces by their three or four corners, (m, 3) of (m, k, 3): of quads by their diagonals."""
    return np.asarray(np.cross(corners[:, 2] - corners[:, 0], corners[:, -1] - corners[:, 1]))


def unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    """The directions of vectors along the last axis; zero for those without length."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-30))


def unit_normals(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """Each triangle's normal; zero for one without area."""
    return unit(doubled_area_vectors(vertices, triangles))


def vertex_normals(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """Each vertex's normal, weighted by the area around it; zero where there is none."""
    areas, corners = np.tile(doubled_area_vectors(vertices, triangles), (3, 1)), triangles.T.ravel()
    total = np.stack([np.bincount(corners, areas[:, axis], len(vertices)) for axis in range(3)], 1)
    return unit(total)


def summed_at_vertices(of_faces: NDArray[np.floating], faces: NDArray[np.integer], count: int) -> NDArray[np.float64]:
    """For each vertex the sum of what its faces, with any number of corners, have: (count, k) of (m, k)."""
    corners, sides = faces.ravel(), faces.shape[1]
    return np.stack([np.bincount(corners, np.repeat(column, sides), count) for column in of_faces.T], 1)


def signed_volume(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> float:
    """Enclosed volume, negative where the triangles face inwards."""
    return float(volume_shares(vertices, triangles).sum())


def volume_shares(vertices: NDArray[np.floating], triangles: NDArray[np.integer]) -> NDArray[np.float64]:
    """Signed volume of the cone from the surface's middle to every triangle."""
    if len(triangles) == 0:
        return np.zeros(0)
    used = vertices[triangles]
    # About the middle, so that a shape far from the origin loses no digits.
    middle = (used.min(axis=(0, 1)) + used.max(axis=(0, 1))) / 2
    local = np.asarray(vertices, np.float64) - middle
    return np.asarray(
        np.einsum("ij,ij->i", local[triangles[:, 0]], np.cross(local[triangles[:, 1]], local[triangles[:, 2]])) / 6
    )
