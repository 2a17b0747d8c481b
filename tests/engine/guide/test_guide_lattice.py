"""A flow's lattice: what is asked of it at places, and points that go along with it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lipmlp_engine.guide import VelocityLattice
from lipmlp_engine.guide.lattice_equations import LatticeEquations

NODES = 6


@pytest.mark.parametrize("volume_weight", [1.0, 1 / 3])
def test_a_system_is_elasticity_and_what_is_asked_at_places(volume_weight: float) -> None:
    """At a weight of a third some of what a node has to do with those beside it comes out as nought."""
    random = np.random.default_rng(0)
    equations = LatticeEquations(NODES, volume_weight, 3e-3)
    places, velocities, weights = random.uniform(-1.3, 1.3, (400, 3)), random.normal(size=(400, 3)), random.random(400)
    matrix, _ = equations.system(0.01, places, velocities, weights, 0.2)
    alone, _ = equations.system(0.01, places, velocities, 0 * weights, 0.2)
    nodal = random.normal(size=(3, NODES**3))
    asked = equations.interpolation(places)
    pulled = [asked.T @ (weights * (asked @ axis)) for axis in nodal]
    assert np.allclose(matrix @ nodal.ravel(), alone @ nodal.ravel() + np.concatenate(pulled))
    assert np.allclose(equations.diagonal(matrix), matrix.diagonal())


def test_neither_a_shift_nor_a_turn_costs_anything() -> None:
    equations = LatticeEquations(NODES, 1.0, 3e-3)
    axis = np.linspace(-1, 1, NODES)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    nothing = np.empty((0, 3)), np.empty((0, 3)), np.empty(0)
    matrix, _ = equations.system(1.0, *nothing, 0.0)
    for still in ([0 * x + 1, 0 * x, 0 * x], [-y, x, 0 * z], [0 * x, -z, y]):
        moved = np.concatenate([part.ravel() for part in still])
        assert moved @ (matrix @ moved) < 1e-6 * moved @ moved


def test_points_go_each_for_a_time_of_their_own() -> None:
    random = np.random.default_rng(0)
    flow = VelocityLattice(torch.from_numpy(random.normal(size=(NODES,) * 3 + (3,)).astype(np.float32) / 3))
    points, times = (
        random.uniform(-1.2, 1.2, (500, 3)).astype(np.float32),
        random.uniform(-1, 1, 500).astype(np.float32),
    )
    expected = flow.carry(torch.from_numpy(points), torch.from_numpy(times)).numpy()
    assert np.abs(flow.moved_each(points, times) - expected).max() < 1e-5
    assert flow.moved_each(points[:0], times[:0]).shape == (0, 3)
