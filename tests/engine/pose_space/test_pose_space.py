"""A space of poses: losses with known answers, a bar that turns instead of shrinking, files and bad input."""

from __future__ import annotations

import json
import math
import random
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from lipmlp_engine.commands.main import main
from lipmlp_engine.job.errors import Cancelled, EngineError, JobError, OutputError, ShapeError
from lipmlp_engine.pose_space import losses
from lipmlp_engine.pose_space.deformed_mesh import basis_of
from lipmlp_engine.pose_space.grid import nodes_for
from lipmlp_engine.pose_space.learned_space import PoseSpace
from lipmlp_engine.pose_space.metric import Metric, what_is_measured
from lipmlp_engine.pose_space.pose_set import PoseSet, checked, read_poses
from lipmlp_engine.pose_space.section import Learning
from lipmlp_engine.pose_space.space_file import load_space, save_space
from lipmlp_engine.pose_space.space_training import learn
from tests.engine.bent_bars import bent_bar, straight_bar
from tests.hearsay import damaged, twisted

Array = NDArray[np.float64]
STEPS = 100


def bars(*degrees: float) -> PoseSet:
    poses = np.stack([bent_bar(angle) for angle in degrees])
    return checked(PoseSet(poses, straight_bar()[1], [f"{angle:g}" for angle in degrees]))


def shortened(between: Array, whole: Array) -> float:
    """By what part the bar's middle line is shorter than another's."""
    lengths = [
        np.linalg.norm(np.diff(p[:200].reshape(25, 8, 3).mean(1), axis=0), axis=1).sum() for p in (between, whole)
    ]
    return float(1 - lengths[0] / lengths[1])


@pytest.fixture(scope="module")
def space() -> PoseSpace:
    return learn(bars(-150, 0, 150), Learning(pose=1, steps=STEPS))


def test_losses_are_zero_for_distances_that_go_straight_and_known_where_they_do_not() -> None:
    first, second, share = torch.tensor([[2.0, 4.0]]), torch.tensor([[4.0, 4.0]]), torch.tensor([[0.25]])
    wanted = torch.tensor([[3.5, 4.0]])
    assert float(losses.interpolation(wanted, first, second, share)) == 0
    assert float(losses.local_interpolation(wanted, first, second, share)) == 0
    assert float(losses.interpolation(wanted + 0.2, first, second, share)) == pytest.approx(0.04)
    assert float(losses.local_interpolation(1.1 * wanted, first, second, share)) == pytest.approx(0.01, rel=1e-3)
    assert float(losses.reconstruction(first, second)) == pytest.approx(2.0)
    assert float(losses.codes(first)) == 10


def test_a_bar_that_turns_is_no_distortion_and_one_that_is_stretched_is() -> None:
    rest, triangles = straight_bar()
    poses = np.stack([rest, rest[:, [1, 0, 2]] * [-1, 1, 1], bent_bar(150), 1.2 * rest])
    basis, coordinates = basis_of(poses, triangles)
    metric = Metric.of_stretches(what_is_measured(poses, triangles, np.random.default_rng(0)), basis)
    rows = torch.from_numpy(coordinates.astype(np.float32))
    ways, near = metric.geodesic(rows), metric.near(rows)
    half = torch.tensor([[0.5]])
    assert float(ways[0].max()) == pytest.approx(2.4, rel=0.1)
    assert torch.allclose(ways[0], ways[1], atol=1e-5)
    assert torch.allclose(1.2 * ways[0], ways[3], atol=1e-4)
    middle = metric.geodesic(rows[:2].mean(0, keepdim=True)), metric.near(rows[:2].mean(0, keepdim=True))
    assert float(losses.interpolation(middle[0], ways[:1], ways[1:2], half)) < 1e-9
    assert float(losses.local_interpolation(middle[1], near[:1], near[1:2], half)) < 1e-9
    assert float(losses.interpolation(ways[3:], ways[:1], ways[1:2], half)) > 0.01
    assert float(losses.local_interpolation(near[3:], near[:1], near[1:2], half)) > 0.01


