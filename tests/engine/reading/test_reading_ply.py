"""Reading PLY: both byte orders and text, lists of any length, every property, and a sentence for what is damaged."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.reading.ply import read_ply
from lipmlp_engine.reading.ply_numbers import Lists
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.polygons import triangulate
from lipmlp_engine.shapes.shape import signed_volume
from tests.engine.ply_prism import FACES, PRISM, prism


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian", "binary_big_endian"])
@pytest.mark.parametrize(("newline", "counts"), [("\n", "uchar"), ("\r\n", "int"), ("\r", "ushort")])
def test_every_kind_of_file_says_the_same(kind: str, newline: str, counts: str, tmp_path: Path) -> None:
    ply = read_ply(prism(tmp_path / "prism.ply", kind, newline, counts))
    assert ply.vertices.tolist() == PRISM
    assert ply.faces.lengths.tolist() == [len(face) for face in FACES]
    assert ply.faces.values.tolist() == [corner for face in FACES for corner in face]
    number = ply.face["number"]
    assert not isinstance(number, Lists) and number.tolist() == [n / 2 for n in range(len(FACES))]
    assert ply.vertex["blue"].dtype == np.uint8 and set(ply.vertex["blue"]) == {51}
    assert ply.comments == ("made by hand",)
    edges = ply.others["edge"]
    assert {name: list(column) for name, column in edges.items()} == {"vertex1": [3], "vertex2": [4]}


def test_polygons_become_triangles_that_keep_to_their_outline(tmp_path: Path) -> None:
    shape = read_shape(prism(tmp_path / "prism.ply", "binary_little_endian"))
    assert len(shape.triangles) == 2 * 4 + 5 * 2 + 2
    assert shape.volume == pytest.approx(3.0)
    # A fan over the L's outside would count more area than there is.
    assert shape.area == pytest.approx(2 * 3 + 8)
    assert shape.colors is not None and np.allclose(shape.colors, [1, 0, 0.2, 1])


def test_a_quad_with_a_dent_is_cut_along_the_dent() -> None:
    dart = np.array([[0.0, 0, 0], [2, 0, 0], [0.3, 0.3, 0], [0, 2, 0]])
    for start in range(4):
        ring = np.roll(np.arange(4), start)
        triangles, owners = triangulate(dart, np.array([0, 4]), ring)
        a, b, c = dart[triangles].transpose(1, 0, 2)
        assert np.cross(b - a, c - a)[:, 2].min() > 0 and owners.tolist() == [0, 0]


def test_lines_and_points_among_the_faces_give_no_triangle() -> None:
    places = np.eye(3)
    triangles, owners = triangulate(places, np.array([0, 2, 5, 6]), np.array([0, 1, 0, 1, 2, 2]))
    assert triangles.tolist() == [[0, 1, 2]] and owners.tolist() == [1]


def test_colours_of_faces_reach_their_corners(tmp_path: Path) -> None:
    header = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    header += "element face 4\nproperty uchar red\nproperty uchar green\nproperty uchar blue\n"
    header += "property list uchar uint vertex_index\nend_header\n"
    faces = ["255 0 0 3 0 2 1", "0 255 0 3 0 1 3", "0 0 255 3 1 2 3", "0 0 0 3 0 3 2"]
    path = tmp_path / "faces.ply"
    path.write_text(header + "0 0 0\n1 0 0\n0 1 0\n0 0 1\n" + "\n".join(faces))
    shape = read_shape(path)
    assert shape.colors is not None and np.allclose(shape.colors[1], [1 / 3, 1 / 3, 1 / 3, 1], atol=1e-6)
    assert signed_volume(shape.vertices, shape.triangles) == pytest.approx(1 / 6)


@pytest.mark.campaign
def test_a_million_faces_of_mixed_length_are_read_in_seconds(tmp_path: Path) -> None:
    pairs = np.empty(250_000, [("a", "u1"), ("three", "<u4", 3), ("b", "u1"), ("four", "<u4", 4)])
    pairs["a"], pairs["three"], pairs["b"], pairs["four"] = 3, [0, 1, 2], 4, [0, 1, 2, 3]
    path = tmp_path / "many.ply"
    header = "ply\nformat binary_little_endian 1.0\nelement vertex 4\nproperty float x\nproperty float y\n"
    header += "property float z\nelement face 500000\nproperty list uchar uint vertex_indices\nend_header\n"
    path.write_bytes(header.encode() + np.zeros(12, "<f4").tobytes() + pairs.tobytes())
    before = time.process_time()
    ply = read_ply(path)
    assert time.process_time() - before < 10
    assert ply.faces.lengths.tolist() == [3, 4] * 250_000


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (b"element face 9", b"element face 13", "ends amid"),
        (b"element face 9", b"element face 99999999999", "ends before its 99,999,999,999 rows"),
        (b"element vertex", b"element corner", "no vertices with x, y and z"),
        (b"property float y", b"property float x", "the property 'x' twice"),
        (b"list uchar", b"list float", "no whole number"),
        (b"property float z", b"property quad z", "its header says 'property quad z'"),
        (b"end_header", b"end_haeder", "no complete header"),
        (b"ply\n", b"pli\n", "no complete header"),
        (b"binary_little_endian", b"binary_middle_endian", "in no known format"),
    ],
)
def test_what_is_damaged_is_said_in_a_sentence(old: bytes, new: bytes, sentence: str, tmp_path: Path) -> None:
    path = prism(tmp_path / "bad.ply", "binary_little_endian")
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(ShapeError, match=sentence) as caught:
        read_shape(path)
    assert "bad.ply is a damaged PLY file" in str(caught.value)


@pytest.mark.parametrize("kind", ["ascii", "binary_little_endian", "binary_big_endian"])
def test_a_file_cut_anywhere_is_refused(kind: str, tmp_path: Path) -> None:
    whole = prism(tmp_path / "whole.ply", kind).read_bytes()
    path = tmp_path / "cut.ply"
    end = whole.index(b"end_header") + 11
    # The last word of a text may lose its last letter and be a number still: this one has a single letter.
    for length in [*range(0, len(whole) - 1, 4), len(whole) - 2]:
        if length > end and kind == "ascii" and whole[length : length + 1].isspace():
            continue
        path.write_bytes(whole[:length])
        with pytest.raises(ShapeError):
            read_shape(path)


def test_a_corner_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    path = prism(tmp_path / "far.ply", "ascii")
    path.write_bytes(path.read_bytes().replace(b"3 5 6 11", b"3 5 6 12"))
    with pytest.raises(ShapeError, match="corners do not exist"):
        read_shape(path)
