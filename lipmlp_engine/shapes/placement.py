"""Moves the shapes of a job onto the first one as its placement asks: centre, size and orientation."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..job.sections import Placement
from .alignment import best_rotation
from .shape import Shape, doubled_area_vectors
from .surface_samples import sample_surface

UNLIKE = 10.0
"""From how many times as large as the next a shape is told to be. Chosen.

A morph may well grow; but files in millimetres and in metres, or of bodies in their own units, are further apart.
"""
COARSE = 1e-4
"""Of a shape's diagonal: places that floats round by more are lost in them. Chosen."""
_SAMPLES = 4_000
_VOLUME_POINTS = 100_000


def place(shapes: list[Shape], placement: Placement) -> list[Shape]:
    """The shapes as placed; the first stays where it is."""
    first, *others = shapes
    return [first, *(_placed(shape, first, placement) for shape in others)]


def lost_in_floats(shape: Shape) -> bool:
    """Whether the shape is so small beside how far from the origin it lies that it is not itself in floats."""
    return bool(np.spacing(np.float32(np.abs(shape.vertices).max())) > COARSE * shape.diagonal)


def unlike_sizes(shapes: Sequence[Shape], placement: Placement) -> list[str]:
    """A sentence for every two neighbours of very different size that nobody asked to bring to one size."""
    told = []
    for first, second in pairwise(shapes if placement.scale == "none" else ()):
        small, large = sorted((first, second), key=lambda shape: shape.diagonal)
        times = large.diagonal / small.diagonal
        if times > UNLIKE:
            told.append(
                f"'{large.name}' is {times:,.0f} times as large as '{small.name}': Scale (Advanced → Placement, or "
                "--scale size) brings them to one size."
            )
    return told


def _placed(shape: Shape, first: Shape, placement: Placement) -> Shape:
    if not placement.centre and placement.scale == "none" and placement.rotate == "none":
        return shape
    rotation, notes = np.eye(3), list(shape.notes)
    if placement.rotate == "axes":
        rotation, _ = best_rotation(_cloud(shape), _cloud(first))
        angle = float(np.degrees(np.arccos(np.clip((np.trace(rotation) - 1) / 2, -1, 1))))
        notes.append(f"turned by {angle:.0f}°")
    scale = 1.0
    if placement.scale == "volume":
        scale = float(np.cbrt(enclosed_volume(first) / enclosed_volume(shape)))
    elif placement.scale == "size":
        scale = first.diagonal / shape.diagonal
    if scale != 1.0:
        notes.append(f"scaled by {scale:.4g}")
    centre = centre_of_matter(shape)
    target = centre_of_matter(first) if placement.centre else centre
    if placement.centre:
        notes.append("moved onto the centre of the first shape")
    matrix = np.eye(4)
    matrix[:3, :3] = scale * rotation
    matrix[:3, 3] = target - matrix[:3, :3] @ centre
    return dataclasses.replace(
        shape, vertices=shape.vertices @ matrix[:3, :3].T + matrix[:3, 3], matrix=matrix @ shape.matrix, notes=notes
    )


def centre_of_matter(shape: Shape) -> NDArray[np.float64]:
    """Centre of mass of the inside; of the surface where holes leave the inside unsure."""
    corners = shape.vertices[shape.triangles] - shape.centre
    if shape.closed:
        weights = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
        middles = corners.sum(axis=1) / 4
    else:
        weights = np.linalg.norm(doubled_area_vectors(shape.vertices, shape.triangles), axis=1)
        middles = corners.mean(axis=1)
    return np.asarray(shape.centre + weights @ middles / weights.sum())


def enclosed_volume(shape: Shape) -> float:
    """Volume of the inside; counted out by points where the surface has holes."""
    if shape.closed:
        return shape.volume
    import igl

    low, high = shape.bounds
    points = np.random.default_rng(0).uniform(low, high, (_VOLUME_POINTS, 3))
    winding = igl.fast_winding_number(shape.vertices, shape.triangles.astype(np.int64), points)
    return float(np.prod(high - low) * (winding > 0.5).mean())


def _cloud(shape: Shape) -> NDArray[np.float64]:
    points, _, _ = sample_surface(shape.vertices, shape.triangles, _SAMPLES, np.random.default_rng(0))
    return points