def test_ways_along_a_surface_follow_it() -> None:
    """Of a bar bent into most of a circle the ends are near in space and far along it."""
    poses = np.stack([bent_bar(300), bent_bar(290)])
    basis, coordinates = basis_of(poses, straight_bar()[1])
    metric = Metric.of_stretches(what_is_measured(poses, straight_bar()[1], np.random.default_rng(0)), basis)
    assert float(metric.geodesic(torch.from_numpy(coordinates.astype(np.float32))).max()) > 2.2
    assert np.linalg.norm(np.ptp(poses[0], axis=0)) < 1.6


def test_mixed_turns_and_stretches_are_exact_alone_and_keep_lengths_together() -> None:
    found = bars(-150, 0, 150)
    basis, coordinates = basis_of(found.poses, found.triangles)
    assert np.allclose(basis.meshes(coordinates), found.poses, atol=1e-5)
    middle = basis.meshes(coordinates[1:].mean(0, keepdims=True))[0]
    assert abs(shortened(middle, found.poses[1])) < 0.01
    assert shortened((found.poses[1] + found.poses[2]) / 2, found.poses[1]) > 0.05


def test_how_far_a_step_moves_the_mesh_is_known() -> None:
    found = bars(-20, 0, 20)
    basis, coordinates = basis_of(found.poses, found.triangles)
    step = 0.1 * (coordinates[2] - coordinates[1])
    moved = basis.meshes(np.stack([coordinates[1], coordinates[1] + step]))
    wanted = ((moved[1] - moved[0]) ** 2).sum(1).mean()
    assert step @ basis.nearness @ step == pytest.approx(wanted, rel=0.1)


def test_the_space_gives_its_poses_back_and_keeps_lengths_between_them(space: PoseSpace) -> None:
    found = bars(-150, 0, 150)
    assert np.linalg.norm(space.decode(space.codes) - found.poses, axis=2).mean() < 0.01 * found.size
    assert np.ptp(space.codes) == pytest.approx(2, abs=1e-5)
    for share in (0.25, 0.5, 0.75):
        code = share * space.codes[2] + (1 - share) * space.codes[1]
        straight = share * found.poses[2] + (1 - share) * found.poses[1]
        assert abs(shortened(space.decode(code)[0], found.poses[1])) < 0.03 * shortened(straight, found.poses[1])


def test_a_pose_that_was_never_seen_is_found_in_the_space(space: PoseSpace) -> None:
    unseen = bent_bar(80)
    code = space.encode(unseen[None])[0]
    assert 0.3 < abs(float(code[0])) < 0.8
    assert np.linalg.norm(space.decode(code)[0] - unseen, axis=1).mean() < 0.003


def test_the_same_seed_gives_the_same_space() -> None:
    first, second = (learn(bars(-60, 60), Learning(pose=1, steps=40)) for _ in range(2))
    assert np.array_equal(first.decode(first.codes), second.decode(second.codes))


def test_no_corner_of_a_grid_is_a_guess(space: PoseSpace) -> None:
    nodes, meshes = space.grid([5])
    assert len(meshes) == 5 and nodes[0].tolist() == [-1, -0.5, 0, 0.5, 1]
    assert np.allclose(space.within(np.array([3.0])), 1, atol=1e-4)
    with pytest.raises(JobError, match="too large"):
        nodes_for(4)


def test_pose_and_shape_come_apart_where_two_characters_share_a_mesh() -> None:
    angles = (-100, 0, 100)
    poses = np.stack([bent_bar(angle, thick) for thick in (0.1, 0.2) for angle in angles])
    found = checked(PoseSet(poses, straight_bar()[1], [f"{t}: {a}" for t in ("thin", "stout") for a in angles]))
    assert found.characters == [0, 0, 0, 1, 1, 1]
    learned = learn(found, Learning(pose=1, shape=1, steps=60))
    assert learned.pose_size == 1 and learned.codes.shape == (6, 2)
    given = learned.transferred("thin: 100", "stout: 0")
    # 0.0007 after 60 steps, 0.012 after one.
    assert np.linalg.norm(given - poses[5], axis=1).mean() < 0.006 * np.linalg.norm(poses[2] - poses[5], axis=1).mean()
    with pytest.raises(JobError, match="no pose 'fat 1'"):
        learned.code_of("fat 1")


