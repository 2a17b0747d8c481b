"""How a sheet that was given a thickness is shaded: its sides as the sheet is, its rim as it lies."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.looks.frame_attributes import Sources, add_attributes
from lipmlp_engine.shapes.look import Layer, Look
from lipmlp_engine.shapes.shape import Shape, unit_normals

THICKNESS = 0.02


def plate(cells: int) -> trimesh.Trimesh:
    """A thin closed box of triangles of a size, whose rim is one row of faces, as frames have it."""
    axis = np.linspace(-0.5, 0.5, cells + 1)
    sides = [np.stack(np.meshgrid(axis, axis, [height], indexing="ij"), -1).reshape(-1, 3) for height in (-1, 1)]
    rows = np.arange((cells + 1) ** 2).reshape(cells + 1, cells + 1)
    quads = np.stack((rows[:-1, :-1], rows[1:, :-1], rows[1:, 1:], rows[:-1, 1:]), -1).reshape(-1, 4)
    about = np.concatenate((rows[:-1, 0], rows[-1, :-1], rows[:0:-1, -1], rows[0, :0:-1]))
    rim = np.stack((about, np.roll(about, -1), np.roll(about, -1) + rows.size, about + rows.size), -1)
    faces = np.concatenate((quads[:, ::-1], quads + rows.size, rim))
    vertices = np.concatenate(sides) * [1.0, 1.0, THICKNESS / 2]
    return trimesh.Trimesh(vertices, np.concatenate((faces[:, :3], faces[:, [0, 2, 3]])), process=False)


def sheet(mapped: bool) -> Shape:
    """What an artist has of it: a square without thickness, with a map or with nothing on it."""
    corners = np.array([[-0.5, -0.5, 0], [0.5, -0.5, 0], [0.5, 0.5, 0], [-0.5, 0.5, 0]])
    triangles = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    solid = plate(4)
    layers = [Layer("UVMap", "uv", "corner", corners[triangles][..., :2].astype(np.float32))] if mapped else []
    look = Look(corners, triangles, layers=layers)
    return Shape("sheet", np.asarray(solid.vertices), np.asarray(solid.faces, np.int32), look=look)


@pytest.mark.parametrize("mapped", [False, True])
def test_the_rim_of_a_sheet_is_shaded_as_it_lies(mapped: bool) -> None:
    """Faces of a leaf's rim were shaded as its front or as its back, by chance: dashes of dark and light all around."""
    thick = plate(20)
    assert thick.is_watertight and thick.volume == pytest.approx(THICKNESS)
    vertices = np.asarray(thick.vertices, np.float32)
    frame = MeshFrame(0.0, vertices, np.asarray(thick.faces, np.int32))
    shape = sheet(mapped)
    add_attributes(frame, lambda _index: vertices.astype(np.float64), Sources([shape, shape]), 0.0)
    assert frame.shading is not None and frame.shading.shape == (len(frame.faces), 3, 3)
    lies = unit_normals(vertices, frame.faces)
    assert np.einsum("mj,mkj->mk", lies, frame.shading).min() > 0.98


def test_only_what_is_beside_an_open_edge_is_rimmed() -> None:
    closed = plate(4)
    whole = Shape("box", np.asarray(closed.vertices), np.asarray(closed.faces, np.int32))
    assert not Sources([whole]).field(0).rimmed.any()
    opened = trimesh.creation.icosphere(3)
    opened.update_faces(opened.triangles_center[:, 2] < 0.9)
    bowl = Shape("bowl", np.asarray(opened.vertices), np.asarray(opened.faces, np.int32))
    rimmed = Sources([bowl]).field(0).rimmed
    assert 0 < rimmed.sum() < 0.2 * len(rimmed)
    assert (opened.triangles[rimmed][..., 2].max(1) > 0.75).all()


def test_a_sheet_faces_as_the_artist_has_it() -> None:
    """As near to the front as to the back of what it was made, its triangles faced either way, in patches."""
    axis = np.linspace(-0.5, 0.5, 17)
    first, second = (part.ravel() for part in np.meshgrid(axis, axis, indexing="ij"))
    vertices = np.stack((first, second, first**2 - second**2), 1)
    rows = np.arange(17 * 17).reshape(17, 17)
    quads = np.stack((rows[:-1, :-1], rows[1:, :-1], rows[1:, 1:], rows[:-1, 1:]), -1).reshape(-1, 4)
    triangles = np.concatenate((quads[:, :3], quads[:, [0, 2, 3]])).astype(np.int32)
    away = trimesh.Trimesh(vertices, triangles, process=False).vertex_normals * THICKNESS / 2
    solid = np.concatenate((triangles, triangles[:, ::-1] + len(vertices))).astype(np.int32)
    look = Look(vertices, triangles)
    shape = Shape("saddle", np.concatenate((vertices + away, vertices - away)), solid, look=look)
    field = Sources([shape]).field(0)
    assert (field.normals[:, 2] > 0.5).all() and not field.edged.any()
