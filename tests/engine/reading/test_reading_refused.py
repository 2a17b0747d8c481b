"""What files of shapes and clouds may hold and seldom do: each is read as it is meant, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.errors import JobError, ShapeError
from lipmlp_engine.reading.cloud_files import read_cloud
from lipmlp_engine.reading.loose import of_loose_points
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.shape import Shape
from tests.engine.clouds import on_ball

PLY = (
    "ply\nformat ascii 1.0\nelement vertex 3\nproperty {kind} x\nproperty float y\nproperty float z\n{more}end_header\n"
)
CORNERS = "0 0 0\n1 0 0\n0 1 0\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (PLY.format(kind="float", more="element vertex 1\nproperty float x\n") + CORNERS, "element 'vertex' twice"),
        (PLY.format(kind="uchar", more="") + "0 0 0\n900 0 0\n0 1 0\n", "does not fit its type"),
        (
            PLY.format(kind="float", more="element face 1\nproperty list uchar float vertex_indices\n")
            + CORNERS
            + "3 0 1 nan\n",
            "corner is no number",
        ),
        (
            PLY.format(kind="float", more="".join(f"property float a{k}\n" for k in range(2000))) + CORNERS,
            "more than .* properties",
        ),
    ],
)
def test_a_strange_ply_is_refused(text: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "strange.ply"
    path.write_text(text)
    with pytest.raises(ShapeError, match=sentence):
        read_shape(path)


def test_a_ply_of_an_old_mac_is_read(tmp_path: Path) -> None:
    """Its lines end with a carriage return, and its first number may begin with the byte of a new line."""
    columns = "".join(f"property float {axis}\r" for axis in "xyz")
    header = f"ply\rformat binary_little_endian 1.0\relement vertex 60\r{columns}end_header\r"
    points = on_ball(60).astype("<f4")
    points[0, 0] = np.frombuffer(b"\n\0\0\x3f", "<f4")[0]
    (tmp_path / "old.ply").write_bytes(header.encode() + points.tobytes())
    assert np.array_equal(read_shape(tmp_path / "old.ply").vertices, points.astype(np.float64))


@pytest.mark.parametrize("name", ["gone.ply", "gone.xyz", "gone.pcd"])
def test_a_file_that_is_gone_is_a_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="There is no file"):
        read_shape(tmp_path / name)


def test_a_pcd_says_what_it_cannot_be(tmp_path: Path) -> None:
    header = "VERSION 0.7\nFIELDS {}\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 1\nWIDTH 1\nHEIGHT 1\nPOINTS 1\nDATA {}\n"
    for fields, form, sentence in (
        ("x y z", "binary_compressed", "ascii and binary can be read"),
        ("a b c", "ascii", "no columns"),
    ):
        (tmp_path / "cloud.pcd").write_text(header.format(fields, form) + "0 0 0\n")
        with pytest.raises(ShapeError, match=sentence):
            read_cloud(tmp_path / "cloud.pcd")


def test_colours_and_normals_are_told_apart_in_either_order(tmp_path: Path) -> None:
    ball = on_ball(80)
    colours = np.random.default_rng(0).integers(0, 256, (80, 3)) / 255
    for name, columns in (("first", (ball, ball, colours)), ("last", (ball, colours, ball))):
        np.savetxt(tmp_path / f"{name}.xyz", np.concatenate(columns, axis=1))
        cloud = read_cloud(tmp_path / f"{name}.xyz")
        assert cloud.normals is not None and cloud.colors is not None
        assert np.allclose(cloud.normals, ball, atol=1e-6) and np.allclose(cloud.colors[:, :3], colours, atol=1e-6)


def test_a_cloud_of_the_add_on_keeps_its_name_and_its_radii(tmp_path: Path) -> None:
    ball = on_ball(60).astype(np.float32)
    nothing = np.zeros((0, 3), np.int32)
    np.savez(
        tmp_path / "a.npz", vertices=ball, triangles=nothing, normals=ball, radii=np.ones(60), name=np.array("Scan")
    )
    shape = read_shape(tmp_path / "a.npz")
    assert shape.name == "Scan" and shape.cloud is not None and shape.cloud.radii is not None


def test_points_of_another_format_are_a_cloud(tmp_path: Path) -> None:
    scene = trimesh.Scene(trimesh.PointCloud(on_ball(60)))
    (tmp_path / "points.glb").write_bytes(scene.export(file_type="glb"))
    assert len(read_shape(tmp_path / "points.glb").vertices) == 60


def test_a_mesh_without_loose_points_needs_no_surface(ball: Shape) -> None:
    with pytest.raises(JobError, match="has faces already"):
        of_loose_points(ball)
