"""Where nothing was scanned, lays the surface smoothly from what was on one side to what was on the other.

The winding number closes a gap by what is flat, and its rim by steps. Knows no grid; moves vertices, and joins none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from ..shapes.mesh_topology import vertex_parts
from ..shapes.shape import triangle_areas
from .oriented_samples import Samples
from .scanned_sheets import GAP

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Triangles = NDArray[np.int32]

UNSEEN = 1.2
"""Spacings from every sample beyond which a place was not scanned, where more than chance leaves hang together so.
Chosen."""
BLURRED = 2.5
"""Standard deviations of the noise that are added to each spacing. Chosen: without, .31 of two plates in noise as wide
as their gap counted as never scanned."""
RIM, BARE = 1.5, 0.5
"""Spacings around such a gap in which places more than so many spacings from a sample are laid anew as well: planes end
there in teeth. Chosen. Measured: a vase from three sides is .062 % from the truth without, and .049 with them."""
SPARSE, AROUND, ASIDE, NEARBY = 2.0, 12, 0.75, 3.0
"""Times the usual spacing from which a rim is sparse, as where a scanner saw it at a grazing angle; samples around a
place, how far off their middle it lies, over how far they do in the mean, at a rim; and spacings from a gap up to which
what lies there is laid anew: planes that far apart make beads. Chosen: it is .4 within samples and .7 at the straight
rim of even ones. Without the first, cats and koalas cut off evenly came from .096 and .103 to .126 and .123 %.
"""
STIFF, ROUND, LEVEL = 0.02, 0.2, 0.7
"""Of the diagonal: how far into a gap the way goes on as the surface around it does, what is wider being as flat as can
be, so that the ground that a body stood on becomes no bulge; the same where that surface is level with the gap, by the
cosine between their normals from the third on. Chosen: with .06 everywhere a dog that was scanned from three sides is
.134 %, with .02 .122 % from the truth, but of a ball without a cap of 60 degrees the lid is flat.
"""
ABOVE, THROUGH = 0.5, 0.01
"""Spacings above a scanned wall, straight over it, where nothing closes a gap, and what share of a gap's vertices may
come to lie there. Chosen: behind a cat's ear 14 % did, in gaps that were closed well .5 % at most."""

LEFT = 0.1
"""Spacings by which a gap's vertices may go away, in the mean, from those samples that they are the nearest to. Chosen:
where noise is wider than a gap between plates, the surface misses them, and none of it is a gap in a scan."""


def with_smooth_gaps(vertices: Array, triangles: Triangles, samples: Samples, sheet: Flags) -> Array:
    """The vertices, those in gaps moved; none near samples of a ``sheet``, which ends there."""
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    free, rims = _gaps(vertices, triangles, edges, samples, sheet)
    if not free.any():
        return vertices
    laid, good = _laid(vertices, triangles, edges, samples, free | rims)
    # Whatever gap does not go well together with its sparse rim is laid without that.
    without = free & ~good
    return _laid(laid, triangles, edges, samples, without)[0] if rims.any() and without.any() else laid


def _laid(
    vertices: Array, triangles: Triangles, edges: Triangles, samples: Samples, free: Flags
) -> tuple[Array, Flags]:
    """The vertices, free ones where the surface bends least, and which of them may stay there."""
    count = len(vertices)
    both = np.concatenate([edges, edges[:, ::-1]])
    beside = csr_array(coo_array((np.ones(len(both)), (both[:, 0], both[:, 1])), shape=(count, count)))
    beside.data[:] = 1
    bend = csr_array(diags_array(beside.sum(axis=1)) - beside)
    # The umbrella over six neighbours an edge away is 1.5 times the square of that, times the Laplacian.
    edge = float(np.median(((vertices[edges[:, 0]] - vertices[edges[:, 1]]) ** 2).sum(axis=1)))
    _, part = vertex_parts(edges[free[edges].all(axis=1)], count)
    stiff = np.where(_level(vertices, triangles, samples, free, part), ROUND, STIFF)
    stiff *= float(np.linalg.norm(np.ptp(samples.points, axis=0)))
    rows = bend[np.flatnonzero(free)]
    rows = csr_array(rows @ bend + diags_array(1.5 * edge / stiff[free] ** 2) @ rows)
    moved = vertices.copy()
    held = rows[:, np.flatnonzero(~free)] @ vertices[~free]
    moved[free] = splu(rows[:, np.flatnonzero(free)].tocsc()).solve(-held)
    # Behind what is thin and was seen from one side only, the smoothest way may lead through it.
    before, after, all_told = (
        np.bincount(part, there & free, count) for there in (_beyond(vertices, samples), _beyond(moved, samples), free)
    )
    good = (after - before <= THROUGH * all_told) & (_left(vertices, moved, samples, free, part) <= LEFT)
    well = np.asarray(free & good[part])
    return np.where(well[:, None], moved, vertices), well


