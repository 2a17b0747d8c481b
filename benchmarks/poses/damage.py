"""What happens to shapes before they are matched: noise, holes, cuts, other density, other parts, turns."""

from __future__ import annotations

from collections.abc import Callable

import igl
import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lipmlp_engine.shapes.distance import DistanceField

from .skeleton import outward

Array = NDArray[np.float64]
Mesh = tuple[Array, NDArray[np.int32]]
Damage = Callable[[Mesh, list[Array], np.random.Generator], tuple[Mesh, list[Array]]]
"""Takes a mesh and places that move along with it."""


def _of_mesh(change: Callable[[Mesh, np.random.Generator], Mesh]) -> Damage:
    return lambda mesh, along, random: (change(mesh, random), along)


def noisy(edges: float) -> Damage:
    """Every vertex moved along its normal, by so many edges in the root mean square."""

    def change(mesh: Mesh, random: np.random.Generator) -> Mesh:
        made = trimesh.Trimesh(*mesh, process=False)
        off = edges * float(np.median(made.edges_unique_length)) * random.normal(size=(len(mesh[0]), 1))
        return mesh[0] + off * made.vertex_normals, mesh[1]

    return _of_mesh(change)


def holed(count: int, size: float = 0.035) -> Damage:
    """Round holes, each of a radius that is a share of the diagonal."""

    def change(mesh: Mesh, random: np.random.Generator) -> Mesh:
        middles = mesh[0][mesh[1]].mean(1)
        radius = size * float(np.linalg.norm(np.ptp(mesh[0], axis=0)))
        kept = np.ones(len(middles), bool)
        for centre in middles[random.integers(0, len(middles), count)]:
            kept &= np.linalg.norm(middles - centre, axis=1) > radius * random.uniform(0.5, 1)
        return mesh[0], mesh[1][kept]

    return _of_mesh(change)


def grown_together(cells: int) -> Damage:
    """Meshed as one skin half a cell outside: limbs that come within a cell of each other have no walls between them.

    ``cells`` are those along the longest side.
    """

    def change(mesh: Mesh, random: np.random.Generator) -> Mesh:
        low, high = mesh[0].min(0), mesh[0].max(0)
        cell = float((high - low).max()) / cells
        counts = np.ceil((high - low) / cell).astype(int) + 7
        z, y, x = np.meshgrid(*[low[k] + cell * (np.arange(counts[k]) - 3) for k in (2, 1, 0)], indexing="ij")
        points = np.stack([x.ravel(), y.ravel(), z.ravel()], 1)
        values = DistanceField(*mesh).signed(points).astype(np.float64) - cell / 2
        places, faces, _ = igl.marching_cubes(values, points, *map(int, counts), 0.0)
        return np.ascontiguousarray(places), outward(places, faces).astype(np.int32)

    return _of_mesh(change)


def cut(share: float) -> Damage:
    """Open at the bottom: without what is below a share of the height."""

    def change(mesh: Mesh, random: np.random.Generator) -> Mesh:
        height = mesh[0][:, 2]
        above = height > height.min() + share * np.ptp(height)
        return mesh[0], mesh[1][above[mesh[1]].all(1)]

    return _of_mesh(change)


def coarse(vertices: int) -> Damage:
    def change(mesh: Mesh, random: np.random.Generator) -> Mesh:
        places, faces, _, _ = igl.decimate(np.asfortranarray(mesh[0]), np.asfortranarray(mesh[1]), 2 * vertices)
        return np.ascontiguousarray(places), np.ascontiguousarray(faces, np.int32)

    return _of_mesh(change)


def dense(times: int) -> Damage:
    """Each triangle cut into four, so many times, and roughened a little."""

    def change(mesh: Mesh, random: np.random.Generator) -> Mesh:
        places, faces = igl.loop(mesh[0], mesh[1].astype(np.int64), times)
        return noisy(0.05)((places, faces.astype(np.int32)), [], random)[0]

    return _of_mesh(change)


def with_eyes() -> Damage:
    """Two small balls in the surface, parts of their own."""

    def change(mesh: Mesh, random: np.random.Generator) -> Mesh:
        top = mesh[0][np.argsort(mesh[0][:, 2])[-40:]].mean(0)
        radius = 0.012 * float(np.linalg.norm(np.ptp(mesh[0], axis=0)))
        balls = [trimesh.creation.icosphere(2, radius).apply_translation(top + radius * np.array([2 * side, 0, -1]))
                 for side in (-1, 1)]  # fmt: skip
        whole = trimesh.util.concatenate([trimesh.Trimesh(*mesh, process=False), *balls])
        return np.asarray(whole.vertices, np.float64), np.asarray(whole.faces, np.int32)

    return _of_mesh(change)


def with_stray() -> Damage:
    """A vertex that no face uses."""
    return _of_mesh(lambda mesh, random: (np.vstack([mesh[0], 3 * mesh[0].max(0)]), mesh[1]))


def turned(degrees: float) -> Damage:
    """About the upright axis, and moved."""

    def change(mesh: Mesh, along: list[Array], random: np.random.Generator) -> tuple[Mesh, list[Array]]:
        turn = Rotation.from_rotvec([0, 0, np.radians(degrees)])
        return (turn.apply(mesh[0]) + 0.7, mesh[1]), [turn.apply(places) + 0.7 for places in along]

    return change
