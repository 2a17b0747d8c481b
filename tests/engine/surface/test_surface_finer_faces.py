"""Faces that are cut where they are too coarse: all quads, closed as before, and nearer to what a shape has."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.guide import common_pose
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape, face_vectors
from lipmlp_engine.surface import finer_where_coarse
from lipmlp_engine.surface.detailed_zero_set import Surface, extract_detailed
from lipmlp_engine.surface.finer_faces import faces_more, finer_faces
from tests.engine.still_morphs import of_shape

AROUND = 12
Quads = NDArray[np.int32]


def ring() -> tuple[NDArray[np.float32], Quads]:
    u, v = np.meshgrid(np.arange(AROUND), np.arange(AROUND), indexing="ij")
    across = 3 + np.cos(2 * np.pi * v / AROUND)
    angle = 2 * np.pi * u / AROUND
    vertices = np.stack((np.cos(angle) * across, np.sin(angle) * across, np.sin(2 * np.pi * v / AROUND)), -1)

    def number(along: int, around: int) -> NDArray[np.int64]:
        return (u + along) % AROUND * AROUND + (v + around) % AROUND

    quads = np.stack((number(0, 0), number(1, 0), number(1, 1), number(0, 1)), -1)
    return vertices.reshape(-1, 3).astype(np.float32), quads.reshape(-1, 4).astype(np.int32)


def is_closed(quads: Quads) -> bool:
    """Each side of a face is that of one other face, which runs along it the other way."""
    sides = {tuple(side) for side in np.stack((quads, np.roll(quads, -1, axis=1)), -1).reshape(-1, 2).tolist()}
    return len(sides) == quads.size and all((end, start) in sides for start, end in sides)


def volume(vertices: NDArray[np.float32], quads: Quads) -> float:
    return float(np.einsum("ij,ij->", vertices[quads].mean(1), face_vectors(vertices[quads])) / 3)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.4, 0.8, 1.0])
def test_faces_are_cut_without_a_gap(share: float) -> None:
    vertices, quads = ring()
    marked = np.random.default_rng(1).random(len(vertices)) < share
    marked[0] = True
    cut = finer_faces(vertices, quads, marked)
    assert is_closed(cut.quads)
    assert len(cut.quads) - len(quads) == faces_more(quads, marked) > 0
    assert np.array_equal(cut.vertices[: len(vertices)], vertices)
    assert np.array_equal(np.unique(cut.quads), np.arange(len(cut.vertices)))
    # A closed ring of quads has as many faces as vertices: still one handle.
    assert len(cut.vertices) == len(cut.quads)
    assert volume(cut.vertices, cut.quads) == pytest.approx(volume(vertices, quads), rel=1e-5)


def test_what_is_not_marked_stays() -> None:
    vertices, quads = ring()
    cut = finer_faces(vertices, quads, np.zeros(len(vertices), bool))
    assert np.array_equal(cut.quads, quads)
    assert np.array_equal(cut.vertices, vertices)


def taken(
    mesh: trimesh.Trimesh, cells: int, budget: int = finer_where_coarse.UNLIMITED
) -> tuple[Surface, Shape, NDArray[np.float64]]:
    """The surface of a mesh at its own time, the shape, and the vertices in the world."""
    shape = Shape("shape", np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32))
    field, pose = of_shape(shape)
    found = extract_detailed(field, cells, budget=budget)
    return found, shape, pose.to_world(found.vertices.astype(np.float64))


def ribbed() -> trimesh.Trimesh:
    """A block with ribs of less than a cell."""
    block = trimesh.creation.box((1.2, 0.8, 0.4))
    ribs = [trimesh.creation.box((0.018, 0.7, 0.03)).apply_translation((x, 0, 0.215)) for x in (-0.3, 0.0, 0.3)]
    turn = trimesh.transformations.euler_matrix(0.1, 0.2, 0.3)
    return trimesh.boolean.union([block, *ribs], engine="manifold").apply_transform(turn)


@pytest.fixture
def never_finer(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(finer_where_coarse, "FEW", 0)
    monkeypatch.setattr(finer_where_coarse, "MORE", 0.0)
    return monkeypatch


def farthest(mesh: trimesh.Trimesh) -> tuple[float, Surface]:
    """How far from its surface, in cells, the corners of a mesh are, and that surface."""
    found, shape, places = taken(mesh, 64)
    halves = np.concatenate((found.faces[:, :3], found.faces[:, [0, 2, 3]]))
    cell = 2 / 64 / common_pose([shape, shape]).scale
    return float(np.abs(DistanceField(places, halves).signed(np.asarray(mesh.vertices))).max() / cell), found


def test_ribs_finer_than_the_cells_keep_their_corners(never_finer: pytest.MonkeyPatch) -> None:
    mesh = ribbed()
    before, _ = farthest(mesh)
    never_finer.undo()
    after, found = farthest(mesh)
    assert is_closed(found.faces)
    assert after < 0.5 * before


def test_no_more_faces_than_it_may(never_finer: pytest.MonkeyPatch) -> None:
    before, *_ = taken(ribbed(), 64)
    never_finer.setattr(finer_where_coarse, "MORE", 0.1)
    after, *_ = taken(ribbed(), 64)
    assert len(before.faces) < len(after.faces) <= 1.1 * len(before.faces)
    budget = len(before.faces) + 100
    after, *_ = taken(ribbed(), 64, budget)
    assert len(before.faces) < len(after.faces) <= budget


def test_what_the_cells_show_is_not_cut(never_finer: pytest.MonkeyPatch) -> None:
    for mesh in (trimesh.creation.icosphere(5), trimesh.creation.box((1.2, 0.8, 0.4))):
        before, *_ = taken(mesh, 64)
        with never_finer.context() as now:
            now.setattr(finer_where_coarse, "FEW", 3_000)
            after, *_ = taken(mesh, 64)
        assert len(after.faces) == len(before.faces)
