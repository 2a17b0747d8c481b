"""The shapes and clouds of the benchmark, each with the truth it was taken from; knows nothing of reconstruction."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.shapes.surface_samples import sample_surface

from ..inbetweens.solids import box
from .thin_things import THIN_THINGS

Array = NDArray[np.float64]

ANIMALS = ("cat", "koala", "spot", "fish", "penguin")
STRAY_SHARE = 0.05


@dataclass
class Case:
    """How a cloud is taken from a shape."""

    points: int = 20_000
    noise: float = 0.0
    """Standard deviation along each axis, % of the diagonal."""
    strays: bool = False
    one_sided: bool = False
    """Whether half of the shape is seen only from one side."""
    misplaced: float = 0.0
    """How far a scan from behind lies beside one from the front, which overlap, in % of the diagonal."""

    @property
    def name(self) -> str:
        extras = ("+strays" * self.strays) + ("+one-sided" * self.one_sided) + ("+misplaced" * (self.misplaced > 0))
        return f"{self.points // 1000}k noise {self.noise:g} %{extras}"


def _ball(radius: float, centre: tuple[float, float, float]) -> trimesh.Trimesh:
    mesh = trimesh.creation.icosphere(subdivisions=5, radius=radius)
    mesh.apply_translation(centre)
    return mesh


def _sheets() -> trimesh.Trimesh:
    """Two plates, .5 % of the diagonal between them."""
    gap = 0.005 * np.hypot(np.hypot(1.0, 0.5), 0.2)
    thick = (0.2 - gap) / 2
    middle = (thick + gap) / 2
    return trimesh.util.concatenate([box((1, 0.5, thick), (0, 0, side * middle)) for side in (-1, 1)])


def _holed() -> trimesh.Trimesh:
    body = box((1, 0.6, 0.3))
    drills = [trimesh.creation.cylinder(0.1, 1, sections=64) for _ in range(3)]
    for drill, x in zip(drills, (-0.3, 0, 0.3), strict=True):
        drill.apply_translation((x, 0, 0))
    return trimesh.boolean.difference([body, *drills], engine="manifold")


SOLIDS: dict[str, Callable[[], trimesh.Trimesh]] = {
    "sheets": _sheets,
    "wedge": lambda: trimesh.boolean.union(
        [box((1, 0.5, 0.2)), box((0.3, 0.9, 0.3), (0.2, 0, 0.1))], engine="manifold"
    ),
    "holes": _holed,
    "two balls": lambda: trimesh.util.concatenate([_ball(0.5, (-0.51, 0, 0)), _ball(0.5, (0.51, 0, 0))]),
    "torus": lambda: trimesh.creation.torus(0.4, 0.12, major_sections=128, minor_sections=64),
}


def _cup() -> trimesh.Trimesh:
    body, ear = trimesh.creation.cylinder(0.3, 0.8, sections=96), trimesh.creation.torus(0.2, 0.03, 96, 32)
    ear.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (1, 0, 0)))
    ear.apply_translation((0.33, 0, 0))
    hollow = trimesh.creation.cylinder(0.26, 0.8, sections=96)
    hollow.apply_translation((0, 0, 0.06))
    cup = trimesh.boolean.union([body, ear], engine="manifold")
    return trimesh.boolean.difference([cup, hollow], engine="manifold")


def _wheel() -> trimesh.Trimesh:
    parts = [trimesh.creation.torus(0.5, 0.06, 128, 32), trimesh.creation.cylinder(0.1, 0.1, sections=64)]
    for turn in np.arange(8) * np.pi / 4:
        spoke = trimesh.creation.cylinder(0.015, 0.5, sections=24)
        spoke.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (0, 1, 0)))
        spoke.apply_translation((0.25, 0, 0))
        spoke.apply_transform(trimesh.transformations.rotation_matrix(turn, (0, 0, 1)))
        parts.append(spoke)
    return trimesh.boolean.union(parts, engine="manifold")


def _sieve() -> trimesh.Trimesh:
    drills = []
    for radius, x in zip((0.01, 0.015, 0.02, 0.03, 0.04), (-0.4, -0.2, 0, 0.2, 0.4), strict=True):
        for y in (-0.15, 0.15):
            drills.append(trimesh.creation.cylinder(radius, 1, sections=32))
            drills[-1].apply_translation((x, y, 0))
    return trimesh.boolean.difference([box((1, 0.6, 0.05)), *drills], engine="manifold")


KEPT_ASIDE: dict[str, Callable[[], trimesh.Trimesh]] = {"cup": _cup, "wheel": _wheel, "sieve": _sieve}
"""No constant was chosen on these."""


def shape(name: str) -> Shape:
    """The truth, closed and facing outwards."""
    if made := (SOLIDS | KEPT_ASIDE | THIN_THINGS).get(name):
        mesh = made()
        return Shape(name, np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32))
    folder = Path(os.environ.get("LIPMORPH_DATA", Path(__file__).parents[3] / "shared" / "data"))
    return prepare(read_shape(folder / f"{name}.obj"), Sampling())


def _moved(points: Array, share: float, diagonal: float) -> Array:
    """Aside by that share of the diagonal, and turned so far that a place at its half moves half as much."""
    sine, cosine = np.sin(share), np.cos(share)
    return points @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]]).T + np.array([0, 0.6, 0.8]) * (
        share * diagonal
    )


def cloud(truth: Shape, case: Case, seed: int = 0) -> tuple[Array, Array]:
    """Points in no order with the truth's normals, which a test may compare with and a reconstruction may not see."""
    rng = np.random.default_rng(seed)
    wanted = case.points * (3 if case.one_sided else 1)
    points, normals, _ = sample_surface(truth.vertices, truth.triangles, wanted, rng)
    if case.one_sided:
        # What lies on one half is seen from above alone.
        seen = (points[:, 0] > truth.centre[0]) | (normals[:, 2] > -0.2)
        points, normals = points[seen][: case.points], normals[seen][: case.points]
    if case.misplaced:
        behind = rng.uniform(-0.3, 0.3, len(points)) > normals[:, 1]
        points[behind] = _moved(points[behind] - truth.centre, case.misplaced / 100, truth.diagonal) + truth.centre
    points = points + rng.standard_normal(points.shape) * (case.noise / 100 * truth.diagonal)
    if case.strays:
        low, high = truth.bounds
        count = round(STRAY_SHARE * len(points))
        points[:count] = rng.uniform(low - 0.1 * truth.diagonal, high + 0.1 * truth.diagonal, (count, 3))
    return points, normals
