"""Thin and hollow things of the benchmark: walls and rods a few times as thick as the noise; knows no clouds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import trimesh

from ..inbetweens.solids import box, together

Place = tuple[float, float, float]


def mug() -> trimesh.Trimesh:
    body, hole = trimesh.creation.cylinder(4, 9.5, sections=128), trimesh.creation.cylinder(3.73, 9.5, sections=128)
    hole.apply_translation((0, 0, 0.35))
    ear = trimesh.creation.torus(2.5, 0.5, 64, 24)
    ear.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (1, 0, 0)))
    ear.apply_translation((4.2, 0, 0.25))
    return _without(together(body, ear), hole)


def bowl() -> trimesh.Trimesh:
    """On a foot that is a ring."""
    outside, inside = (trimesh.creation.icosphere(subdivisions=5, radius=radius) for radius in (7, 6.7))
    above = box((20, 20, 20), (0, 0, 11))
    ring, within = trimesh.creation.cylinder(3, 1.2, sections=64), trimesh.creation.cylinder(2.4, 2, sections=64)
    for part in (ring, within):
        part.apply_translation((0, 0, -6.9))
    return together(_without(outside, inside, above), _without(ring, within, inside))


def chair() -> trimesh.Trimesh:
    """Round legs, a back on two posts and three spindles, and two stretchers."""
    parts = [box((44, 44, 2.5), (0, 0, 45)), box((42, 2, 8), (0, 24, 86))]
    parts += [_rod((x, y, 0), (0.93 * x, 0.93 * y, 45), 1.3) for x in (-20, 20) for y in (-20, 20)]
    parts += [_rod((0.93 * x, 18.6, 45), (0.93 * x, 24, 92), 1.3) for x in (-20, 20)]
    parts += [_rod((x, 19.5, 45), (x, 23.6, 86), 0.9) for x in (-9, 0, 9)]
    parts += [_rod((x, -19.5, 18), (x, 19.5, 18), 1.0) for x in (-19.5, 19.5)]
    return together(*parts)


def eyeglasses() -> trimesh.Trimesh:
    """Two rims, a bridge and two bows of wire."""
    parts = [_wire([(-1, 0, 0.4), (-0.5, 0.1, 0.75), (0.5, 0.1, 0.75), (1, 0, 0.4)])]
    for side in (-1, 1):
        rim = trimesh.creation.torus(2.3, 0.22, 64, 20)
        rim.apply_scale((1.1, 0.85, 1))
        rim.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (1, 0, 0)))
        rim.apply_translation((3.4 * side, 0, 0))
        bow = [(5.9, 0, 0.4), (6.7, -0.3, 0.6), (6.9, -1, 0.6), (6.9, -9, 0.6), (6.8, -12, -0.6), (6.8, -13, -2)]
        parts += [rim, _wire([(side * x, y, z) for x, y, z in bow])]
    return together(*parts)


THIN_THINGS = {"mug": mug, "bowl": bowl, "chair": chair, "eyeglasses": eyeglasses}


def _rod(start: Place, end: Place, radius: float) -> trimesh.Trimesh:
    return trimesh.creation.cylinder(radius=radius, segment=[start, end], sections=20)


def _wire(places: Sequence[Place], radius: float = 0.2) -> trimesh.Trimesh:
    """Rods one after the other, with balls at the joints."""
    parts = [_rod(start, end, radius) for start, end in pairwise(places)]
    for place in places[1:-1]:
        joint = trimesh.creation.icosphere(subdivisions=2, radius=radius)
        joint.apply_translation(place)
        parts.append(joint)
    return together(*parts)


def _without(body: trimesh.Trimesh, *others: trimesh.Trimesh) -> trimesh.Trimesh:
    return trimesh.boolean.difference([body, *others], engine="manifold")
