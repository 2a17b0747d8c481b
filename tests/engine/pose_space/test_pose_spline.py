"""Splines through poses: what is known of them, what is left out of them, and files in which a network stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from lipmlp_engine.job.errors import OutputError
from lipmlp_engine.pose_space.pose_set import PoseSet, checked
from lipmlp_engine.pose_space.pose_spline import POWERS, PoseSpline, at, fitted
from lipmlp_engine.pose_space.section import Learning
from lipmlp_engine.pose_space.space_file import load_space, save_space
from lipmlp_engine.pose_space.space_networks import PoseNetwork
from lipmlp_engine.pose_space.space_training import learn
from tests.engine.bent_bars import bent_bar, straight_bar


def scattered(count: int, numbers: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(3).normal(size=(count, numbers)))


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("pose_size", [2, 3])
def test_a_spline_goes_through_its_values_and_is_straight_where_they_are(power: int, pose_size: int) -> None:
    codes, values = scattered(12, 3), scattered(12, 5)
    spline = PoseSpline.through(codes, values, power, pose_size)
    assert torch.allclose(spline.decode(codes), values, atol=1e-5)
    straight = codes @ values[:3] + values[3]
    elsewhere = 3 * scattered(30, 3).flip(0)
    found = PoseSpline.through(codes, straight, power, pose_size)
    assert torch.allclose(found.decode(elsewhere), elsewhere @ values[:3] + values[3], atol=1e-3)
    assert torch.allclose(found.encode(straight), codes, atol=0.02)


@pytest.mark.parametrize("power", POWERS)
def test_what_is_left_out_is_told_as_by_a_spline_without_it(power: int) -> None:
    codes, values = scattered(9, 2), scattered(9, 4)
    left_out = fitted(codes, values, power, 2)[1]
    for one in range(9):
        others = [k for k in range(9) if k != one]
        weights = fitted(codes[others], values[others], power, 2)[0]
        told = at(codes[[one]], codes[others], weights, power, 2)[0]
        assert torch.allclose(values[one] - told, left_out[one], atol=1e-4)


def test_two_poses_and_more_numbers_than_poses_are_told_as_well() -> None:
    codes, values = scattered(3, 4), scattered(3, 5)
    for power in POWERS:
        assert torch.allclose(PoseSpline.through(codes, values, power, 2).decode(codes), values, atol=1e-4)
    poses = np.stack([bent_bar(angle, thick) for thick, angle in ((0.1, 0), (0.1, 90), (0.2, 50))])
    found = checked(PoseSet(poses, straight_bar()[1], ["a: 1", "a: 2", "b: 1"]))
    space = learn(found, Learning(pose=2, shape=1, steps=20))
    assert space.codes.shape == (3, 3)
    assert np.abs(space.decode(space.codes) - poses).max() < 1e-3 * found.size


def test_poses_that_one_number_cannot_tell_apart_come_back_all_the_same() -> None:
    """A bar bent up and then sideways, in an order that no one number has."""
    rest = bent_bar(0)
    poses = np.stack([rest, bent_bar(90), bent_bar(90)[:, [0, 2, 1]] * [1, 1, -1], bent_bar(50), bent_bar(-60)])
    found = checked(PoseSet(poses, straight_bar()[1], list("abcde")))
    space = learn(found, Learning(pose=1, steps=60))
    assert np.abs(space.decode(space.codes) - found.poses).max() < 2e-3 * found.size
    halfway = space.decode((space.codes[:1] + space.codes[1:2]) / 2)[0]
    assert np.abs(halfway - halfway.mean(0)).max() < 1.5 * np.abs(poses).max()


def test_a_file_of_an_earlier_version_holds_a_network_and_is_read_still(tmp_path: Path) -> None:
    found = checked(PoseSet(np.stack([bent_bar(-60), bent_bar(60)]), straight_bar()[1], ["a", "b"]))
    space = learn(found, Learning(pose=1, steps=10))
    torch.manual_seed(0)
    old = replace(space, decoder=PoseNetwork(len(space.spread), 1))
    path = tmp_path / "space.safetensors"
    save_space(old, path)
    again = load_space(path)
    assert isinstance(again.decoder, PoseNetwork)
    assert np.allclose(again.decode(again.codes), old.decode(old.codes), atol=1e-5)
    assert again.encode(found.poses).shape == (2, 1)
    tensors = load_file(path)
    words = {"format": "lipschitz-morph-space-2", "names": '["a", "b"]', "characters": "[0, 0]", "pose_size": "1"}
    save_file({**tensors, "network.decoder.first.bias": torch.zeros(5000)}, path, metadata=words)
    with pytest.raises(OutputError, match="damaged"):
        load_space(path)
    save_file(tensors, path, metadata={**words, "format": "lipschitz-morph-space-1"})
    with pytest.raises(OutputError, match="another version"):
        load_space(path)
