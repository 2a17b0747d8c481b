"""Reading shapes: every format, scenes, colours and materials, and one clear sentence for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.reading.load import load_shapes
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.shape import Shape


def save_npz(path: Path, **arrays: object) -> Path:
    with open(path, "wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("kind", ["stl", "obj", "ply", "glb", "off"])
def test_every_format_gives_the_same_box(kind: str, box: Shape, tmp_path: Path) -> None:
    path = tmp_path / f"part.{kind}"
    trimesh.Trimesh(box.vertices, box.triangles, process=False).export(path)
    job = Job(shapes=[ShapeInput(path.name), ShapeInput(str(path), "other")])
    first, second = load_shapes(job, tmp_path, lambda note: None)
    assert (first.name, second.name) == ("part", "other")
    assert len(first.vertices) == 8 and len(first.triangles) == 12 and first.closed
    assert first.volume == pytest.approx(6.0, rel=1e-6)
    assert first.vertices.dtype == np.float64 and first.triangles.dtype == np.int32


def test_scene_is_joined_in_world_space(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    part = trimesh.creation.box((1, 1, 1))
    mirrored = np.diag([-1.0, 2.0, 1.0, 1.0])
    mirrored[:3, 3] = (5, 0, 0)
    scene.add_geometry(part, geom_name="part", node_name="here")
    scene.add_geometry(part, geom_name="part", node_name="there", transform=mirrored)
    path = tmp_path / "scene.glb"
    scene.export(path)
    shape = read_shape(path)
    assert np.allclose(shape.bounds, [[-0.5, -1, -0.5], [5.5, 1, 0.5]])
    # 1 + 2: a mirrored object would count negative if its triangles were not turned.
    assert shape.volume == pytest.approx(3.0)


def test_materials_become_slots(tmp_path: Path) -> None:
    (tmp_path / "two.mtl").write_text("newmtl red\nKd 1 0 0\nnewmtl blue\nKd 0 0 1\n")
    (tmp_path / "two.obj").write_text(
        "mtllib two.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
        "usemtl red\nf 1 3 2\nf 1 2 4\nusemtl blue\nf 2 3 4\nf 1 4 3\n"
    )
    shape = read_shape(tmp_path / "two.obj")
    assert shape.materials is not None
    assert sorted(shape.materials.tolist()) == [0, 0, 1, 1]


def test_vertex_colors_are_read(ball: Shape, tmp_path: Path) -> None:
    red = np.tile(np.array([255, 0, 51, 255], np.uint8), (len(ball.vertices), 1))
    trimesh.Trimesh(ball.vertices, ball.triangles, vertex_colors=red, process=False).export(tmp_path / "red.ply")
    shape = read_shape(tmp_path / "red.ply")
    assert shape.colors is not None and shape.colors.dtype == np.float32
    assert np.allclose(shape.colors, [1, 0, 0.2, 1], atol=1e-6)


def test_npz_of_the_add_on(box: Shape, tmp_path: Path) -> None:
    colors = np.random.default_rng(0).random((8, 4)).astype(np.float32)
    materials = np.arange(12, dtype=np.int32) % 3
    path = save_npz(
        tmp_path / "0_box.npz",
        vertices=box.vertices,
        triangles=box.triangles,
        colors=colors,
        materials=materials,
        name=np.array("Box.001"),
    )
    shape = read_shape(path)
    assert shape.name == "Box.001"
    assert shape.colors is not None and np.array_equal(shape.colors, colors)
    assert shape.materials is not None and np.array_equal(shape.materials, materials)


def test_npz_of_someone_else_is_refused(box: Shape, tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="write it again from Blender"):
        read_shape(save_npz(tmp_path / "a.npz", vertices=box.vertices))
    with pytest.raises(ShapeError, match=r"triangles is of size \(12, 2\) instead of \(any, 3\)"):
        read_shape(save_npz(tmp_path / "b.npz", vertices=box.vertices, triangles=box.triangles[:, :2]))
    with pytest.raises(ShapeError, match="corners do not exist"):
        read_shape(save_npz(tmp_path / "c.npz", vertices=box.vertices[:4], triangles=box.triangles))
    (tmp_path / "d.npz").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(ShapeError, match="is not a shape of Lipschitz Morph"):
        read_shape(tmp_path / "d.npz")


def test_what_cannot_be_read_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match=r"There is no file .*nowhere\.stl; check the path"):
        read_shape(tmp_path / "nowhere.stl")
    (tmp_path / "notes.doc").write_text("hello")
    with pytest.raises(ShapeError, match=r"notes\.doc is of no known kind; use one of .*stl"):
        read_shape(tmp_path / "notes.doc")
    (tmp_path / "hero.FBX").write_text("hello")
    with pytest.raises(ShapeError, match=r"hero\.FBX is of a kind that is read by Blender alone: open or import it"):
        read_shape(tmp_path / "hero.FBX")
    for name, content in (("a.glb", b"glTF rubbish"), ("b.stl", b"solid"), ("c.ply", b"ply\nformat"), ("d.obj", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ShapeError) as caught:
            read_shape(tmp_path / name)
        sentence = str(caught.value)
        assert name in sentence and sentence.endswith(".") and "\n" not in sentence
        assert caught.value.exit_code == 3


def test_a_handful_of_points_without_faces_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cloud.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\n")
    with pytest.raises(ShapeError, match="'cloud' has 3 usable points;"):
        load_shapes(Job(shapes=[ShapeInput("cloud.obj")] * 2), tmp_path, lambda note: None)
    (tmp_path / "one.obj").write_text("v 0 0 0\n")
    with pytest.raises(ShapeError, match="'one' has 1 usable point; a surface needs"):
        load_shapes(Job(shapes=[ShapeInput("one.obj")] * 2), tmp_path, lambda note: None)


@pytest.mark.parametrize(
    ("vertices", "triangles", "sentence"),
    [
        (np.zeros((0, 3)), np.zeros((0, 3), np.int32), "has no faces to morph"),
        ([[0, 0, 0], [1, 0, 0], [np.nan, 1, 0]], [[0, 1, 2]], "has 1 vertex whose coordinates are not finite"),
        ([[0, 0, 0], [1, np.inf, 0], [np.nan, 1, 0]], [[0, 1, 2]], "has 2 vertices whose coordinates are not finite"),
        ([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [[0, 1, 2]], "have collapsed to lines or points"),
        (np.ones((3, 3)), [[0, 1, 2]], "units large; scale it up"),
        ([[0, 0, 0], [1e13, 0, 0], [0, 1e13, 0]], [[0, 1, 2]], "from the origin; scale it down"),
    ],
)
def test_surfaces_beyond_repair_are_refused(vertices: object, triangles: object, sentence: str, tmp_path: Path) -> None:
    path = save_npz(
        tmp_path / "bad.npz", vertices=np.array(vertices, np.float64), triangles=np.array(triangles, np.int32)
    )
    with pytest.raises(ShapeError, match=sentence) as caught:
        read_shape(path)
    assert "'bad'" in str(caught.value)


def test_unused_broken_vertices_do_no_harm(box: Shape, tmp_path: Path) -> None:
    path = save_npz(tmp_path / "box.npz", vertices=np.vstack([box.vertices, [[np.nan] * 3]]), triangles=box.triangles)
    job = Job(shapes=[ShapeInput(path.name)] * 2)
    shape = load_shapes(job, tmp_path, lambda note: None)[0]
    assert len(shape.vertices) == 8 and shape.volume == pytest.approx(6.0)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8-sig", "utf-16"])
def test_an_obj_of_any_encoding_is_read(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "grün.mtl").write_text("newmtl Grün\nKd 0 1 0\nnewmtl Weiß\nKd 1 1 1\n", encoding=encoding)
    (tmp_path / "keil.obj").write_text(
        "# Maß: Käse\nmtllib grün.mtl\no Käse\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\n"
        "usemtl Grün\nf 1 3 2\nf 1 2 4\nusemtl Weiß\nf 2 3 4\nf 1 4 3\n",
        encoding=encoding,
    )
    shape = read_shape(tmp_path / "keil.obj")
    assert shape.volume == pytest.approx(1 / 6)
    assert shape.materials is not None and len(np.unique(shape.materials)) == 2


def standing(path: Path, up: str, comment: str = "") -> Path:
    """A wedge that is 3 high, 2 deep and 1 wide, written by hand in the axes of the file."""
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], float)  # z up
    if up == "y":
        corners = corners[:, [0, 2, 1]] * [1, 1, -1]
    faces = [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]]
    if path.suffix == ".obj":
        lines = [f"v {x} {y} {z}" for x, y, z in corners] + [
            "f " + " ".join(str(c + 1) for c in face) for face in faces
        ]
    else:
        header = ["ply", "format ascii 1.0", *([f"comment {comment}"] if comment else []), "element vertex 4"]
        header += [f"property float {axis}" for axis in "xyz"]
        header += ["element face 4", "property list uchar int vertex_indices", "end_header"]
        lines = header + [f"{x} {y} {z}" for x, y, z in corners] + ["3 " + " ".join(map(str, face)) for face in faces]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_one_object_as_obj_and_as_ply_lies_the_same_way(tmp_path: Path) -> None:
    obj = standing(tmp_path / "a.obj", "y")
    ply = standing(tmp_path / "b.ply", "z", "Created in Blender version 5.0.1")
    for entries in ([obj, ply], [ply, obj]):
        told: list[str] = []
        shapes = load_shapes(Job(shapes=[ShapeInput(str(path)) for path in entries]), tmp_path, told.append)
        assert np.allclose(np.sort(shapes[0].vertices, axis=0), np.sort(shapes[1].vertices, axis=0))
        assert all(shape.volume == pytest.approx(1) for shape in shapes)
        assert len(told) == 1 and "turned so that its" in told[0] and f"'{entries[1].stem}'" in told[0]
        # Landmarks are named as the file has them: the matrix takes them along.
        filed = read_shape(entries[1]).vertices
        turned = filed @ shapes[1].matrix[:3, :3].T + shapes[1].matrix[:3, 3]
        assert np.allclose(np.sort(turned, axis=0), np.sort(shapes[1].vertices, axis=0))


def test_the_axis_that_is_up_can_be_named_for_each_file(tmp_path: Path) -> None:
    scan = standing(tmp_path / "scan.ply", "z")
    obj = standing(tmp_path / "a.obj", "y")
    told: list[str] = []

    def heights(*ups: str) -> list[float]:
        entries = [ShapeInput(str(path), up=up) for path, up in zip((obj, scan), ups, strict=True)]
        told.clear()
        shapes = load_shapes(Job(shapes=entries), tmp_path, told.append)
        return [float(np.ptp(shape.vertices[:, 1])) for shape in shapes]

    assert heights("auto", "auto") == [3, 2] and not told, "nobody knows how a scan lies"
    assert heights("auto", "z") == [3, 3] and told
    assert heights("z", "z") == [3, 2] and not told


def test_polygons_of_an_obj_keep_to_their_outline(tmp_path: Path) -> None:
    corners = [(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]
    lines = [f"v {x} {y} {z}" for z in (0, 1) for x, y in corners] + [
        "f 6 5 4 3 2 1",
        "f -6/1 -5/1 -4/1 \\",
        "-3/1 -2/1 -1/1",
    ]
    lines += [f"f {a} {a % 6 + 1} {a % 6 + 7} {a + 6}  # side" for a in range(1, 7)]
    (tmp_path / "l.obj").write_text("vt 0 0\n" + "\n".join(lines))
    shape = read_shape(tmp_path / "l.obj")
    assert (shape.volume, shape.area) == (pytest.approx(3), pytest.approx(14))