def test_characters_are_found_by_the_lengths_where_nobody_names_them() -> None:
    small = [scale * bent_bar(angle) for scale in (1.0, 0.9) for angle in (-30, 0, 30)]
    found = checked(PoseSet(np.stack(small), straight_bar()[1], list("abcdef")))
    assert found.characters == [0, 0, 0, 1, 1, 1]
    assert found.notes == ["by their lengths these are poses of 2 characters"]
    assert bars(-30, -10, 10, 30).characters == [0, 0, 0, 0]


def test_one_character_has_no_other_to_give_its_pose_to(space: PoseSpace) -> None:
    with pytest.raises(JobError, match="one character only"):
        space.transferred("1", "2")


def refused(poses: Array, triangles: NDArray[np.int64] | None = None) -> str:
    with pytest.raises(ShapeError) as caught:
        checked(PoseSet(poses, straight_bar()[1] if triangles is None else triangles, list("abcdef")[: len(poses)]))
    return str(caught.value)


def test_what_are_no_poses_is_refused_in_a_sentence() -> None:
    rest, bent = bent_bar(0), bent_bar(90)
    assert "2 to 500" in refused(rest[None])
    assert "same" in refused(np.stack([rest, rest]))
    assert "mirror image" in refused(np.stack([rest, bent, bent * [1, 1, -1]]))
    assert "'c' is 100 times as large" in refused(np.stack([rest, bent, 100 * rest]))
    assert "not finite" in refused(np.stack([rest, bent * np.where(np.arange(202) == 7, np.nan, 1)[:, None]]))
    assert "no faces" in refused(np.stack([rest, bent]), np.zeros((0, 3), np.int64))
    assert "no size" in refused(np.zeros((2, 202, 3)))


def test_copies_are_left_out_and_idle_vertices_go_straight() -> None:
    poses = np.stack([bent_bar(0), bent_bar(90), bent_bar(0)])
    idle = np.array([[[5.0, 0, 0]], [[7.0, 0, 0]], [[5.0, 0, 0]]])
    found = checked(PoseSet(np.concatenate([poses, idle], 1), straight_bar()[1], ["a", "b", "c"]))
    assert found.names == ["a", "b"]
    assert found.notes == ["'c' is the same as 'a' and was left out", "1 vertex has no face and goes straight on"]
    assert found.size < 3
    learned = learn(found, Learning(steps=100))
    assert learned.codes.shape == (2, 1)
    half = learned.decode((learned.codes[0] + learned.codes[1]) / 2)[0]
    assert half[-1, 0] == pytest.approx(6, abs=0.15)


def test_files_with_other_faces_are_refused(tmp_path: Path) -> None:
    trimesh.Trimesh(bent_bar(0), straight_bar()[1], process=False).export(tmp_path / "a.ply")
    trimesh.creation.box().export(tmp_path / "b.ply")
    with pytest.raises(ShapeError, match="different faces"):
        read_poses([tmp_path / "a.ply", tmp_path / "b.ply"])
    np.savez(tmp_path / "c.npz", poses=np.zeros((2, 5)), triangles=np.zeros((1, 3), np.int32))
    with pytest.raises(ShapeError, match="does not hold poses"):
        read_poses([tmp_path / "c.npz"])


def test_a_wish_to_stop_ends_the_learning() -> None:
    def stop(phase: str, _fraction: float, _loss: float | None) -> None:
        if phase == "train":
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        learn(bars(-60, 60), Learning(steps=100), stop)


