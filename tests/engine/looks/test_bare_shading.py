"""What frames of shapes that come without normals, colours and maps are shaded with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.files.mesh_files import write_mesh
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.looks.bare_shading import BareEnd, bare_shading
from lipmlp_engine.looks.face_transfer import FacesOnSource
from lipmlp_engine.looks.frame_attributes import Sources, add_attributes
from lipmlp_engine.looks.shading import rounded, shading_normals
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.shape import Shape, unit_normals
from lipmlp_engine.shapes.smooth_corners import smooth_corners

BALL = trimesh.creation.icosphere(1, 1.0)
"""80 triangles, of which any two neighbours differ by 18 to 22 degrees."""
BOX = trimesh.creation.box((1.0, 1.4, 0.8))


def shape_of(mesh: trimesh.Trimesh) -> Shape:
    return Shape("shape", np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32))


def framed(mesh: trimesh.Trimesh, first: Shape, second: Shape, share: float = 0.0) -> MeshFrame:
    """A frame of finer faces that lie on the mesh, between two shapes that are where it is."""
    vertices, faces = trimesh.remesh.subdivide(*trimesh.remesh.subdivide(mesh.vertices, mesh.faces))
    vertices = np.asarray(vertices, np.float32)
    frame = MeshFrame(share, vertices, np.asarray(faces, np.int32))
    add_attributes(frame, lambda _index: vertices.astype(np.float64), Sources([first, second]), share)
    return frame


def test_facets_coarser_than_the_cells_are_smooth() -> None:
    """With the facets' own normals at the vertices a low ring and a hand of few triangles had scales like a fish."""
    ball = shape_of(BALL)
    frame = framed(BALL, ball, ball)
    assert frame.shading is not None and frame.shading.ndim == 2
    outwards = frame.vertices / np.linalg.norm(frame.vertices, axis=1, keepdims=True)
    assert np.einsum("ij,ij->i", frame.shading, outwards).min() > np.cos(np.radians(3))


def test_sharp_edges_stay_sharp_and_sides_flat() -> None:
    box = shape_of(BOX)
    frame = framed(BOX, box, box)
    assert frame.shading is not None and frame.shading.ndim == 3
    flat = unit_normals(frame.vertices, frame.faces)
    assert np.einsum("mj,mkj->mk", flat, frame.shading).min() > np.cos(np.radians(1))


def test_what_only_the_other_shape_has_fades() -> None:
    """A box's edge on its way to what is round there: sharp at its time, half as much half-way."""
    box, ball = shape_of(BOX), shape_of(trimesh.creation.icosphere(3, 0.9))
    flat = unit_normals(*(lambda frame: (frame.vertices, frame.faces))(framed(BOX, box, ball)))
    lean = [
        np.einsum("mj,mkj->mk", flat, frame.shading).min()
        for frame in (framed(BOX, box, ball, share) for share in (0.0, 0.5))
        if frame.shading is not None
    ]
    assert lean[0] > lean[1] > 0


@pytest.mark.parametrize("sharper", [2, 3])
def test_sides_of_an_edge_keep_apart_however_many_corners_each_has(sharper: int) -> None:
    """The mean of all corners lies between the sides: within it edges of 40 degrees were sharp here and round there."""
    one, other = (np.array([np.sin(a), 0, np.cos(a)]) for a in np.radians((-20.0, 20.0)))
    corners = np.stack([*[one] * sharper, *[other] * (4 - sharper)])
    faces = np.array([(0, 3 * k + 1, 3 * k + 2, 3 * k + 3) for k in range(4)], np.int32)
    found = rounded(np.repeat(corners[:, None], 4, 1), faces, np.zeros(4, np.int64))
    assert found[:, 0] == pytest.approx(corners)


def test_what_is_nearly_alike_about_a_vertex_is_one() -> None:
    leaning = np.radians((-6.0, -2.0, 2.0, 6.0))
    corners = np.stack((np.sin(leaning), np.zeros(4), np.cos(leaning)), 1)
    faces = np.array([(0, 3 * k + 1, 3 * k + 2, 3 * k + 3) for k in range(4)], np.int32)
    found = rounded(np.repeat(corners[:, None], 4, 1), faces, np.zeros(4, np.int64))
    assert found[:, 0] == pytest.approx(np.tile([0.0, 0.0, 1.0], (4, 1)), abs=1e-6)


