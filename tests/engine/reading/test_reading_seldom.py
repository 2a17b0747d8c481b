"""Files that cannot be opened, texts in old codes, and clouds with unusual columns."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.reading.cloud_files import read_cloud
from lipmlp_engine.reading.ply import read_ply
from lipmlp_engine.reading.scene_file import plain_obj, text_of
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.reading.vertex_matches import LANDMARKS, given_landmarks
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.shapes.up_axis import _is_blenders


def test_files_that_cannot_be_opened_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def protected(path: Path, *_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", protected)
    (tmp_path / "a.ply").touch()
    with pytest.raises(ShapeError, match="a.ply cannot be read: Permission denied"):
        read_shape(tmp_path / "a.ply")
    (tmp_path / "a.xyz").mkdir()
    with pytest.raises(ShapeError, match="a.xyz cannot be read"):
        read_cloud(tmp_path / "a.xyz")
    assert not _is_blenders(tmp_path / "nothing.ply")


def test_text_in_a_code_that_has_no_such_letter_is_read_all_the_same() -> None:
    assert text_of("# å\nv 1 2 3\n".encode()) == "# å\nv 1 2 3\n"
    assert text_of(b"# \x81\x8d\nv 1 2 3\n").endswith("v 1 2 3\n")


def test_an_obj_with_broken_numbers_is_left_to_whoever_says_what_is_wrong() -> None:
    text = "v 0 0 0\nv 1 0 x\nv 0 1 0\nf 1 2 3\n"
    assert plain_obj(text) == text


def test_colours_may_stand_in_three_columns_of_bytes_or_of_shares(tmp_path: Path) -> None:
    def pcd(kind: str, values: str) -> Path:
        path = tmp_path / f"{kind}.pcd"
        head = "VERSION .7\nFIELDS x y z red green blue\nSIZE 4 4 4 {0} {0} {0}\nTYPE F F F {1} {1} {1}\n"
        tail = "COUNT 1 1 1 1 1 1\nWIDTH 2\nHEIGHT 1\nPOINTS 2\nDATA ascii\n"
        size, letter = ("1", "U") if kind == "bytes" else ("4", "F")
        path.write_text(head.format(size, letter) + tail + values)
        return path

    whole = read_cloud(pcd("bytes", "0 0 0 255 0 51\n1 0 0 0 255 0\n"))
    shares = read_cloud(pcd("shares", "0 0 0 1 0 0.2\n1 0 0 0 1 0\n"))
    assert whole.colors is not None and shares.colors is not None
    assert np.allclose(whole.colors, shares.colors, atol=1e-6) and np.allclose(whole.colors[0, 3], 1)
    partly = pcd("bytes", "0 0 0 255 0 51\n1 0 0 0 255 0\n").read_text().replace("blue", "extra")
    (tmp_path / "partly.pcd").write_text(partly)
    assert read_cloud(tmp_path / "partly.pcd").colors is None


def test_las_without_colours_is_a_cloud_and_without_laspy_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laspy = pytest.importorskip("laspy")
    las = laspy.create(point_format=0, file_version="1.2")
    las.header.scales = [0.001] * 3
    las.x, las.y, las.z = np.random.default_rng(0).uniform(0, 1, (3, 20))
    las.write(str(tmp_path / "scan.las"))
    cloud = read_cloud(tmp_path / "scan.las")
    assert len(cloud) == 20 and cloud.colors is None
    monkeypatch.setitem(sys.modules, "laspy", None)
    with pytest.raises(ShapeError, match="needs the package laspy"):
        read_cloud(tmp_path / "scan.las")


def test_points_that_are_no_numbers_in_a_scene_are_refused(tmp_path: Path) -> None:
    (tmp_path / "points.obj").write_text("v 0 0 0\nv 1 0 0\nv nonsense 0 0\n")
    with pytest.raises(ShapeError, match="(holds points that are no numbers|cannot be read)"):
        read_shape(tmp_path / "points.obj")


def test_a_ply_without_vertices_or_properties_is_empty_and_not_wrong(tmp_path: Path) -> None:
    head = (
        "ply\nformat {} 1.0\nelement vertex 0\nproperty float x\nproperty float y\nproperty float z\nelement face 0\n"
    )
    tail = "property list uchar int vertex_indices\nelement bare 3\nend_header\n"
    for form in ("ascii", "binary_little_endian"):
        path = tmp_path / f"{form}.ply"
        path.write_text((head + tail).format(form), newline="\n")
        found = read_ply(path)
        assert len(found.vertices) == 0 and len(found.faces.values) == 0 and found.others == {"bare": {}}


def test_shapes_cut_into_other_triangles_keep_those_that_their_layers_are_of(tmp_path: Path, box: Shape) -> None:
    turned = np.ascontiguousarray(box.triangles[:, [1, 2, 0]])
    arrays = {"vertices": box.vertices.astype(np.float32), "triangles": box.triangles, "look_triangles": turned}
    np.savez(tmp_path / "box.npz", **arrays)
    look = read_shape(tmp_path / "box.npz").look
    assert look is not None and np.array_equal(look.triangles, turned)
    np.savez(tmp_path / "box.npz", **{**arrays, "look_triangles": turned + 8})
    with pytest.raises(ShapeError, match="is not a shape of Lipschitz Morph"):
        read_shape(tmp_path / "box.npz")


def test_vertices_that_correspond_give_landmarks_only_where_they_are_to(tmp_path: Path, ball: Shape) -> None:
    for name, size in (("a", 1.0), ("b", 2.0)):
        np.savez(tmp_path / f"{name}.npz", vertices=size * ball.vertices, triangles=ball.triangles)
    job = Job(shapes=[ShapeInput("a.npz", "A"), ShapeInput("b.npz", "B")])
    assert given_landmarks(job, tmp_path) == []
    job.guide.correspondence = "vertices"
    rows = given_landmarks(job, tmp_path)
    assert len(rows) == LANDMARKS
    first, second = (np.array([row[index] for row in rows]) for index in (0, 1))
    assert np.allclose(second, 2 * first, atol=1e-5)
