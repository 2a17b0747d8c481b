"""What of a surface stays the same in every pose: its eigenfunctions, distances along it, and where its limbs end."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import igl
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, eigsh

from .definite_solver import definite_solver
from .stand_in_mesh import StandIn

FREQUENCIES = 80
"""Eigenfunctions of the Laplacian that are used. Chosen."""
PITCHES = 24
"""Of them, those that are compared before anything else. Chosen."""
SAMPLES = 300
"""Places spread over the surface, between which distances are known. Chosen."""
LEAST_SLACK = 1e-4
"""Mean edges by which the two shorter edges of a triangle together are longer than the longest, at least. Chosen."""
MOST_TIPS = 10
"""Ends of limbs that are looked at. Chosen."""
TIP_SPACING = 0.14
"""Two ends of limbs are at least so far apart, in roots of the area. Chosen."""
TIED = 1.0
"""How well what ties two parts conducts waves, where an edge does by about 1. Chosen."""
TURN_REACH = 8
"""Neighbouring samples that say which way round the surface goes at a sample. Chosen."""

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Signature:
    """Lengths are in roots of the surface's area."""

    surface: StandIn
    waves: Array
    """Eigenfunctions at the vertices, the smoothest first, (vertices, frequencies)."""
    samples: Numbers
    """Vertices spread evenly."""
    distances: Array
    """From each sample to every vertex, along the surface."""
    tips: Numbers
    """Ends of limbs: numbers within ``samples`` of those that are farther from all else than what is around them."""
    neighbours: Numbers
    """For each sample those nearest to it."""

    @cached_property
    def between(self) -> Array:
        """Distances from sample to sample."""
        return np.asarray(self.distances[:, self.samples])

    @cached_property
    def places(self) -> Array:
        """Of the vertices, about the centre."""
        return np.asarray((self.surface.vertices - self.surface.vertices.mean(0)) / self.surface.scale)

    @cached_property
    def diameter(self) -> float:
        return float(self.between.max())

    @cached_property
    def ways_round(self) -> Array:
        """Of every sample and each two of its neighbours, (samples, neighbours, neighbours): see `turning`."""
        return self.turning(np.arange(len(self.samples)), self.neighbours)

    def turning(self, chosen: Numbers, near: Numbers) -> Array:
        """Of samples and each two of those beside them which way round and how far it is from one to the other.

        Seen along the normal, as the sine of the angle between them.
        """
        places, normals = self.places[self.samples], self.surface.normals[self.samples[chosen]]
        ways = places[near] - places[chosen][:, None]
        ways /= np.maximum(np.linalg.norm(ways, axis=2, keepdims=True), 1e-12)
        return np.asarray(np.cross(normals[:, None], ways) @ ways.swapaxes(1, 2))


def tuning(surface: StandIn) -> Array:
    """The surface's lowest frequencies, whatever its size: bending does not change them, another shape has others."""
    values, _ = _vibrations(surface, PITCHES)
    return np.asarray(np.sort(values)[1:])


def mistuning(first: Array, second: Array) -> float:
    """The mean difference of the logarithms of two tunings."""
    return float(np.abs(np.log(first / second)).mean())


def detuning(first: Array, second: Array) -> float:
    """The same beside what all frequencies have in common: a stouter body has all of them lower."""
    steps = np.log(first / second)
    return float(np.abs(steps - np.median(steps)).mean())


def signature(surface: StandIn) -> Signature:
    """Deterministic; it takes about a second."""
    values, waves = _vibrations(surface, FREQUENCIES)
    waves = waves[:, np.argsort(values)]
    samples, distances = surface.spread(SAMPLES)
    distances = distances / surface.scale
    between = distances[:, samples]
    neighbours = np.argsort(between, axis=1, kind="stable")[:, 1 : TURN_REACH + 1]
    return Signature(surface, waves, samples, distances, _tips(between), neighbours)


def _vibrations(surface: StandIn, count: int) -> tuple[Array, Array]:
    """The lowest eigenvalues of the Laplacian, and its eigenfunctions, in no order."""
    stiffness = -_laplacian(surface)
    mass = igl.massmatrix(surface.vertices, surface.triangles, igl.MASSMATRIX_TYPE_BARYCENTRIC) / surface.scale**2
    # Those that are largest of the inverse, which is symmetric once both sides are weighted alike.
    weight = np.sqrt(mass.diagonal())
    solver = definite_solver(stiffness + mass)
    inverse = LinearOperator(mass.shape, lambda waves: weight * solver.solve(weight * waves), dtype=np.float64)
    start = np.sin(1.0 + np.arange(len(surface.vertices)))
    values, waves = eigsh(inverse, count, which="LM", v0=weight * start, ncv=8 * count // 5)
    # A vertex of triangles without area has no weight to be divided by.
    return 1 / values - 1, solver.solve(weight[:, None] * waves) / values


def _laplacian(surface: StandIn) -> sparse.csc_matrix:
    """Of the surface with its edges flipped until every triangle is well shaped, as far as its own shape lets them.

    Edges are first lengthened by as little as makes the thinnest triangle one: flipping about a triangle without any
    area, as the letters of a font have them, never comes to an end.
    """
    lengths = igl.edge_lengths(surface.vertices, surface.triangles)
    lacking = 2 * lengths.max(1) - lengths.sum(1)
    lengths = lengths + max(0.0, float(lacking.max()) + LEAST_SLACK * float(lengths.mean()))
    lengths, triangles, *_ = igl.intrinsic_delaunay_triangulation(lengths, surface.triangles.astype(np.int64))
    laplacian = igl.cotmatrix_intrinsic(lengths, triangles)
    if not len(surface.ties):
        return laplacian
    count, (one, other) = len(surface.vertices), surface.ties.T
    links = sparse.coo_array((np.full(len(one), TIED), (one, other)), shape=(count, count)).tocsr()
    links = links + links.T
    return sparse.csc_matrix(laplacian + links - sparse.diags_array(links.sum(1)))


def _tips(between: Array) -> Numbers:
    remoteness = between.mean(1)
    around = between < TIP_SPACING
    peaks = np.flatnonzero(remoteness >= np.where(around, remoteness, -np.inf).max(1))
    return np.asarray(peaks[np.argsort(-remoteness[peaks], kind="stable")][:MOST_TIPS], np.int64)
