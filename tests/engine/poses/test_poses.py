"""What lies between two poses keeps its lengths, in a mesh on its way, in a model and on the command line."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.poses.characters import quadruped
from benchmarks.poses.measures import edge_lengths, off_straight
from lipmlp_engine.commands import main
from lipmlp_engine.guide import Blend, CarriedMesh, Motion, Pose, VelocityLattice
from lipmlp_engine.guide.carried_mesh import STATIONS
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.pose_pairs import Way, carried_meshes
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Sampling, ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.poses.length_keeping import LEAST_BENT, LengthPath, left_after_turn, lengths_kept
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape, signed_volume, triangle_areas, unit_normals
from lipmlp_engine.tracking.end_fitting import Destination
from lipmlp_engine.tracking.pose_fitting import laid_on
from lipmlp_engine.training.samples import PlacedShape, between_samples

Array = NDArray[np.float64]
NO_LANDMARKS = np.empty((0, 3)), np.empty((0, 3))


def rod(angle: Callable[[Array], Array]) -> tuple[Array, NDArray[np.int64]]:
    """A closed bar along x whose places beyond 0 are turned about z by an angle that depends on how far they are."""
    bar = trimesh.creation.capsule(2.0, 0.15, count=[12, 12])
    bar.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, [0, 1, 0]))
    bar.apply_translation(-bar.bounds.mean(0))
    bar = bar.subdivide_to_size(0.08)
    bar.merge_vertices()
    vertices = np.asarray(bar.vertices)
    turn = angle(vertices[:, 0])
    bent = np.array(vertices)
    step = np.linspace(0, vertices[:, 0].max(), 400)
    turns = angle(step)
    way = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1) * np.gradient(step)[:, None], axis=0)
    beyond = vertices[:, 0] > 0
    middle = np.stack([np.interp(vertices[:, 0], step, way[:, k]) for k in range(2)], 1)
    side = np.stack([-np.sin(turn), np.cos(turn)], 1) * vertices[:, 1:2]
    bent[beyond, :2] = (middle + side)[beyond]
    return bent, np.asarray(bar.faces, np.int64)


def test_a_limb_that_swings_by_more_than_half_a_turn_keeps_its_length() -> None:
    straight, triangles = rod(np.zeros_like)
    coiled, _ = rod(lambda x: np.clip(x, 0, None) * 3.8)
    path = LengthPath(straight, coiled, triangles)
    assert np.abs(path.at(0.0) - straight).max() < 1e-6 and np.abs(path.at(1.0) - coiled).max() < 1e-6
    lengths = [edge_lengths(places, triangles) for places in (straight, path.at(0.5), coiled)]
    error = np.abs(lengths[1] / ((lengths[0] + lengths[2]) / 2) - 1)
    assert error.mean() < 0.01
    assert edge_lengths((straight + coiled) / 2, triangles).mean() < 0.9 * lengths[1].mean()


def test_rigidity_says_how_far_lengths_are_kept() -> None:
    straight, triangles = rod(np.zeros_like)
    coiled, _ = rod(lambda x: np.clip(x, 0, None) * 3.0)
    lengths = []
    for rigidity in (0.0, 0.25, 0.5, 1.0):
        path = LengthPath(straight, coiled, triangles, lengths_kept(rigidity))
        assert np.abs(path.at(1.0) - coiled).max() < 1e-6
        lengths.append(float(edge_lengths(path.at(0.5), triangles).mean()))
    whole = float(edge_lengths(coiled, triangles).mean())
    assert lengths[0] < lengths[1] < lengths[2] == lengths[3]
    assert lengths[3] > 0.99 * whole and lengths[0] < 0.95 * whole


def test_turns_of_a_whole_turn_and_more_are_told_from_none() -> None:
    straight, triangles = rod(np.zeros_like)
    wound, _ = rod(lambda x: np.clip(x, 0, None) * 5.6)
    tip = int(straight[:, 0].argmax())
    halfway = LengthPath(straight, wound, triangles).at(0.5)
    rightly, _ = rod(lambda x: np.clip(x, 0, None) * 2.8)
    for places in (halfway, rightly):
        places -= places[straight[:, 0].argmin()]
    assert np.linalg.norm(halfway[tip] - rightly[tip]) < 0.1


def test_vertices_that_no_face_uses_and_equal_poses_do_no_harm() -> None:
    straight, triangles = rod(np.zeros_like)
    with_stray = np.vstack([straight, [[5.0, 5.0, 5.0]]])
    path = LengthPath(with_stray, with_stray, triangles)
    assert np.abs(path.at(0.5) - with_stray).max() < 1e-6


def test_parts_of_a_mesh_keep_their_places_to_each_other() -> None:
    straight, triangles = rod(np.zeros_like)
    both = np.vstack([straight, straight + np.array([0, 0, 3.0])])
    faces = np.vstack([triangles, triangles + len(straight)])
    way = np.array([0.0, 2.0, 0.0])
    assert np.abs(LengthPath(both, both + way, faces).at(0.25) - both - way / 4).max() < 1e-3


def test_a_chain_of_poses_passes_the_inner_one_with_one_speed() -> None:
    straight, triangles = rod(np.zeros_like)
    places = [straight, rod(lambda x: np.clip(x, 0, None) * 0.8)[0], rod(lambda x: np.clip(x, 0, None) * 0.2)[0]]
    ways = [Way(LengthPath(a, b, triangles), triangles) for a, b in pairwise(places)]
    pose = Pose(2.0, np.eye(3), np.zeros(3))
    _, meshes = carried_meshes(PosePath([pose] * 3), ways, 0.85)
    before, after = meshes
    assert isinstance(before, CarriedMesh) and isinstance(after, CarriedMesh)
    step = 1 / (STATIONS - 1)
    speeds = [
        (mesh.surface(end)[0] - mesh.surface(start)[0]) / (step / 4)
        for mesh, start, end in ((before, 1 - step / 4, 1.0), (after, 0.0, step / 4))
    ]
    jolt = np.linalg.norm(speeds[1] - speeds[0], axis=1).mean()
    assert jolt < 0.25 * np.linalg.norm(places[1] - places[0], axis=1).mean() / 2


def test_a_model_keeps_its_carried_meshes(tmp_path: Path) -> None:
    straight, triangles = rod(np.zeros_like)
    way = Way(LengthPath(straight, rod(lambda x: np.clip(x, 0, None) * 0.8)[0], triangles), triangles)
    pose = Pose(2.0, np.eye(3), np.zeros(3))
    path, meshes = carried_meshes(PosePath([pose] * 3), [way, None], 0.85)
    mesh = meshes[0]
    assert mesh is not None and meshes[1] is None
    flow = VelocityLattice(torch.zeros(4, 4, 4, 3))
    job = Job(shapes=[ShapeInput(f"{name}.ply") for name in "abc"])
    morph = Morph(
        job, [(torch.zeros(2, 4), torch.zeros(2)), (torch.zeros(1, 2), torch.zeros(1))], Motion(path, [mesh, flow])
    )
    morph.save(tmp_path / "model.safetensors")
    kept = Morph.load(tmp_path / "model.safetensors").motion
    assert isinstance(kept.flows[0], CarriedMesh) and isinstance(kept.flows[1], VelocityLattice)
    points = torch.from_numpy(mesh.surface(0.0)[0].astype(np.float32))
    assert torch.equal(kept.carry(points, 0.0, 1.0, 0), morph.motion.carry(points, 0.0, 1.0, 0))
    assert torch.allclose(kept.carry(points, 0.0, 1.0, 0), mesh.stations[-1], atol=1e-5)
    assert float(kept.velocity(points, 0.5, 0).norm(dim=1).max()) > 0.1


def test_samples_between_poses_lie_about_the_mesh_on_its_way() -> None:
    straight, triangles = rod(np.zeros_like)
    bent = rod(lambda x: np.clip(x, 0, None) * 0.8)[0]
    pose = Pose(2.0, np.eye(3), np.zeros(3))
    path, (mesh,) = carried_meshes(PosePath([pose] * 2), [Way(LengthPath(straight, bent, triangles), triangles)], 0.85)
    assert mesh is not None
    shapes = [Shape(name, places, triangles.astype(np.int32)) for name, places in (("a", straight), ("b", bent))]
    placed = [
        PlacedShape(shape, DistanceField(shape.vertices, shape.triangles), where)
        for shape, where in zip(shapes, path.poses, strict=True)
    ]
    found = between_samples(placed, [Blend()], Motion(path, [mesh]), Sampling(points=2_000), np.random.default_rng(0))
    times = found.points[:, 3]
    assert 0 < float(times.min()) < 0.1 and 0.9 < float(times.max()) < 1
    assert float(found.values.abs().median()) < 0.03
    vertices, surface = mesh.surface(0.5)
    assert (
        abs(float(signed_volume(vertices, triangles) / signed_volume(mesh.stations[0].numpy(), triangles)) - 1) < 0.03
    )
    near = (times - 0.5).abs() < 0.03
    true = surface.signed(found.points[near, :3].numpy())
    assert np.abs(true - found.values[near, 0].numpy()).mean() < 0.04


def test_lengths_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    straight, triangles = rod(np.zeros_like)
    bent = rod(lambda x: np.clip(x, 0, None) * 1.5)[0]
    poses, positions = tmp_path / "poses.npz", tmp_path / "positions.npz"
    np.savez(poses, first=straight, last=bent, triangles=triangles, shares=[0.0, 0.5, 1.0])
    assert main.main(["lengths", str(poses), str(positions)]) == 0
    with np.load(positions) as stored:
        found = stored["positions"]
    assert np.allclose(found[0], straight, atol=1e-5) and np.allclose(found[2], bent, atol=1e-5)
    assert off_straight(0.5, found[1], straight, bent, triangles).mean() < 0.01
    np.savez(poses, first=straight, last=bent[:-1], triangles=triangles, shares=[0.5])
    assert main.main(["lengths", str(poses), str(positions)]) == 3
    assert "same vertices" in capsys.readouterr().err


def test_a_mesh_is_laid_onto_a_pose_without_folds() -> None:
    straight, triangles = rod(np.zeros_like)
    bent, _ = rod(lambda x: np.clip(x, 0, None) * 2.2)
    destination = Destination(bent, triangles.astype(np.int32), 100, 1)
    came = bent + np.random.default_rng(0).normal(0, 0.025, bent.shape)

    def folds(places: Array) -> int:
        normals = unit_normals(places, triangles)
        return int(((normals * destination.nearest(places[triangles].mean(1))[1]).sum(1) < 0).sum())

    laid = laid_on(destination, straight, triangles, came)
    assert folds(destination.nearest(came)[0]) > 10 and folds(laid) == 0
    assert np.linalg.norm(destination.nearest(laid)[0] - laid, axis=1).mean() < 0.004


def test_what_grows_as_a_whole_grows_by_equal_factors_in_equal_times() -> None:
    ball = trimesh.creation.icosphere(subdivisions=2)
    path = LengthPath(ball.vertices, np.add(4 * ball.vertices, [1, 0, 0]), ball.faces)
    for share, radius in ((0.25, np.sqrt(2)), (0.5, 2.0)):
        places = path.at(share)
        assert np.allclose(np.linalg.norm(places - places.mean(0), axis=1), radius, rtol=0.01)
    assert np.abs(path.at(1.0) - 4 * ball.vertices - [1, 0, 0]).max() < 1e-9


def test_what_moves_as_a_whole_turns_about_its_middle() -> None:
    """And not about what moves least of it, which holds a character that stands."""
    bar = trimesh.creation.box((4, 1, 1)).subdivide().subdivide()
    aside = np.add(bar.vertices, [2, 0, 0])
    turned = Rotation.from_rotvec([0, 0, np.pi / 2]).apply(aside)
    halfway = np.add(Rotation.from_rotvec([0, 0, np.pi / 4]).apply(bar.vertices), [1, 1, 0])
    assert np.abs(LengthPath(aside, turned, bar.faces).at(0.5) - halfway).max() < 1e-6


def test_a_limb_that_swings_alone_is_no_move_of_the_whole() -> None:
    """Its vertices are few, so that in the mean nothing has moved."""
    character = quadruped()
    skin = character.skin(40)
    standing, area = skin.vertices, triangle_areas(skin.vertices, skin.triangles).sum()
    lifted = character.posed(skin, {"left front shin": (-70, 0, 0)})
    turned = Rotation.from_rotvec([0.3, 1.0, -0.5]).apply(np.multiply(standing, [1, 1, 1.1]))
    ways = [left_after_turn(standing, places, 1.0) / np.sqrt(area) for places in (lifted, turned)]
    assert ways[0] > LEAST_BENT > ways[1]
    halfway = LengthPath(standing, lifted, skin.triangles).at(0.5)
    still = np.linalg.norm(lifted - standing, axis=1) < 1e-3
    assert still.mean() > 0.5
    assert np.linalg.norm(halfway - standing, axis=1)[still].mean() < 0.002
