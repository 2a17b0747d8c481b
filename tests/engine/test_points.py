"""Clouds of points become surfaces: read from files, tidied, turned outwards, closed, against exact shapes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.commands.main import main
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import FEWEST_POINTS, Sampling, Training
from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.cloud import Cloud, thinned, tidied
from lipmlp_engine.points.cloud_files import read_cloud
from lipmlp_engine.points.found_surface import Found
from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.orientation import oriented
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.load import prepare, surface_of
from lipmlp_engine.shapes.shape import Shape, signed_volume
from lipmlp_engine.shapes.shape_files import read_shape
from lipmlp_engine.shapes.surface_samples import sample_surface

COUNT = 2000
TORUS_VOLUME = 2 * np.pi**2 * 0.4**2


def on_ball(count: int = COUNT, seed: int = 0) -> np.ndarray:
    points = np.random.default_rng(seed).standard_normal((count, 3))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def found_in(points: np.ndarray, normals: np.ndarray | None = None, **settings: object) -> Found:
    return reconstruct(Cloud(points, normals), "scan", Points(**settings), threads=1)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def ring(torus: Shape) -> tuple[np.ndarray, np.ndarray]:
    points, normals, _ = sample_surface(torus.vertices, torus.triangles, COUNT, np.random.default_rng(0))
    return points, normals


def distance_to_torus(places: np.ndarray) -> np.ndarray:
    return np.abs(np.hypot(np.hypot(places[:, 0], places[:, 1]) - 1.0, places[:, 2]) - 0.4)


def test_normals_are_turned_outwards_everywhere(ring: tuple) -> None:
    points, normals = ring
    lines = lines_of(points, threads=1)
    cosine = np.einsum("ij,ij->i", oriented(points, lines, threads=1), normals)
    assert (cosine > 0.8).mean() > 0.999
    assert lines.noise < 0.002


@pytest.fixture(scope="module")
def found_ring(ring: tuple) -> Found:
    return found_in(ring[0])


def test_a_clean_cloud_gives_the_torus(found_ring: Found) -> None:
    found = found_ring
    assert found.report.closed and found.report.parts == 1 and found.report.genus == 1
    assert distance_to_torus(found.vertices).mean() < 0.004
    assert signed_volume(found.vertices, found.triangles) == pytest.approx(TORUS_VOLUME, rel=0.02)
    assert found.report.normals == "made" and found.report.unseen < 1


def test_noise_is_averaged_out(ring: tuple) -> None:
    noisy = ring[0] + np.random.default_rng(1).standard_normal(ring[0].shape) * 0.02
    found = found_in(noisy)
    assert found.report.genus == 1
    # Noise is .016 in the mean along the normal.
    assert distance_to_torus(found.vertices).mean() < 0.011


def test_a_thin_blade_in_noise_has_no_holes() -> None:
    rng = np.random.default_rng(7)
    blade = rng.standard_normal((3000, 3))
    blade /= np.linalg.norm(blade, axis=1, keepdims=True)
    noisy = blade * (1, 0.6, 0.09) + rng.standard_normal((3000, 3)) * 0.02
    report = found_in(noisy).report
    assert report.parts == 1 and report.genus == 0


def test_sheets_closer_than_their_points_face_each_other() -> None:
    gap, thick = 0.0095, 0.1
    plates = [trimesh.creation.box((1, 0.5, thick)) for _ in range(2)]
    for plate, way in zip(plates, (-1, 1), strict=True):
        plate.apply_translation((0, 0, way * (thick + gap) / 2))
    both = trimesh.util.concatenate(plates)
    points, normals, _ = sample_surface(both.vertices, both.faces, 8000, np.random.default_rng(8))
    lines = lines_of(points, threads=1)
    assert lines.clean and np.median(lines.spacing) > 1.5 * gap
    cosine = np.einsum("ij,ij->i", oriented(points, lines, threads=1), normals)
    between = np.abs(points[:, 2]) < gap
    assert (cosine[between] < 0).mean() < 0.03 and (cosine < 0).mean() < 0.012


def test_same_points_same_surface(ring: tuple, found_ring: Found) -> None:
    again = found_in(ring[0])
    assert np.array_equal(again.vertices, found_ring.vertices)
    assert np.array_equal(again.triangles, found_ring.triangles)


def test_units_and_places_do_not_matter() -> None:
    ball = on_ball()
    there = np.array([5e5, -3e5, 1e4])
    far = found_in(ball * 1000 + there)
    assert far.report.parts == 1 and far.report.genus == 0
    radii = np.linalg.norm(far.vertices - there, axis=1) / 1000
    assert np.abs(radii - 1).mean() < 0.004


def test_two_balls_stay_two_and_a_hollow_stays_hollow() -> None:
    two = np.concatenate([on_ball() - np.array([1.05, 0, 0]), on_ball(seed=1) + np.array([1.05, 0, 0])])
    assert found_in(two).report.parts == 2
    hollow = found_in(np.concatenate([on_ball(4000), 0.5 * on_ball(1500, 1)]))
    assert hollow.report.parts == 2
    volume = signed_volume(hollow.vertices, hollow.triangles)
    assert volume == pytest.approx(4 / 3 * np.pi * (1 - 0.125), rel=0.03)


def test_strays_duplicates_and_broken_points_are_left_out() -> None:
    ball = on_ball()
    strays = np.random.default_rng(2).uniform(-2, 2, (60, 3))
    broken = np.array([[np.nan, 0, 0], [0, np.inf, 0]])
    found = found_in(np.concatenate([ball, ball[:100], strays, broken]))
    told = " ".join(found.notes)
    assert "2 points whose coordinates" in told and "100 points that were there twice" in told and "stray" in told
    assert found.report.parts == 1
    assert np.abs(np.linalg.norm(found.vertices, axis=1) - 1).mean() < 0.01


def test_a_large_cloud_is_thinned_evenly() -> None:
    cloud = Cloud(on_ball(20_000), radii=np.arange(20_000.0))
    fewer = thinned(cloud, 5_000)
    assert 4_000 < len(fewer) <= 5_000 and fewer.radii is not None
    assert np.array_equal(fewer.points, cloud.points[fewer.radii.astype(int)])
    assert "one in each cell" in fewer.notes[0]
    assert thinned(fewer, 5_000) is fewer


def test_a_plane_is_a_sheet_and_gets_a_thickness() -> None:
    rng = np.random.default_rng(3)
    sheet = np.stack([rng.uniform(-1, 1, COUNT), rng.uniform(-0.5, 0.5, COUNT), np.zeros(COUNT)], axis=1)
    cloud = Shape("façade", sheet, np.zeros((0, 3), np.int32), cloud=Cloud(sheet))
    surface = surface_of(cloud, Points(), Training(threads=1))
    heights = np.abs(surface.vertices[:, 2])
    assert np.median(heights) < 1e-6 and heights.max() < 0.03
    solid = prepare(surface, Sampling(shell=1.0))
    assert solid.closed and any("thickness" in note for note in solid.notes)
    assert solid.volume == pytest.approx(2 * 0.01 * surface.diagonal, rel=0.15)


def test_what_was_not_scanned_is_closed_and_said() -> None:
    ball = on_ball(6000)
    found = found_in(ball[ball[:, 2] < 0.7])
    assert found.report.closed and found.report.genus == 0 and found.report.unseen > 3
    assert any("no points are" in note for note in found.notes)


def test_given_normals_are_taken_turned_or_made_anew(ring: tuple) -> None:
    points, normals = ring
    assert found_in(points, normals).report.normals == "given"
    inwards = found_in(points, -3 * normals)
    assert any("all pointed inwards" in note for note in inwards.notes)
    assert signed_volume(inwards.vertices, inwards.triangles) > 0
    both = np.where(np.arange(len(points))[:, None] % 2, normals, -normals)
    mixed = found_in(points, both)
    assert mixed.report.normals == "made" and any("pointed the other way" in note for note in mixed.notes)
    assert signed_volume(mixed.vertices, mixed.triangles) == pytest.approx(TORUS_VOLUME, rel=0.02)


def test_what_has_no_surface_is_refused_in_a_sentence() -> None:
    with pytest.raises(ShapeError, match=f"10 usable points; a surface needs {FEWEST_POINTS}"):
        found_in(on_ball(10))
    with pytest.raises(ShapeError, match="lie on a line"):
        found_in(np.outer(np.linspace(0, 1, 200), (1.0, 2.0, 3.0)))
    with pytest.raises(ShapeError, match="has no normals"):
        found_in(on_ball(200), method="given")


def test_colours_follow_the_points() -> None:
    ball = on_ball()
    colors = np.ones((len(ball), 4), np.float32)
    colors[:, 0] = ball[:, 2] > 0
    found = reconstruct(Cloud(ball, colors=colors), "scan", Points(), threads=1)
    assert found.colors is not None
    assert found.colors[found.vertices[:, 2] > 0.2, 0].min() > 0.99
    assert found.colors[found.vertices[:, 2] < -0.2, 0].max() < 0.01


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
        "binary.pcd": pcd("binary", ball, "x y z rgb", "4 4 4 4", "F F F U", record.tobytes()),
        "text.pcd": pcd("ascii", ball, "x y z rgb", "4 4 4 4", "F F F U", ascii_rows),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        cloud = read_cloud(tmp_path / name)
        np.testing.assert_allclose(cloud.points, ball, atol=1e-6)
        if "colored" in name or "scanned" in name or ".pcd" in name:
            assert cloud.colors is not None and np.allclose(cloud.colors[:, :3] * 255, colors, atol=0.01), name
        assert (cloud.normals is not None) == (name == "oriented.xyz")


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


def test_tidying_keeps_an_uneven_cloud_whole() -> None:
    ball = on_ball(6000)
    uneven = ball[(ball[:, 0] > 0) | (np.arange(6000) % 6 == 0)]
    assert len(tidied(Cloud(uneven), 100_000, True)) > 0.99 * len(uneven)


def test_the_command_writes_a_mesh_and_a_report(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    np.savetxt(tmp_path / "scan.xyz", on_ball(800))
    out = tmp_path / "mesh.ply"
    assert main(["surface", str(tmp_path / "scan.xyz"), "--out", str(out), "--threads", "1"]) == 0
    solid = read_shape(out)
    assert solid.volume == pytest.approx(4 / 3 * np.pi, rel=0.03)
    report = json.loads(out.with_suffix(".json").read_text())
    assert report["points"] == 800 and report["closed"] and report["genus"] == 0
    assert "0 handles" in capfd.readouterr().out
    assert main(["surface", str(out), "--out", str(tmp_path / "again.ply")]) == 2
    assert "has faces already" in capfd.readouterr().err


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
