"""How a frame's surface moves, so that leading its vertices on by that tears nothing. Knows no time and no field.

Matter goes with the flow. Across the surface the function says how much faster or slower the surface is, but not
everywhere: where the function is flat, or a gap shuts, what it says is anything. So what it says is a wish, weighed by
how steep the function is and how far it is to be trusted, and neighbours that disagree settle it among themselves.
Where a face would be turned over all the same, as those of a bar that vanishes, the surface goes with the flow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from ..shapes.shape import face_vectors, summed_at_vertices
from .normal_spread import neighbour_means

STEEP_ENOUGH = 0.05
"""A gradient shorter than this says nothing about the surface's speed; the flow alone does. Chosen."""
LIKENESS = 0.3
"""Weight of the neighbours' mean, and to begin with of the flow, beside what a function of slope 1 says. Measured on
six pairs: at .1 more faces turned over, and 1 led no nearer to the next frame."""
ROUNDS = 8
"""In which neighbours settle. Measured: 20 led on no better, 4 left vertices of cat → penguin twice as fast."""
DOUBTED = 0.5
"""Share of an edge's length in half a frame by which a vertex may run ahead of its neighbours until half its word
counts. Measured: at 1 the fastest of castle → dragon was a sixth faster."""
EASED, RETREATS = 2, 6
"""Times that faces are looked for which turn over: the first halve the departure from the flow about them, the others
end it. Measured on six pairs: of up to 54 faces in a thousand hardly more are left than the flow itself turns over."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class SurfaceMotion:
    """What flow and function say at points of a surface, in the training frame and per unit of time."""

    flow: Floats
    gradient: Floats
    """Of the function; zero where only the flow counts."""
    missing: Floats
    """How fast the function changes for what goes with the flow, (n,)."""
    trust: Floats
    """How far that is to be trusted, from 0 to 1."""

    def at_points(self) -> Floats:
        """Each point's velocity by its own word, which may be wild where the function is flat."""
        steep = np.maximum(np.einsum("ij,ij->i", self.gradient, self.gradient), np.float32(STEEP_ENOUGH**2))
        return np.asarray(self.flow - (self.missing / steep)[:, None] * self.gradient, np.float32)

    def on_surface(self, vertices: Floats, faces: NDArray[np.int32], normals: Floats, step: float) -> Floats:
        """The vertices' velocity by which no face turns over within a step of time, be it ahead or back."""
        if not len(faces):
            return self.flow
        means = neighbour_means(faces, len(vertices))
        speeds = self._settled(means, _edge_lengths(vertices, faces) / np.float32(step), normals)
        return self.flow + self._unturned(vertices, faces, means, speeds[:, None] * normals, step)

    def _settled(self, means: csr_matrix, per_step: Floats, normals: Floats) -> Floats:
        """How much faster than the flow each vertex goes along its normal, as neighbours agree on it."""
        slope = np.maximum(np.einsum("ij,ij->i", self.gradient, normals), 0)
        word = -self.missing * slope / np.maximum(slope, STEEP_ENOUGH) ** 2
        weight = np.minimum(slope, 1) ** 2 * self.trust
        most = np.maximum(DOUBTED * per_step, np.float32(1e-9))
        around = _middle_of_neighbours(means, word)
        wild = (word - around) ** 2 > most**2
        speeds = np.where(wild, around, word) * weight / (weight + LIKENESS)
        for _ in range(ROUNDS):
            around = (means @ (weight * speeds)) / np.maximum(means @ weight, np.float32(1e-6))
            believed = weight / (1 + ((word - around) / most) ** 2)
            speeds = (believed * word + LIKENESS * (means @ speeds)) / (believed + LIKENESS)
        return np.asarray(speeds, np.float32)

    def _unturned(
        self, vertices: Floats, faces: NDArray[np.int32], means: csr_matrix, departure: Floats, step: float
    ) -> Floats:
        """The departure from the flow, less of it about faces that it turns over."""
        facing = face_vectors(vertices[faces])
        for number in range(RETREATS):
            way = np.float32(step) * (self.flow + departure)
            ahead, back = (face_vectors((vertices + side * way)[faces]) for side in (1, -1))
            turned = (np.einsum("ij,ij->i", ahead, facing) < 0) | (np.einsum("ij,ij->i", back, facing) < 0)
            if not turned.any():
                break
            about = np.zeros(len(vertices), np.float32)
            about[faces[turned]] = 1
            about = np.maximum(about, means @ about)
            departure = departure * (1 - about / 2 if number < EASED else 1 - about)[:, None]
        return departure


def _middle_of_neighbours(means: csr_matrix, values: Floats) -> Floats:
    """The median of the values that each vertex's neighbours have; its own where it has none."""
    found, counts = values[means.indices], np.diff(means.indptr)
    found = found[np.lexsort((found, np.repeat(np.arange(len(values)), counts)))]
    middle = np.minimum(means.indptr[:-1] + counts // 2, len(found) - 1)
    return np.asarray(np.where(counts > 0, found[middle], values), np.float32)


def _edge_lengths(vertices: Floats, faces: NDArray[np.int32]) -> Floats:
    """The mean length of the sides of the faces about each vertex."""
    corners = vertices[faces]
    lengths = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2).mean(1)
    both = summed_at_vertices(np.stack((lengths, np.ones_like(lengths)), 1), faces, len(vertices))
    return np.asarray(both[:, 0] / np.maximum(both[:, 1], 1), np.float32)