@pytest.mark.parametrize("beyond", [-1e-4, 0.0, 1e-4])
def test_on_an_edge_with_faces_to_one_side_a_vertex_is_of_that_side(beyond: float) -> None:
    """What lies in an edge is as near to the other side: dark dashes pointed from a wheel's rim into its flat side."""
    rows, columns = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(-1, 1, 9), indexing="ij")
    half = np.array([0.5, 0.7]) + beyond
    top = np.stack((rows.ravel() * half[0], columns.ravel() * half[1], np.full(81, 0.4 - abs(beyond))), 1)
    corner = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel()
    faces = np.stack((corner, corner + 9, corner + 10, corner + 1), 1).astype(np.int32)
    box = shape_of(BOX)
    shaded = bare_shading(top.astype(np.float32), faces, [BareEnd(Sources([box, box]).field(0), top, 1.0)])
    assert np.asarray(shaded).reshape(-1, 3) @ [0, 0, 1] == pytest.approx(1, abs=0.01)


def test_in_between_a_wall_that_faces_elsewhere_does_not_count() -> None:
    """Where places came to lie in creases of a source, strings of dark spots ran across an armchair."""
    box = shape_of(BOX)
    rows, columns = np.meshgrid(np.arange(6), np.arange(6), indexing="ij")
    corner = (rows * 6 + columns)[:-1, :-1].ravel()
    faces = np.stack((corner, corner + 6, corner + 7, corner + 1), 1).astype(np.int32)
    # A level sheet whose vertices lie on the box's upright side.
    level = np.stack((rows.ravel() * 0.05, columns.ravel() * 0.05, np.zeros(36)), 1)
    onto = level * [0.0, 1.0, 1.0] + [0.5, 0.0, 0.0] + level * [1e-3, 0.0, 0.0]
    source = Sources([box, box]).field(0)
    shaded = bare_shading(level.astype(np.float32), faces, [BareEnd(source, onto, 0.5), BareEnd(source, onto, 0.5)])
    assert np.asarray(shaded).reshape(-1, 3) @ [0, 0, 1] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("bare", [True, False])
def test_what_is_narrower_than_a_face_and_faces_elsewhere_does_not_shade_it(bare: bool) -> None:
    """Rods that were joined end to end stick out of each other by a thousandth: whole faces had dark specks there."""
    above = [(x, y, 0.01 * (x > 0)) for x in (-1, -1e-9, 1e-9, 1) for y in (-1, 1)]
    triangles = np.array([[k, k + 2, k + 3] for k in (0, 2, 4)] + [[k, k + 3, k + 1] for k in (0, 2, 4)], np.int32)
    step = Shape("step", np.array(above), triangles)
    rows, columns = np.meshgrid(np.linspace(-0.5, 0.5, 6), np.linspace(-0.5, 0.5, 6), indexing="ij")
    corner = (np.arange(5)[:, None] * 6 + np.arange(5)).ravel()
    faces = np.stack((corner, corner + 6, corner + 7, corner + 1), 1).astype(np.int32)
    points = np.stack((rows.ravel(), columns.ravel(), 0.01 * (rows.ravel() > 0)), 1)
    source = Sources([step, step]).field(0)
    if bare:
        shaded = bare_shading(points.astype(np.float32), faces, [BareEnd(source, points, 1.0)])
    else:
        shaded = shading_normals(points.astype(np.float32), faces, [(FacesOnSource(source, points, faces), 1.0)])
    assert (np.asarray(shaded).reshape(-1, 3) @ [0, 0, 1]).min() > 0.98