def _left(vertices: Array, moved: Array, samples: Samples, free: Flags, part: NDArray[np.int64]) -> Array:
    """How many spacings the vertices of each gap go away from the samples that they are the nearest to, in the mean."""
    before, nearest = cKDTree(vertices).query(samples.points)
    after, _ = cKDTree(moved).query(samples.points)
    own = free[nearest]
    gap, farther = part[nearest[own]], (after - before)[own] / samples.spacing[own]
    return np.bincount(gap, farther, len(vertices)) / np.maximum(np.bincount(gap, minlength=len(vertices)), 1)


def _level(vertices: Array, triangles: Triangles, samples: Samples, free: Flags, part: NDArray[np.int64]) -> Flags:
    """For every vertex whether the gap that it is in lies level with the surface around."""
    among, count = free[triangles], len(vertices)
    lid = triangles[among.all(axis=1)]
    corner = vertices[lid]
    faced = _sums(part[lid[:, 0]], np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), count)
    rim, of_gap = triangles[among.any(axis=1) & ~among.all(axis=1)], among[among.any(axis=1) & ~among.all(axis=1)]
    row = np.arange(len(rim))
    owner = part[rim[row, of_gap.argmax(axis=1)]]
    _, nearest = cKDTree(samples.points).query(vertices[rim[row, of_gap.argmin(axis=1)]])
    # Opposite rims lean to either side; their mean is as long as the cosine of how much they do.
    around = _sums(owner, samples.normals[nearest], count) / np.maximum(np.bincount(owner, minlength=count), 1)[:, None]
    level = np.einsum("ij,ij->i", faced, around) > LEVEL * np.linalg.norm(faced, axis=1)
    return np.asarray(level[part])


def _sums(which: NDArray[np.int64], ways: Array, count: int) -> Array:
    return np.stack([np.bincount(which, ways[:, axis], count) for axis in range(3)], axis=1)


def _beyond(places: Array, samples: Samples) -> Flags:
    """Which places lie outside a wall that was scanned, straight above it."""
    _, nearest = cKDTree(samples.points).query(places)
    step = places - samples.points[nearest]
    height = np.einsum("ij,ij->i", step, samples.normals[nearest])
    aside = np.sqrt(np.maximum(np.einsum("ij,ij->i", step, step) - height**2, 0))
    return np.asarray((height > ABOVE * samples.spacing[nearest]) & (aside < samples.spacing[nearest]))


def _gaps(
    vertices: Array, triangles: Triangles, edges: Triangles, samples: Samples, sheet: Flags
) -> tuple[Flags, Flags]:
    """Vertices that hang together where nothing was scanned, in patches larger than chance leaves, with their rims; and
    what else is of those where samples are sparse."""
    count = len(vertices)
    away, nearest = cKDTree(samples.points).query(vertices)
    spacing = np.maximum(samples.spacing[nearest], np.median(samples.spacing)) + BLURRED * samples.noise
    away = np.where(sheet[nearest], 0, away / spacing)
    out = away > UNSEEN
    _, part = vertex_parts(edges[out[edges].all(axis=1)], count)
    own = np.bincount(triangles.ravel(), np.repeat(triangle_areas(vertices, triangles) / 3, 3), count) / spacing**2
    gap = out & (np.bincount(part, own) >= GAP)[part]
    if not gap.any():
        return gap, gap
    to_gap, _ = cKDTree(vertices[gap]).query(vertices, distance_upper_bound=NEARBY * float(spacing.max()))
    free = np.asarray((away > BARE) & (to_gap < RIM * spacing))
    rims = np.asarray(~free & ~sheet[nearest] & (to_gap < NEARBY * spacing))
    rims[rims] = _at_sparse_rims(vertices[rims], samples)
    return free, rims


def _at_sparse_rims(places: Array, samples: Samples) -> Flags:
    """Which places lie beside all samples around and not among them, where these are farther apart than is usual."""
    _, around = cKDTree(samples.points).query(places, k=min(AROUND, len(samples.points)))
    local = samples.points[around] - places[:, None]
    middle = local.mean(axis=1, keepdims=True)
    aside = np.linalg.norm(middle[:, 0], axis=1) > ASIDE * np.linalg.norm(local - middle, axis=2).mean(axis=1)
    sparse = samples.spacing[around[:, :3]].max(axis=1) > SPARSE * float(np.median(samples.spacing))
    return np.asarray(aside & sparse)
