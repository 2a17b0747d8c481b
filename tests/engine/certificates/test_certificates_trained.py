"""Certified families through the whole training: shapes in, a saved morph out, its certificate from the file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from lipmlp_engine.certificates import certified_bound, clearance
from lipmlp_engine.certificates.box_bounds import RegionBounds
from lipmlp_engine.certificates.layer_bounds import singular_values
from lipmlp_engine.certificates.proved_topology import prove_topology
from lipmlp_engine.certificates.sampled_bounds import overestimation, surface_points
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.shape import Shape

STEPS = 250


@pytest.fixture(
    scope="module", params=[("orthogonal", "distance"), ("sll", "distance"), ("orthogonal", "hkr")], ids="-".join
)
def morph(request: pytest.FixtureRequest, ball: Shape, box: Shape, tmp_path_factory: pytest.TempPathFactory) -> Morph:
    family, loss = request.param
    job = Job(shapes=[ShapeInput(path="ball.ply"), ShapeInput(path="box.ply")])
    job.sampling.points = 10_000
    job.network.family, job.network.width, job.network.depth = family, 32, 4
    job.training.loss, job.training.steps, job.training.batch = loss, STEPS, 1024
    job.guide.kind = "none"
    job.check()
    path = tmp_path_factory.mktemp("certified") / "model.safetensors"
    train(job, [ball, box], lambda message: None, lambda: False).save(path)
    return Morph.load(path)


def test_the_ends_are_there(morph: Morph, ball: Shape, box: Shape) -> None:
    generator = np.random.default_rng(0)
    for time, shape, inside in ((0.0, ball, _in_ball), (1.0, box, _in_box)):
        low, high = shape.bounds
        points = generator.uniform(low * 1.2, high * 1.2, (5000, 3))
        local = torch.from_numpy(morph.pose(time).to_training(points).astype(np.float32))
        found = morph.field(time).values(local).numpy() < 0
        assert (found == inside(points)).mean() > 0.95


def test_the_file_holds_a_function_with_slope_at_most_one(morph: Morph) -> None:
    bound = certified_bound(morph)
    assert bound.space <= 1 + 1e-5
    assert bound.time < 10
    if morph.job.network.family == "orthogonal":
        largest = [values[0] for values in singular_values(morph.layers)]
        assert max(largest) <= 1 + 1e-5


def test_no_distance_is_overestimated(morph: Morph) -> None:
    for time in (0.0, 0.5, 1.0):
        field = morph.field(time)
        assert overestimation(field, 1.0, 20_000, surface_points(field, 5000)).rate == 0


def test_clearance_never_reaches_the_other_side(morph: Morph) -> None:
    """A ball around the middle of the sphere, as large as its clearance, stays inside."""
    radius = clearance(morph, np.zeros((1, 3)), 0.0)[0]
    assert 0.15 < radius < 1.05


def test_the_stored_network_goes_on_as_it_was(morph: Morph, tmp_path: Path) -> None:
    again = tmp_path / "again.safetensors"
    morph.save(again)
    loaded = Morph.load(again)
    points = torch.rand(100, 3) * 2 - 1
    assert torch.equal(loaded.field(0.3).values(points), morph.field(0.3).values(points))
    assert float(loaded.parameters["coefficient"]) == pytest.approx(loaded.job.network.coefficient)


@pytest.mark.parametrize(("family", "least"), [("orthogonal", 1.0), ("sll", 1.0), ("lipschitz", 0.2)])
def test_a_ball_provably_stays_one_piece_on_its_way_to_an_ellipsoid(family: str, least: float, ball: Shape) -> None:
    job = Job(shapes=[ShapeInput(path="ball.ply"), ShapeInput(path="ellipsoid.ply")])
    job.sampling.points, job.guide.kind = 5_000, "none"
    job.network.family, job.network.width, job.network.depth = family, 16, 2
    job.training.steps, job.training.batch, job.training.threads = 1000, 512, 1
    ellipsoid = dataclasses.replace(ball, vertices=ball.vertices * [1.15, 0.9, 0.9])
    morph = train(job, [ball, ellipsoid], lambda message: None, lambda: False)
    proof = prove_topology(RegionBounds(morph.layers, morph.activation, certified_bound(morph)), 0.0, 1.0, 60_000)
    assert proof.share >= least and proof.intervals[0][0] == 0.0


def _in_ball(points: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(points, axis=1) < 1)


def _in_box(points: np.ndarray) -> np.ndarray:
    return np.asarray((np.abs(points) < [0.5, 1.0, 1.5]).all(axis=1))
