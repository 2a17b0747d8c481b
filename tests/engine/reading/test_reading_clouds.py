"""Clouds of points are read from every file that may hold them, and told from the faces beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lipmlp_engine.commands.main import main
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.reading.cloud_files import read_cloud
from lipmlp_engine.reading.loose import of_loose_points
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.shape import Shape
from tests.engine.clouds import on_ball


def pcd(form: str, table: np.ndarray, fields: str, sizes: str, kinds: str, body: bytes) -> bytes:
    header = (
        f"# .PCD v0.7\nVERSION 0.7\nFIELDS {fields}\nSIZE {sizes}\nTYPE {kinds}\nWIDTH {len(table)}\nHEIGHT 1\n"
        f"POINTS {len(table)}\nDATA {form}\n"
    )
    return header.encode() + body


def test_every_file_of_points_gives_the_same_cloud(tmp_path: Path) -> None:
    ball = on_ball(50)
    colors = np.random.default_rng(0).integers(0, 256, (50, 3))
    lines = [" ".join(f"{value:.9g}" for value in row) for row in ball]
    colored = [f"{line} {r} {g} {b}" for line, (r, g, b) in zip(lines, colors, strict=True)]
    scanned = [f"{line} 7 {r} {g} {b}" for line, (r, g, b) in zip(lines, colors, strict=True)]
    oriented_rows = [f"{line} {line}" for line in lines]
    packed = (colors[:, 0] << 16 | colors[:, 1] << 8 | colors[:, 2]).astype("<u4")
    record = np.zeros(50, [("x", "<f4"), ("y", "<f4"), ("z", "<f4"), ("rgb", "<u4")])
    record["x"], record["y"], record["z"], record["rgb"] = *ball.T.astype("f4"), packed
    ascii_rows = "\n".join(f"{line} {value}" for line, value in zip(lines, packed, strict=True)).encode()
    files = {
        "bare.xyz": "\n".join(lines).encode(),
        "commas.txt": ("x,y,z\n" + "\n".join(line.replace(" ", ",") for line in lines)).encode(),
        "colored.xyz": "\n".join(colored).encode(),
        "scanned.pts": ("50\n" + "\n".join(scanned)).encode(),
        "oriented.xyz": "\n".join(oriented_rows).encode(),
        "oriented.pwn": "\n".join(oriented_rows).encode(),
        "oriented-apart.pwn": "\n".join(["50", *lines, *lines]).encode(),
        "unset.xyz": "\n".join(f"{line} 0 0 0" for line in lines).encode(),
        "table.csv": ("x,y,z\n" + "\n".join(line.replace(" ", ",") for line in lines)).encode(),
        "binary.pcd": pcd("binary", ball, "x y z rgb", "4 4 4 4", "F F F U", record.tobytes()),
        "text.pcd": pcd("ascii", ball, "x y z rgb", "4 4 4 4", "F F F U", ascii_rows),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        cloud = read_cloud(tmp_path / name)
        np.testing.assert_allclose(cloud.points, ball, atol=1e-6)
        if "colored" in name or "scanned" in name or ".pcd" in name:
            assert cloud.colors is not None and np.allclose(cloud.colors[:, :3] * 255, colors, atol=0.01), name
        assert (cloud.normals is not None) == name.startswith("oriented")
        assert cloud.normals is None or np.allclose(cloud.normals, ball)
        assert name != "unset.xyz" or cloud.colors is None


@pytest.mark.parametrize("ending", ["las", "laz"])
def test_las_and_laz_give_the_same_cloud(tmp_path: Path, ending: str) -> None:
    laspy = pytest.importorskip("laspy", reason="laspy[lazrs] is not installed, so LAS and LAZ are not tested")
    # As surveyors have them: in a national grid, to the millimetre.
    points = 1000 * on_ball(80) + np.array([432_000.0, 5_812_000.0, 30.0])
    colors = np.random.default_rng(0).integers(0, 65536, (80, 3))
    header = laspy.LasHeader(point_format=3, version="1.2")
    header.offsets, header.scales = np.floor(points.min(axis=0)), np.full(3, 0.001)
    las = laspy.LasData(header)
    las.x, las.y, las.z = points.T
    las.red, las.green, las.blue = colors.T.astype(np.uint16)
    path = tmp_path / f"survey.{ending}"
    las.write(str(path))
    cloud = read_cloud(path)
    np.testing.assert_allclose(cloud.points, points, atol=0.0006)
    assert cloud.colors is not None
    np.testing.assert_allclose(cloud.colors[:, :3] * 65535, colors, atol=0.01)
    assert reconstruct(cloud, "survey", Points(), threads=1).report.parts == 1
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ShapeError, match="survey"):
        read_cloud(path)


def test_ply_and_obj_without_faces_are_clouds(tmp_path: Path) -> None:
    ball = on_ball(60)
    names = "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    rows = "\n".join(" ".join(f"{value:.7f}" for value in (*row, *row)) for row in ball)
    (tmp_path / "a.ply").write_text(f"ply\nformat ascii 1.0\nelement vertex 60\n{names}end_header\n{rows}\n")
    (tmp_path / "b.obj").write_text("\n".join(f"v {x:.7f} {y:.7f} {z:.7f} 1 0 0" for x, y, z in ball) + "\n")
    first, second = read_shape(tmp_path / "a.ply"), read_shape(tmp_path / "b.obj")
    assert first.cloud is not None and first.cloud.normals is not None and first.name == "a"
    assert second.cloud is not None and second.cloud.colors is not None
    np.testing.assert_allclose(first.cloud.points, ball, atol=1e-6)
    np.testing.assert_allclose(second.cloud.points, ball, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("short.xyz", "1 2\n3 4\n", "hold 2 numbers"),
        ("ragged.xyz", "1 2 3\n1 2 3 4\n", "point 2 has 4 numbers"),
        ("empty.xyz", "# nothing\n", "holds no points"),
        ("headless.pcd", "1 2 3\n", "no header"),
        ("cut.pcd", "FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nPOINTS 9\nDATA binary\nabc", "cut short"),
    ],
)
def test_broken_files_are_refused_in_a_sentence(tmp_path: Path, name: str, content: str, sentence: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(ShapeError, match=sentence):
        read_cloud(tmp_path / name)


def test_points_beside_faces_are_told_of_and_can_be_taken(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], box: Shape
) -> None:
    ball = on_ball(600)
    rows = [f"{x:.7f} {y:.7f} {z:.7f}" for x, y, z in (*box.vertices, *ball)]
    faces = [f"3 {a} {b} {c}" for a, b, c in box.triangles]
    head = f"element vertex {len(rows)}\nproperty float x\nproperty float y\nproperty float z\n"
    head += f"element face {len(faces)}\nproperty list uchar int vertex_indices\n"
    path = tmp_path / "both.ply"
    path.write_text("\n".join([f"ply\nformat ascii 1.0\n{head}end_header", *rows, *faces, ""]))
    shape = read_shape(path)
    assert len(shape.triangles) == len(box.triangles)
    assert any("left out 600 points" in note for note in shape.notes)
    out = tmp_path / "mesh.ply"
    assert main(["surface", str(path), "--out", str(out), "--threads", "1"]) == 0
    assert read_shape(out).volume == pytest.approx(4 / 3 * np.pi, rel=0.04)
    assert "600 points that belong to none" in " ".join(json.loads(out.with_suffix(".json").read_text())["notes"])
    np.savez(tmp_path / "nodes.npz", vertices=box.vertices, triangles=box.triangles, beside=ball)
    assert any("left out 600 points" in note for note in read_shape(tmp_path / "nodes.npz").notes)


def test_an_obj_tells_of_vertices_beside_its_faces_and_gives_them_away(tmp_path: Path, box: Shape) -> None:
    ball = on_ball(600) + np.array([5.0, 0, 0])
    rows = [f"v {x:.7f} {y:.7f} {z:.7f} 0 0 1" for x, y, z in (*box.vertices, *ball)]
    faces = [f"f {a + 1} {b + 1} {c + 1}" for a, b, c in box.triangles]
    path = tmp_path / "both.obj"
    path.write_text("\n".join([*rows, *faces, ""]))
    shape = read_shape(path)
    assert any("left out 600 points" in note for note in shape.notes)
    taken = of_loose_points(shape).cloud
    assert taken is not None and taken.colors is not None and len(taken) == 600
    np.testing.assert_allclose(taken.colors, np.tile([0, 0, 1, 1], (600, 1)))
    path.write_text("\n".join([*rows[: len(box.vertices)], *faces, ""]))
    assert read_shape(path).beside is None


def test_points_of_nodes_keep_their_colours(tmp_path: Path, box: Shape) -> None:
    red = np.tile(np.array([1, 0, 0, 1], np.float32), (600, 1))
    path = tmp_path / "nodes.npz"
    np.savez(path, vertices=box.vertices, triangles=box.triangles, beside=on_ball(600), beside_colors=red)
    taken = of_loose_points(read_shape(path)).cloud
    assert taken is not None and taken.colors is not None and np.array_equal(taken.colors, red)