@pytest.mark.parametrize("bare", [True, False])
def test_in_between_what_is_no_source_s_has_no_edges(bare: bool) -> None:
    """Creases between two parts of a tree were all teeth: there faces follow from cells, and not from any shape."""
    box = shape_of(BOX)
    rows, columns = np.meshgrid(np.arange(6), np.arange(6), indexing="ij")
    corner = (rows * 6 + columns)[:-1, :-1].ravel()
    faces = np.stack((corner, corner + 6, corner + 7, corner + 1), 1).astype(np.int32)
    # A roof whose sides lie on the box's upright side, which faces elsewhere.
    roof = np.stack((rows.ravel() * 0.05, columns.ravel() * 0.05, -np.abs(rows.ravel() - 3) * 0.03), 1)
    onto = roof * [1e-3, 1.0, 1e-3] + [0.5, 0.0, 0.0]
    source = Sources([box, box]).field(0)
    if bare:
        shaded = bare_shading(roof.astype(np.float32), faces, [BareEnd(source, onto, 0.5), BareEnd(source, onto, 0.5)])
    else:
        ends = [(FacesOnSource(source, onto, faces), 0.5) for _ in range(2)]
        shaded = shading_normals(roof.astype(np.float32), faces, ends)
    assert shaded.shape == roof.shape and shaded[:, 2].min() > 0.7


def test_a_seam_in_a_file_is_no_edge() -> None:
    """Formats with a map have vertices twice along its seams."""
    vertices, triangles = BALL.triangles.reshape(-1, 3), np.arange(3 * len(BALL.faces)).reshape(-1, 3)
    split, whole = smooth_corners(vertices, triangles), smooth_corners(BALL.vertices, BALL.faces)
    assert np.allclose(split, whole, atol=1e-6)


@pytest.mark.parametrize("ending", [".glb", ".obj", ".ply"])
def test_files_of_frames_have_the_edges_that_formats_can_have(ending: str, tmp_path: Path) -> None:
    box = shape_of(BOX)
    frame = framed(BOX, box, box)
    write_mesh(frame, tmp_path / f"box{ending}")
    if ending == ".obj":
        lines = (tmp_path / "box.obj").read_text().splitlines()
        assert sum(line.startswith("vn") for line in lines) == 6
        return
    read = trimesh.load(tmp_path / f"box{ending}", process=False, force="mesh")
    normals = np.asarray(read.vertex_normals)[read.faces]
    lean = np.einsum("mj,mkj->mk", unit_normals(read.vertices, read.faces), normals).min()
    # PLY has one normal a vertex.
    assert lean > 0.99 if ending == ".glb" else 0.5 < lean < 0.9
    assert len(read.faces) == len(frame.faces)


def test_a_glb_without_edges_has_no_vertex_twice(tmp_path: Path) -> None:
    ball = shape_of(BALL)
    frame = framed(BALL, ball, ball)
    write_mesh(frame, tmp_path / "ball.glb")
    data = (tmp_path / "ball.glb").read_bytes()
    told = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    assert told["accessors"][0]["count"] == len(frame.vertices)


@pytest.mark.parametrize("ending", [".glb", ".ply", ".obj"])
def test_the_normals_of_a_file_count(ending: str, tmp_path: Path) -> None:
    """A ball of 20 triangles, smooth by its normals and not by its angles."""
    ball = trimesh.creation.icosphere(0, 1.0)
    ball = trimesh.Trimesh(ball.vertices, ball.faces, vertex_normals=ball.vertices, process=False)
    ball.export(tmp_path / f"ball{ending}", **({"vertex_normal": True} if ending == ".ply" else {}))
    look = read_shape(tmp_path / f"ball{ending}").look
    assert look is not None and look.normals is not None
    outwards = look.vertices[look.triangles] / np.linalg.norm(look.vertices[look.triangles], axis=2, keepdims=True)
    assert np.einsum("mkj,mkj->mk", look.normals, outwards).min() > 0.999


def test_normals_that_are_none_and_mere_faces_do_not_count(tmp_path: Path) -> None:
    corners = BALL.triangles.reshape(-1, 3)
    faces = np.arange(len(corners)).reshape(-1, 3)
    for name, normals in (("flat", np.repeat(BALL.face_normals, 3, axis=0)), ("none", np.zeros_like(corners))):
        lines = [f"v {x} {y} {z}\n" for x, y, z in corners] + [f"vn {x} {y} {z}\n" for x, y, z in normals]
        lines += ["f {0}//{0} {1}//{1} {2}//{2}\n".format(*face) for face in faces + 1]
        (tmp_path / f"{name}.obj").write_text("".join(lines))
        look = read_shape(tmp_path / f"{name}.obj").look
        assert look is not None and look.normals is None
