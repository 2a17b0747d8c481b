"""Poses of one shape that are meshed apart are matched and carry points along; other shapes are refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.poses.characters import ARMS_UP, WAVE, biped, octopus
from benchmarks.poses.measures import remeshed
from lipmlp_engine.commands import main
from lipmlp_engine.guide import CarriedBlend, Pose, pose_pairs
from lipmlp_engine.guide.carried_mesh import STATIONS
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.placed_surface import PlacedSurface
from lipmlp_engine.guide.pose_pairs import carried_meshes, find_ways
from lipmlp_engine.job.sections import Guide
from lipmlp_engine.poses.pairing import Pairing
from lipmlp_engine.poses.recognition import Verdict, pair
from lipmlp_engine.poses.stand_in_mesh import stand_in
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.self_intersections import crossing_pairs
from lipmlp_engine.shapes.shape import Shape

Array = NDArray[np.float64]
NO_LANDMARKS = np.empty((0, 3)), np.empty((0, 3))


@pytest.fixture(scope="module")
def standing_and_raised() -> tuple[Shape, Shape]:
    """A character, and the same with its arms raised by more than a right angle, meshed for itself."""
    character = biped()
    skin = character.skin(60)
    raised, triangles = remeshed(character.posed(skin, ARMS_UP), skin.triangles, 66, seed=1)
    return Shape("standing", skin.vertices, skin.triangles.astype(np.int32)), Shape("raised", raised, triangles)


@pytest.fixture(scope="module")
def pairing(standing_and_raised: tuple[Shape, Shape]) -> Pairing:
    found = pair(*standing_and_raised)
    assert isinstance(found, Pairing)
    return found


def test_a_pose_is_matched_with_left_and_right_told_apart(pairing: Pairing) -> None:
    assert pairing.doubt < 1
    sides = pairing.first.vertices[:, 0] * pairing.fit.places[:, 0]
    away = np.abs(pairing.first.vertices[:, 0]) > 0.1
    assert (sides[away] > 0).all()
    hands = pairing.first.vertices[:, 2] < 0.9
    hands &= np.abs(pairing.first.vertices[:, 0]) > 0.45
    assert hands.any() and pairing.fit.places[hands, 2].min() > 1.6


def test_round_limbs_are_laid_on_without_a_twist() -> None:
    """Waves turn the ends of some arms about themselves; laid on like that they are wrung where the turn begins."""
    character = octopus()
    skin = character.skin(60)
    waving, triangles = remeshed(character.posed(skin, WAVE), skin.triangles, 66, seed=3)
    found = pair(Shape("still", skin.vertices, skin.triangles.astype(np.int32)), Shape("waving", waving, triangles))
    assert isinstance(found, Pairing)
    assert crossing_pairs(found.fit.places, found.first.triangles) == 0


def test_a_match_is_alike_in_every_unit(standing_and_raised: tuple[Shape, Shape], pairing: Pairing) -> None:
    first, second = standing_and_raised
    grown = dataclasses.replace(second, vertices=1000 * second.vertices)
    again = pair(first, grown)
    assert isinstance(again, Pairing)
    assert np.abs(again.fit.places / 1000 - pairing.fit.places).mean() < 0.02


@pytest.mark.parametrize("kind", ["ball and box", "ball and ring", "two parts", "moved copy"])
def test_what_is_no_pose_is_refused_in_a_sentence(kind: str, standing_and_raised: tuple[Shape, Shape]) -> None:
    ball, box = trimesh.creation.icosphere(2), trimesh.creation.box((1, 2, 3))
    if kind == "ball and box":
        shapes = [Shape(kind, mesh.vertices, mesh.faces.astype(np.int32)) for mesh in (ball, box)]
    elif kind == "ball and ring":
        ring = trimesh.creation.torus(1, 0.4)
        shapes = [Shape(kind, mesh.vertices, mesh.faces.astype(np.int32)) for mesh in (ball, ring)]
    elif kind == "two parts":
        apart = trimesh.util.concatenate([ball, ball.copy().apply_translation([3, 0, 0])])
        shapes = [Shape(kind, apart.vertices, apart.faces.astype(np.int32))] * 2
    else:
        first = standing_and_raised[0]
        turn = Rotation.from_rotvec([0.3, 0.5, 0.2]).as_matrix()
        shapes = [first, dataclasses.replace(first, vertices=first.vertices @ turn.T + 1)]
    said = pair(*shapes)
    assert isinstance(said, str) and "'" in said


def test_a_vertex_that_no_face_uses_does_not_count(standing_and_raised: tuple[Shape, Shape]) -> None:
    shape = standing_and_raised[0]
    with_stray = dataclasses.replace(shape, vertices=np.vstack([shape.vertices, [[9.0, 9.0, 9.0]]]))
    surfaces = [stand_in(each, 500) for each in (shape, with_stray)]
    assert surfaces[0] is not None and surfaces[1] is not None
    assert np.array_equal(surfaces[0].vertices, surfaces[1].vertices)


def test_points_go_along_with_the_carried_mesh_and_come_back(
    standing_and_raised: tuple[Shape, Shape], pairing: Pairing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pose_pairs, "pair", lambda *_: pairing)
    ways, verdicts = find_ways(standing_and_raised, [NO_LANDMARKS], Guide())
    assert "poses" in verdicts[0]
    pose = Pose(1.0, np.eye(3), np.array([0, 0, 0.9]))
    path, (mesh,) = carried_meshes(PosePath([pose, pose]), ways, 0.85)
    assert mesh is not None and mesh.stations.shape[0] == STATIONS
    assert float(mesh.stations.abs().max()) <= 0.85 + 1e-6
    rng = np.random.default_rng(0)
    near = (mesh.surface(0.3)[0] + rng.normal(0, 0.002, mesh.stations.shape[1:])).astype(np.float32)
    there = mesh.carry(torch.from_numpy(near), 0.3, 0.8)
    back = mesh.carry(there, 0.8, 0.3).numpy()
    assert np.quantile(np.linalg.norm(back - near, axis=1), 0.98) < 1e-3
    each = mesh.carry(torch.from_numpy(near), torch.full((len(near),), 0.25), torch.full((len(near),), 0.75)).numpy()
    assert np.abs(each - mesh.moved(near, 0.25, 0.75)).max() < 1e-5
    surfaces = [
        PlacedSurface(shape, DistanceField(shape.vertices, shape.triangles), placed)
        for shape, placed in zip(standing_and_raised, path.poses, strict=True)
    ]
    for share in (0.0, 0.5, 1.0):
        values, gradient, trust = CarriedBlend(mesh, surfaces, share).values_and_gradient(near)
        alone, _ = CarriedBlend(mesh, surfaces, share).values(near)
        assert (trust == 1).all()
        assert np.allclose(values, alone) and np.isfinite(gradient).all()
    on_surface = mesh.surface(0.5)[0].astype(np.float32)
    assert np.abs(CarriedBlend(mesh, surfaces, 0.5).values(on_surface)[0]).mean() < 0.004


def test_a_match_is_written_as_colours_that_agree(
    standing_and_raised: tuple[Shape, Shape],
    pairing: Pairing,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("lipmlp_engine.poses.recognition.judged", lambda *_, **__: Verdict(pairing, ""))
    paths = [str(tmp_path / f"{shape.name}.ply") for shape in standing_and_raised]
    for shape, path in zip(standing_and_raised, paths, strict=True):
        trimesh.Trimesh(shape.vertices, shape.triangles, process=False).export(path)
    assert main.main(["match", *paths, "--out", str(tmp_path / "shown")]) == 0
    assert "confidence" in capsys.readouterr().out
    (answer,) = json.loads((tmp_path / "shown" / "match.json").read_text())
    assert answer["matched"] and answer["confidence"] > 0.5
    meshes = [trimesh.load(path, process=False) for path in sorted((tmp_path / "shown").glob("*.ply"))]
    hands = meshes[0].vertices[:, 2] < 0.95, meshes[1].vertices[:, 2] > 1.95
    hands = hands[0] & (np.abs(meshes[0].vertices[:, 0]) > 0.45), hands[1]
    left_hands, right_hands = (
        [hand & (side * mesh.vertices[:, 0] > 0) for hand, mesh in zip(hands, meshes, strict=True)] for side in (-1, 1)
    )
    hues = [
        [mesh.visual.vertex_colors[part][:, :3].mean(0) for part in (left, right)]
        for mesh, left, right in zip(meshes, left_hands, right_hands, strict=True)
    ]
    apart = [[float(np.abs(here - there).max()) for there in hues[1]] for here in hues[0]]
    assert max(apart[0][0], apart[1][1]) < 0.5 * min(apart[0][1], apart[1][0])


def test_a_match_of_several_parts_is_grey_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apart = trimesh.creation.box((1, 1, 1)), trimesh.creation.box((1, 1, 1)).apply_translation([3, 0, 0])
    trimesh.util.concatenate(apart).export(tmp_path / "two.ply")
    trimesh.util.concatenate(apart).subdivide().export(tmp_path / "finer.ply")
    arguments = [
        "match",
        str(tmp_path / "two.ply"),
        str(tmp_path / "finer.ply"),
        "--arrays",
        "--out",
        str(tmp_path / "shown"),
    ]
    assert main.main(arguments) == 0
    assert "several parts" in capsys.readouterr().out
    with np.load(tmp_path / "shown" / "1.npz") as stored:
        assert np.ptp(stored["colors"][:, :3]) == 0 and len(stored["colors"]) == len(stored["vertices"])
    assert main.main(["match", str(tmp_path / "two.ply"), "--out", str(tmp_path / "shown")]) == 2
    assert main.main([*arguments[:-1], str(tmp_path)]) == 4
    assert "not empty" in capsys.readouterr().err
