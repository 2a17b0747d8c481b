"""Files of poses that are no poses of one mesh are refused in a sentence that names the one that differs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.pose_space import pose_set
from lipmlp_engine.pose_space.pose_set import PoseSet, checked, read_poses


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A box, the same box longer, the same box with a vertex more, and points."""
    box = trimesh.creation.box((1, 1, 1))
    longer = trimesh.Trimesh(box.vertices * [1, 1, 1.5], box.faces, process=False)
    more = trimesh.Trimesh(np.vstack([box.vertices, [[3, 3, 3]]]), box.faces, process=False)
    paths = [tmp_path / f"{name}.ply" for name in ("box", "longer", "more", "points")]
    for mesh, path in zip((box, longer, more), paths, strict=False):
        mesh.export(path)
    trimesh.PointCloud(np.random.default_rng(0).random((60, 3))).export(paths[3])
    return paths


def test_other_meshes_and_points_are_no_poses(files: list[Path]) -> None:
    assert len(read_poses(files[:2]).poses) == 2
    with pytest.raises(ShapeError, match="'more' has 9 vertices and 'box' 8; poses must be of one mesh"):
        read_poses([files[0], files[2]])
    with pytest.raises(ShapeError, match="'points' is a cloud of points; a pose needs faces"):
        read_poses([files[0], files[3]])
    with pytest.raises(ShapeError, match="There are 1 characters for 2 poses; name one for each"):
        read_poses(files[:2], ["Ann"])


def test_an_archive_of_poses_brings_their_names_and_whose_they_are(tmp_path: Path) -> None:
    box = trimesh.creation.box((1, 1, 1))
    poses = np.stack([box.vertices * [1, 1, size] for size in (1.0, 1.5, 2.0)])
    arrays = {"poses": poses, "triangles": np.asarray(box.faces, np.int32)}
    np.savez(tmp_path / "bare.npz", **arrays)
    bare = read_poses([tmp_path / "bare.npz"])
    assert bare.names == ["Pose 1", "Pose 2", "Pose 3"] and np.allclose(bare.poses, poses)
    titles = np.array('[["low"], ["high"], ["higher"]]')
    np.savez(tmp_path / "named.npz", **arrays, names=titles, characters=np.array([4, 4, 9], np.int32))
    named = read_poses([tmp_path / "named.npz"])
    assert named.names == ["low", "high", "higher"] and list(named.characters) == [0, 0, 1]


def test_an_archive_of_something_else_holds_no_poses(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", poses=np.zeros((2, 3)))
    with pytest.raises(ShapeError, match="does not hold poses of one mesh .*; make it anew"):
        read_poses([tmp_path / "other.npz"])


def test_what_no_space_can_be_learned_of_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    box = trimesh.creation.box((1, 1, 1))
    poses = np.stack([box.vertices, box.vertices * [1, 1, 1.5]])
    triangles = np.asarray(box.faces, np.int64)
    broken = poses.copy()
    broken[1, 0, 0] = np.nan
    with pytest.raises(ShapeError, match="'b' has coordinates that are not finite"):
        checked(PoseSet(broken, triangles, ["a", "b"]))
    with pytest.raises(ShapeError, match="has no faces"):
        checked(PoseSet(poses, triangles[:0], ["a", "b"]))
    with pytest.raises(ShapeError, match="takes 2 to .* poses; these are 1"):
        checked(PoseSet(poses[:1], triangles, ["a"]))
    monkeypatch.setattr(pose_set, "MOST_PLACES", 3)
    with pytest.raises(ShapeError, match="more than 3 vertices together"):
        checked(PoseSet(poses, triangles, ["a", "b"]))


def test_a_cloth_that_is_bent_to_either_side_is_no_mirror_image_and_a_bag_turned_inside_out_is() -> None:
    count = 13
    x, y = np.meshgrid(np.linspace(-1, 1, count), np.linspace(0, 1, count))
    corner = (np.arange(count - 1)[:, None] * count + np.arange(count - 1)).ravel()
    halves = [corner, corner + 1, corner + count + 1], [corner, corner + count + 1, corner + count]
    cloth = np.concatenate([np.stack(half, 1) for half in halves])
    bends = [np.stack([np.sin(k * x) / k, y, np.cos(k * x) / k], 2).reshape(-1, 3) for k in (-1.2, 0.7, 1.2)]
    found = checked(PoseSet(np.stack(bends), cloth, ["to the left", "a little", "to the right"]))
    assert len(found.poses) == 3
    ball = trimesh.creation.icosphere(2)
    bag = ball.faces[(ball.vertices[ball.faces][:, :, 2] < 0.8).any(1)].astype(np.int64)
    tall = ball.vertices * [1, 1, 1.3]
    with pytest.raises(ShapeError, match="'turned' is a mirror image of the other poses, or turned inside out"):
        checked(PoseSet(np.stack([ball.vertices, tall, tall * [1, 1, -1]]), bag, ["bag", "tall", "turned"]))
