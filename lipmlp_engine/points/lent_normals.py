"""Beside edges, and between sheets that are closer than their points, lends each point the normal of a neighbour.

There a plane that is fitted around a point mixes walls, and no side was told to it surely; one of its neighbours has
mostly the plane that they share, and the side. Knows no surface.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Array = NDArray[np.float64]

HEARD, LENDERS = 64, 40
"""Neighbours that say how good a plane is, and those whose planes are tried. Chosen: of 32 and 20 a plane through two
walls has as many as the planes of either."""
MIXED, UNLIKE, AROUND = 0.08, 0.92, 24
"""Share of so many neighbours from which on unlike normals, by the cosine of their lines, leave a point in doubt.
Chosen: what is merely bent has none, and keeps its own."""
ASKEW, MORE = 0.005, 4.0
"""What a point's line may lack of its neighbours', by the median of 1 less the cosine, before it is in doubt too, and
how many times what its neighbours lack of theirs. Chosen: a plane that chance lays through a few points of both of two
close sheets is a tilt of some 20 degrees, which turned whole regions of plates .5 % apart inside out."""
SHARP = (0.01, 0.03, 0.09)
"""Spacings from a plane within which points lie on it; all three are heard. Chosen: a plane through two walls has as
many points nearby as theirs have, but not so near."""
GAIN = 1.05
"""How much better than a point's own another plane must be. Chosen."""
ROUNDS, SETTLED, SAME = 8, 0.001, 0.99
"""In which points ask their neighbours for a better plane, the share of changes with which that ends, and the cosine
from which a plane is the same. Chosen."""
REFIT = 0.12
"""Spacings from a lent plane up to which neighbours have their say in how it lies here. Chosen."""
TURNED = 0.9
"""Cosine up to which a plane may be turned by that. Chosen."""
_CHUNK = 2_048


def lent(points: Array, normals: Array, spacing: Array, noise: float, threads: int = 0, *, sided: bool = True) -> Array:
    """Unit normals, each its own or that of the neighbour on whose plane through the point most neighbours lie.

    If they are ``sided``, it has the side that most of these have; ``spacing`` (n,) and ``noise`` are the cloud's.
    """
    tree, workers = cKDTree(points), threads or -1
    heard = min(HEARD, len(points) - 1)

    def asked(own: NDArray[np.int64], count: int) -> tuple[NDArray[np.integer], Array, Array]:
        """Neighbours, what each counts by its nearness, and the ways to them."""
        distance, nearest = tree.query(points[own], k=min(count, heard) + 1, workers=workers)
        near = np.exp(-1.5 * (distance / np.maximum(distance[:, -1:], 1e-300)) ** 2)
        return nearest, near, points[nearest] - points[own][:, None]

    doubtful = np.flatnonzero(_mixed(normals, tree, points, spacing, workers, sided))
    chunks = [doubtful[begin : begin + _CHUNK] for begin in range(0, len(doubtful), _CHUNK)]
    for _ in range(ROUNDS):
        changed = normals.copy()
        for own in chunks:
            nearest, near, step = asked(own, heard)
            near[:, 0] = 0
            changed[own] = _best(normals, nearest, near, step, spacing[own], noise)
        cosine = np.einsum("ij,ij->i", changed[doubtful], normals[doubtful])
        unlike = (cosine if sided else np.abs(cosine)) < SAME
        normals = changed
        if unlike.sum() <= SETTLED * len(doubtful):
            break
    fitted = normals.copy()
    for own in chunks:
        nearest, near, step = asked(own, AROUND)
        fitted[own] = _fitted(normals, own, nearest, near, step, np.hypot(REFIT * spacing[own], noise), sided)
    return fitted


def _mixed(
    normals: Array, tree: cKDTree, points: Array, spacing: Array, workers: int, sided: bool
) -> NDArray[np.bool_]:
    """Which points have walls of other directions around them, or some in their own that face the other way."""
    _, nearest = tree.query(points, k=min(AROUND, len(points) - 1) + 1, workers=workers)
    cosine = np.einsum("nki,ni->nk", normals[nearest], normals)
    other = np.abs(cosine) < UNLIKE
    lack = np.median(1 - np.abs(cosine[:, 1:]), axis=1)
    askew = lack > ASKEW + MORE * np.median(lack[nearest[:, 1:]], axis=1)
    if sided:
        height = np.einsum("nki,ni->nk", points[nearest] - points[:, None], normals) / spacing[:, None]
        other |= (cosine < -UNLIKE) & (np.abs(height) < REFIT)
    return np.asarray((other.mean(axis=1) > MIXED) | askew)


def _best(
    normals: Array, nearest: NDArray[np.integer], near: Array, step: Array, spacing: Array, noise: float
) -> Array:
    """Of the neighbours' planes through each point that which most neighbours lie on, facing as these do."""
    offered = normals[nearest[:, : LENDERS + 1]]
    square = np.einsum("nki,nci->nck", step, offered) ** 2
    on = np.zeros_like(square)
    for sharp in SHARP:
        width = (sharp * spacing) ** 2 + noise**2
        on += np.exp(-0.5 * square / width[:, None, None])
    score = np.einsum("nk,nck->nc", near, on)
    score[:, 0] *= GAIN
    row = np.arange(len(score))
    best = score.argmax(axis=1)
    chosen = offered[row, best]
    agree = np.einsum("nki,ni->nk", normals[nearest], chosen)
    facing = np.einsum("nk,nk->n", on[row, best], agree * np.abs(agree))
    return np.asarray(np.where(facing[:, None] < 0, -chosen, chosen))


def _fitted(
    normals: Array,
    own: NDArray[np.int64],
    nearest: NDArray[np.integer],
    near: Array,
    step: Array,
    width: Array,
    sided: bool,
) -> Array:
    """The normals of planes through the neighbours that lie on each point's plane and face its way."""
    height = np.einsum("nki,ni->nk", step, normals[own]) / width[:, None]
    agree = np.einsum("nki,ni->nk", normals[nearest], normals[own])
    weight = near * np.exp(-0.5 * height**2) * (np.maximum(agree, 0) if sided else np.abs(agree))
    middle = np.einsum("nk,nki->ni", weight, step) / weight.sum(axis=1, keepdims=True)
    spread = step - middle[:, None]
    _, axes = np.linalg.eigh(np.einsum("nk,nki,nkj->nij", weight, spread, spread))
    cosine = np.einsum("ni,ni->n", axes[:, :, 0], normals[own])
    turned = axes[:, :, 0] * np.sign(cosine)[:, None]
    return np.asarray(np.where(np.abs(cosine)[:, None] > TURNED, turned, normals[own]))
