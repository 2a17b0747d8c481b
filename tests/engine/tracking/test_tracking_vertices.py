"""Shape keys between poses of one mesh: the vertices are exact at every pose and keep lengths between them."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmarks.poses.characters import ARMS_UP, biped
from lipmlp_engine.guide import CarriedMesh
from lipmlp_engine.guide.pace import Pace
from lipmlp_engine.guide.velocity_lattice import VelocityLattice
from lipmlp_engine.job.sections import Guide
from lipmlp_engine.tracking.template_mesh import Template
from lipmlp_engine.tracking.vertex_keys import goes_by_vertices, track_by_vertices

Array = NDArray[np.float64]


@cache
def poses() -> tuple[Array, Array, Array, NDArray[np.int32]]:
    """A man who raises his arms: standing, half-way, with raised arms, and his faces, cut open along a seam."""
    character = biped()
    skin = character.skin(45)
    faces = skin.triangles.astype(np.int32)
    count = len(skin.vertices)
    upper = skin.vertices[faces].mean(1)[:, 2] > 1.2
    faces[upper] += count
    standing, halfway, raised = (np.tile(character.posed(skin, ARMS_UP, share), (2, 1)) for share in (0.0, 0.5, 1.0))
    return standing, halfway, raised, faces


def swinging(*paces: Pace) -> Any:
    """A morph whose flows are carried meshes, of which only the kind matters here."""
    mesh = CarriedMesh(torch.zeros(2, 3, 3), torch.zeros(1, 3, dtype=torch.int32))
    motion = SimpleNamespace(flows=[mesh] * len(paces), pace=lambda segment: paces[segment])
    return SimpleNamespace(job=SimpleNamespace(guide=Guide()), motion=motion)


def test_keys_are_exact_at_the_poses_and_true_between_them() -> None:
    standing, halfway, raised, faces = poses()
    size = float(np.linalg.norm(np.ptp(standing, axis=0)))
    template = Template(standing, faces, goals={1: raised})
    track = track_by_vertices(swinging(Pace()), template, 0.0, 1.0, 0.002 * size)
    assert track.times[0] == 0.0 and track.times[-1] == 1.0 and 4 < len(track.times) <= 17
    assert np.abs(track.positions[0] - standing).max() < 1e-6 and np.abs(track.positions[-1] - raised).max() < 1e-6
    middle = track.positions[int(np.abs(track.times - 0.5).argmin())]
    assert 0.5 in track.times and np.linalg.norm(middle - halfway, axis=1).mean() < 0.01 * size
    assert np.linalg.norm((standing + raised) / 2 - halfway, axis=1).max() > 0.05 * size
    seam = len(standing) // 2
    assert np.array_equal(track.positions[:, :seam], track.positions[:, seam:])


def test_keys_keep_to_their_times_and_to_the_pace() -> None:
    standing, _, raised, faces = poses()
    template = Template(standing, faces, goals={1: raised})
    whole = track_by_vertices(swinging(Pace(1.0)), template, 0.0, 1.0, 1e-9)
    part = track_by_vertices(swinging(Pace(1.0)), template, 0.25, 0.6, 1e-9)
    assert part.times[0] == 0.25 and part.times[-1] == pytest.approx(0.6)
    shares = Pace(1.0).way(torch.from_numpy(whole.times)).numpy()
    assert np.allclose(shares, np.linspace(0, 1, len(shares)), atol=1e-6)


def test_an_inner_pose_is_passed_with_one_speed() -> None:
    standing, _, raised, faces = poses()
    template = Template(standing, faces, goals={1: raised, 2: np.add(standing, [0.0, 0.5, 0.0])})
    track = track_by_vertices(swinging(Pace(), Pace()), template, 0.0, 2.0, 1e-9)
    middle = int(np.abs(track.times - 1).argmin())
    before, after = np.diff(track.positions[middle - 1 : middle + 2].astype(np.float64), axis=0)
    way_there, way_back = track.positions[middle] - track.positions[0], track.positions[-1] - track.positions[middle]
    turned_round = np.linalg.norm(way_there - way_back, axis=1) / 16
    jolt = np.linalg.norm(after - before, axis=1)
    assert turned_round.max() > 0.05 and jolt.max() < 0.5 * turned_round.max()
    assert np.abs(track.positions[middle] - raised).max() < 1e-6


def test_only_what_is_known_of_every_shape_goes_by_vertices() -> None:
    standing, _, raised, faces = poses()
    known = Template(standing, faces, goals={1: raised})
    assert goes_by_vertices(swinging(Pace()), known)
    assert not goes_by_vertices(swinging(Pace(), Pace()), known)
    assert not goes_by_vertices(swinging(Pace()), Template(standing, faces))
    flowing = swinging(Pace())
    flowing.motion.flows = [VelocityLattice(torch.zeros(2, 2, 2, 3))]
    assert not goes_by_vertices(flowing, known)