def test_a_space_comes_back_from_its_file_and_a_damaged_one_is_refused(space: PoseSpace, tmp_path: Path) -> None:
    path = tmp_path / "space.safetensors"
    save_space(space, path)
    again = load_space(path)
    assert again.names == space.names and again.pose_size == 1
    assert np.allclose(again.decode(again.codes), space.decode(space.codes), atol=1e-5)

    tensors = load_file(path)
    words = {"format": "lipschitz-morph-space-3", "names": json.dumps(space.names), "characters": "[0, 0, 0]"}
    words |= {"pose_size": "1", "power": "3"}
    spoiled: list[tuple[dict[str, torch.Tensor], dict[str, str]]] = [
        ({**tensors, "middle": tensors["middle"][:5].clone()}, words),
        ({**tensors, "basis": tensors["basis"] * math.nan}, words),
        ({**tensors, "triangles": tensors["triangles"] + 100}, words),
        ({**tensors, "triangles": tensors["triangles"] * 0}, words),
        ({**tensors, "hold": tensors["hold"] * 0}, words),
        ({**tensors, "silent": tensors["silent"][:5].clone()}, words),
        ({**tensors, "axes": tensors["axes"] * 0}, words),
        ({**tensors, "more": tensors["middle"].clone()}, words),
        ({name: values for name, values in tensors.items() if name != "codes"}, words),
        (tensors, {**words, "names": '["a"]'}),
        (tensors, {**words, "pose_size": "true"}),
        (tensors, {**words, "power": "2"}),
        (tensors, {**words, "format": "lipschitz-morph-space-2"}),
        ({**tensors, "spline.nodes": tensors["spline.nodes"][:2].clone()}, words),
        (tensors, {**words, "characters": "[" * 100}),
    ]
    strange = {"basis": torch.zeros(1001, 2), "spline.weights": tensors["spline.weights"] * math.inf}
    for arrays, metadata in [*spoiled, *(({**tensors, name: values}, words) for name, values in strange.items())]:
        save_file(arrays, path, metadata=metadata)
        with pytest.raises(OutputError, match="damaged"):
            load_space(path)
    save_file(tensors, path, metadata={"format": "lipschitz-morph-1"})
    with pytest.raises(OutputError, match="is no pose space"):
        load_space(path)


def test_a_damaged_file_is_a_space_or_poses_or_a_sentence(space: PoseSpace, tmp_path: Path) -> None:
    path, poses = tmp_path / "space.safetensors", tmp_path / "poses.npz"
    save_space(space, path)
    found = bars(-60, 60)
    np.savez(poses, poses=found.poses, triangles=found.triangles, names=np.array('[["a"], ["b"]]'))
    whole, stored = path.read_bytes(), poses.read_bytes()
    (length,) = struct.unpack("<Q", whole[:8])
    header = json.loads(whole[8 : 8 + length])
    for seed in range(60):
        chance = random.Random(seed)
        words = json.dumps(twisted(header, chance)).encode()
        path.write_bytes(
            chance.choice([damaged(whole, chance), struct.pack("<Q", len(words)) + words + whole[8 + length :]])
        )
        poses.write_bytes(damaged(stored, chance))
        for read in (lambda: load_space(path).decode(space.codes), lambda: read_poses([poses])):
            try:
                read()
            except EngineError as error:
                assert "Traceback" not in str(error)


def test_the_command_line_learns_decodes_and_transfers(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = []
    for thick in (0.1, 0.2):
        for angle in (0, 90):
            files.append(str(tmp_path / f"{thick}-{angle}.ply"))
            trimesh.Trimesh(bent_bar(angle, thick), straight_bar()[1], process=False).export(files[-1])
    out = tmp_path / "out"
    learned = ["space", "train", *files, "--out", str(out), "--steps", "60", "--pose", "1", "--characters", "a,a,b,b"]
    assert main([*learned, "--grid", "3"]) == 0
    assert "4 poses in 2 numbers" in capfd.readouterr().out
    assert {path.name for path in out.iterdir()} == {
        "space.safetensors", "report.json", "contact_sheet.png", "grid.npz", "lipmorph.json",
    }  # fmt: skip
    with np.load(out / "grid.npz") as stored:
        assert stored["positions"].shape == (9, 202, 3)
    path = str(out / "space.safetensors")
    assert main(["space", "decode", path, "--between", "0.1-0", "2", "--steps", "3", "--out", f"{tmp_path}/w.obj"]) == 0
    assert sorted(found.name for found in tmp_path.glob("w_*.obj")) == [f"w_000{k}.obj" for k in range(3)]
    assert main(["space", "decode", path, "--code=-0.5,1", "--out", f"{tmp_path}/one.ply"]) == 0
    assert len(trimesh.load(tmp_path / "one.ply", process=False).vertices) == 202
    assert main(["space", "transfer", path, "--pose", "2", "--shape", "3", "--out", f"{tmp_path}/t.npz"]) == 0
    assert main(["space", "decode", path, "--code", "1", "--out", f"{tmp_path}/one.ply"]) == 2
    assert "must be 2 numbers" in capfd.readouterr().err
    assert main([*learned[:2], files[0], "--out", str(tmp_path / "no")]) == 3
    assert not (tmp_path / "no").exists()
