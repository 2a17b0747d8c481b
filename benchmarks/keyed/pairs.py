"""Pairs of shapes that one mesh is carried between: the example shapes, and solids whose measures are known."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh

from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.shape import Shape

from ..inbetweens import solids
from .motions import bent

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LIPMORPH_DATA", ROOT.parent / "shared" / "data"))


def file(name: str) -> Shape:
    return prepare(read_shape(DATA / f"{name}.obj", name), Sampling())


def solid(name: str, mesh: trimesh.Trimesh, edge: float = 0.0) -> Shape:
    """An analytic shape, its faces divided until no edge is longer than asked."""
    mesh = mesh.subdivide_to_size(edge) if edge else mesh
    return prepare(Shape(name, np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32)), Sampling())


def ellipsoid() -> trimesh.Trimesh:
    return solids.ball().apply_scale((1.6, 1.0, 0.7))


def drop() -> trimesh.Trimesh:
    """Round below, drawn to a point above."""
    mesh = solids.ball()
    height = mesh.vertices[:, 2] / 0.5
    mesh.vertices[:, :2] *= np.sqrt(np.maximum(1 - height, 0) / 2)[:, None] * 1.3
    mesh.vertices[:, 2] += 0.25 * np.maximum(height, 0) ** 2
    return mesh


def plump_star() -> trimesh.Trimesh:
    """Five blunt arms in a plane, as on a starfish."""
    mesh = solids.ball()
    x, y, _ = mesh.vertices.T
    flat = np.hypot(x, y) / 0.5
    mesh.vertices *= (1 + 0.45 * flat**3 * np.cos(5 * np.arctan2(y, x)))[:, None] * (1.0, 1.0, 0.6)
    return mesh


def pawn() -> trimesh.Trimesh:
    """A foot, a waist, a collar and a head, turned on a lathe."""
    heights = np.linspace(0, 1.2, 97)
    foot, head = 0.34 - 0.9 * heights, np.sqrt(np.maximum(0.2**2 - (heights - 1.0) ** 2, 0))
    radii = np.maximum(np.maximum(foot, 0.11), head) + 0.07 * np.exp(-(((heights - 0.76) / 0.05) ** 2))
    profile = np.stack([radii, heights], 1)
    profile[-1, 0] = 0.0
    line = np.concatenate([[[0.0, 0.0]], profile])
    return trimesh.creation.revolve(line, sections=64)


def cylinder() -> trimesh.Trimesh:
    return trimesh.creation.cylinder(radius=0.4, height=1.0, sections=64)


def capsule() -> trimesh.Trimesh:
    return trimesh.creation.capsule(height=0.7, radius=0.3, count=[32, 32])


def gridded_bar() -> trimesh.Trimesh:
    """The bar in squares of 0.04, as whoever means to bend it would divide it."""
    counts = np.array([30, 6, 5])
    sides = []
    for axis in range(3):
        along, across = (axis + 1) % 3, (axis + 2) % 3
        rows, columns = np.meshgrid(np.arange(counts[along] + 1), np.arange(counts[across] + 1), indexing="ij")
        index = np.arange(rows.size).reshape(rows.shape)
        quads = np.stack([index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]], -1).reshape(-1, 4)
        for end in (0, counts[axis]):
            places = np.empty((rows.size, 3))
            places[:, axis], places[:, along], places[:, across] = end, rows.ravel(), columns.ravel()
            sides.append(
                trimesh.Trimesh(places * 0.04, trimesh.geometry.triangulate_quads(quads if end else quads[:, ::-1]))
            )
    mesh: trimesh.Trimesh = trimesh.util.concatenate(sides)
    mesh.merge_vertices()
    mesh.apply_translation(-0.04 * counts / 2)
    return mesh


def arch() -> trimesh.Trimesh:
    """The bar, bent by 90° along its length."""
    mesh = gridded_bar()
    mesh.vertices = bent(np.asarray(mesh.vertices, np.float64), 1.0)
    return mesh


def letter_l() -> trimesh.Trimesh:
    return solids.strokes([[0.0, 0.9], [0.0, 0.0], [0.5, 0.0]])


PAIRS: dict[str, Callable[[], tuple[Shape, Shape]]] = {
    "spot-fish": lambda: (file("spot"), file("fish")),
    "cat-koala": lambda: (file("cat"), file("koala")),
    "penguin-fish": lambda: (file("penguin"), file("fish")),
    "koala-penguin": lambda: (file("koala"), file("penguin")),
    "spot-koala": lambda: (file("spot"), file("koala")),
    "cat-fish": lambda: (file("cat"), file("fish")),
    "ball-box": lambda: (solid("ball", solids.ball()), solid("box", solids.box((0.8, 0.8, 0.8)))),
    "ball-ellipsoid": lambda: (solid("ball", solids.ball()), solid("ellipsoid", ellipsoid())),
    "ball-drop": lambda: (solid("ball", solids.ball()), solid("drop", drop())),
    "ball-star": lambda: (solid("ball", solids.ball()), solid("star", plump_star())),
    "ball-pawn": lambda: (solid("ball", solids.ball()), solid("pawn", pawn())),
    "cube-cylinder": lambda: (solid("cube", solids.box((0.8, 0.8, 0.8)), 0.06), solid("cylinder", cylinder())),
    "cube-capsule": lambda: (solid("cube", solids.box((0.8, 0.8, 0.8)), 0.06), solid("capsule", capsule())),
    "bar-arch": lambda: (solid("bar", gridded_bar()), solid("arch", arch())),
    "l-i": lambda: (solid("l", letter_l(), 0.03), solid("i", solids.letter_i())),
    "c-i": lambda: (solid("c", solids.letter_c(), 0.03), solid("i", solids.letter_i())),
}
