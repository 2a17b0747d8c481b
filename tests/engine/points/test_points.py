"""Clouds of points become surfaces: tidied, turned outwards, closed, against exact shapes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.commands.main import main
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import FEWEST_POINTS, Sampling, Training
from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.found_surface import Found
from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.orientation import _turned_sheets, oriented
from lipmlp_engine.points.reconstruct import _made, reconstruct
from lipmlp_engine.reading.load import prepare, surface_of
from lipmlp_engine.reading.shape_files import read_shape
from lipmlp_engine.shapes.cloud import Cloud, thinned, tidied
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape, signed_volume
from lipmlp_engine.shapes.surface_samples import sample_surface
from tests.engine.clouds import COUNT, on_ball

TORUS_VOLUME = 2 * np.pi**2 * 0.4**2


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


GAP, THICK = 0.0095, 0.1


@pytest.fixture(scope="module")
def close_plates() -> tuple[np.ndarray, np.ndarray]:
    """Two square plates with less air between them than there is between the points of a plate, and their normals."""
    plates = [trimesh.creation.box((0.5, 0.5, THICK)) for _ in range(2)]
    for plate, way in zip(plates, (-1, 1), strict=True):
        plate.apply_translation((0, 0, way * (THICK + GAP) / 2))
    both = trimesh.util.concatenate(plates)
    points, normals, _ = sample_surface(both.vertices, both.faces, 4600, np.random.default_rng(8))
    return points, normals


def test_sheets_closer_than_their_points_face_each_other(close_plates: tuple) -> None:
    points, normals = close_plates
    lines = lines_of(points, threads=1)
    assert lines.clean and np.median(lines.spacing) > 1.5 * GAP
    found = _made(points, lines, threads=1)
    cosine = np.einsum("ij,ij->i", found, normals)
    between = np.abs(points[:, 2]) < GAP
    assert (cosine[between] < 0).mean() < 0.005 and (cosine < 0.9).mean() < 0.005


def test_sheets_closer_than_their_points_keep_air_between_them(close_plates: tuple) -> None:
    found = found_in(close_plates[0])
    assert found.report.genus == 0
    rng = np.random.default_rng(0)
    between = np.stack([rng.uniform(-0.24, 0.24, 400), rng.uniform(-0.24, 0.24, 400), np.zeros(400)], axis=1)
    assert (DistanceField(found.vertices, found.triangles, threads=1).signed(between) > 0).mean() > 0.98
    assert signed_volume(found.vertices, found.triangles) == pytest.approx(2 * 0.5 * 0.5 * THICK, rel=0.02)


def test_edges_of_a_box_stay_sharp(box: Shape) -> None:
    points, _, _ = sample_surface(box.vertices, box.triangles, 4000, np.random.default_rng(9))
    found = found_in(points)
    assert found.report.parts == 1
    _, _, away = DistanceField(found.vertices, found.triangles, threads=1).closest(
        sample_surface(box.vertices, box.triangles, 4000, np.random.default_rng(10))[0]
    )
    diagonal = np.linalg.norm(np.ptp(box.vertices, axis=0))
    assert away.mean() / diagonal < 0.0006


def test_a_sheet_that_faces_the_wrong_way_is_turned_by_the_summed_number() -> None:
    outer, inner = on_ball(3000), 0.97 * on_ball(2800, 1)
    points = np.concatenate([outer, inner])
    area = np.concatenate([np.full(3000, 4 * np.pi / 3000), np.full(2800, 4 * np.pi * 0.97**2 / 2800)])
    outwards = np.concatenate([outer, -inner / 0.97])
    lines = replace(lines_of(points, threads=1), normals=outwards, spacing=np.sqrt(area))
    parts, wrong = np.repeat([0, 1], [3000, 2800]), np.repeat([1.0, -1.0], [3000, 2800])
    assert np.array_equal(_turned_sheets(wrong, np.ones(5800, np.bool_), parts, points, lines), np.ones(5800))


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
    assert mixed.report.method == "normals" and mixed.report.normals == "made"
    assert any("pointed the other way" in note for note in mixed.notes)
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
