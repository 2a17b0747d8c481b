"""The analytic solids of the benchmark; knows nothing of morphs."""

from __future__ import annotations

from itertools import pairwise

import manifold3d
import numpy as np
import trimesh
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ball(radius: float = 0.5, centre: tuple[float, float, float] = (0, 0, 0)) -> trimesh.Trimesh:
    return placed(trimesh.creation.icosphere(subdivisions=4, radius=radius), centre)


def box(size: tuple[float, float, float], centre: tuple[float, float, float] = (0, 0, 0)) -> trimesh.Trimesh:
    return placed(trimesh.creation.box(size), centre)


def placed(mesh: trimesh.Trimesh, offset: tuple[float, float, float]) -> trimesh.Trimesh:
    mesh.apply_translation(offset)
    return mesh


def together(*meshes: trimesh.Trimesh) -> trimesh.Trimesh:
    """Their union."""
    union: trimesh.Trimesh = trimesh.boolean.union(meshes, engine="manifold")
    return union


def bar() -> trimesh.Trimesh:
    return box((1.2, 0.24, 0.2))


def club() -> trimesh.Trimesh:
    """A bar that is thick at one end, so that its two ends cannot be confused."""
    return together(box((1.2, 0.16, 0.16)), box((0.3, 0.4, 0.36), (0.45, 0, 0)))


def corner() -> trimesh.Trimesh:
    """An L with legs of different length."""
    return together(box((1.2, 0.24, 0.2)), box((0.24, 0.8, 0.2), (-0.48, 0.4, 0)))


def chair() -> trimesh.Trimesh:
    legs = [box((0.1, 0.1, 0.5), (x, y, -0.25)) for x in (-0.25, 0.25) for y in (-0.25, 0.25)]
    return together(box((0.6, 0.6, 0.1)), box((0.6, 0.1, 0.6), (0, 0.25, 0.3)), *legs)


def torus() -> trimesh.Trimesh:
    ring: trimesh.Trimesh = trimesh.creation.torus(0.4, 0.15, major_sections=96, minor_sections=48)
    return ring


def cup() -> trimesh.Trimesh:
    return turned([(0, 0), (0.4, 0), (0.45, 0.9), (0.42, 0.9), (0.37, 0.03), (0, 0.03)])


def vase() -> trimesh.Trimesh:
    outside = [(0, 0), (0.25, 0), (0.4, 0.35), (0.15, 0.8), (0.2, 0.9)]
    return turned([*outside, (0.17, 0.9), (0.12, 0.8), (0.37, 0.35), (0.22, 0.03), (0, 0.03)])


def bowl() -> trimesh.Trimesh:
    return turned([(0, 0), (0.25, 0), (0.5, 0.4), (0.46, 0.4), (0.22, 0.04), (0, 0.04)])


def glass() -> trimesh.Trimesh:
    foot = [(0, 0), (0.3, 0), (0.3, 0.03), (0.05, 0.06), (0.04, 0.4), (0.3, 0.6), (0.33, 1.0)]
    return turned([*foot, (0.3, 1.0), (0.27, 0.62), (0, 0.45)])


def turned(profile: list[tuple[float, float]]) -> trimesh.Trimesh:
    """As on a potter's wheel: a closed line of radii and heights, outside upwards and inside down again."""
    return trimesh.creation.revolve(np.array(profile), sections=64)


def limbs(directions: Array, length: float = 0.8, radius: float = 0.07) -> trimesh.Trimesh:
    """A small ball with long round arms that end in half balls."""
    arms = []
    for direction in directions:
        arm = trimesh.creation.capsule(height=length, radius=radius, count=[16, 16])
        arm.apply_translation((0, 0, length / 2 - arm.bounds.mean(axis=0)[2]))
        turn = trimesh.geometry.align_vectors([0, 0, 1], direction)  # type: ignore[no-untyped-call]
        arm.apply_transform(turn)
        arms.append(arm)
    return together(ball(0.2), *arms)


def star(arms: int, turn: float = 0.0) -> trimesh.Trimesh:
    """Arms evenly spread in a plane, the first of them turned by an angle in radians."""
    angles = turn + 2 * np.pi * np.arange(arms) / arms
    return limbs(np.stack([np.cos(angles), np.sin(angles), np.zeros(arms)], axis=1))


def letter_c() -> trimesh.Trimesh:
    return strokes([[0.6, 0.7], [0.45, 0.9], [0.15, 0.9], [0, 0.7], [0, 0.2], [0.15, 0], [0.45, 0], [0.6, 0.2]])


def letter_i() -> trimesh.Trimesh:
    return strokes([[0.3, 0], [0.3, 0.9]])


def letter_a() -> trimesh.Trimesh:
    return strokes([[0, 0], [0.35, 0.9], [0.7, 0]], [[0.14, 0.35], [0.56, 0.35]])


def letter_o() -> trimesh.Trimesh:
    angles = np.linspace(0, 2 * np.pi, 25)
    return strokes(np.stack([0.35 + 0.32 * np.cos(angles), 0.45 + 0.42 * np.sin(angles)], axis=1).tolist())


def letter_u() -> trimesh.Trimesh:
    return strokes([[0, 0.9], [0, 0.25], [0.15, 0.05], [0.45, 0.05], [0.6, 0.25], [0.6, 0.9]])


def letter_x() -> trimesh.Trimesh:
    return strokes([[0, 0], [0.6, 0.9]], [[0, 0.9], [0.6, 0]])


def strokes(*lines: list[list[float]], thickness: float = 0.14, depth: float = 0.2) -> trimesh.Trimesh:
    """An extruded letter, drawn with a round pen and standing upright in the plane of x and z."""
    pen = manifold3d.CrossSection.circle(thickness / 2, 24)
    ink = manifold3d.CrossSection()
    for line in lines:
        for start, end in pairwise(line):
            ink += manifold3d.CrossSection.batch_hull([pen.translate(start), pen.translate(end)])
    mesh = ink.extrude(depth).to_mesh()
    upright = np.asarray(mesh.vert_properties, np.float64)[:, [0, 2, 1]] * (1, -1, 1)
    return trimesh.Trimesh(upright, mesh.tri_verts)
