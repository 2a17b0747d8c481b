"""Networks and their training: exports agree, gradients are right, ends are met, the middle lives, seeds repeat."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from lipmlp_engine.guide import Pose
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import Cancelled, JobError, OutputError
from lipmlp_engine.job.events import Notice, Progress
from lipmlp_engine.job.sections import Network, Sampling, ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.networks import build
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.field import MLPField
from lipmlp_engine.training.fit import SHOWN
from lipmlp_engine.training.gradients import BatchGradients, absolute_loss, square_loss
from lipmlp_engine.training.optimiser import orthogonalise
from lipmlp_engine.training.samples import PlacedShape
from tests.engine.known_shapes import moved, shape_of


def quick_job(shapes: list[Shape], steps: int = 250) -> Job:
    job = Job.preset("draft", shapes=[ShapeInput(shape.name, shape.name) for shape in shapes])
    job.training.steps = steps
    job.sampling.points = 8_000
    job.guide.kind = "transport"  # what balls get anyway, after a search for poses that takes longer than the rest
    return job


def fit(job: Job, shapes: list[Shape]) -> Morph:
    return train(job, shapes, lambda event: None, lambda: False)


@pytest.fixture(scope="module")
def apart() -> list[Shape]:
    """Two balls that do not touch, the second one smaller."""
    part = trimesh.creation.icosphere(subdivisions=4, radius=1.0)
    small = trimesh.creation.icosphere(subdivisions=4, radius=0.7)
    return [shape_of(part, "here"), shape_of(moved(small, (4, 0, 0)), "there")]


@pytest.fixture(scope="module")
def apart_morph(apart: list[Shape]) -> Morph:
    return fit(quick_job(apart), apart)


@pytest.mark.parametrize("activation", ["relu", "tanh", "softplus", "sine", "groupsort"])
@pytest.mark.parametrize("family", ["lipschitz", "plain"])
def test_the_exported_network_has_the_same_values(family: str, activation: str) -> None:
    network = build(Network(family=family, width=32, depth=3, activation=activation, input_scale=2.0), seed=3)
    points = torch.rand(200, 4, generator=torch.Generator().manual_seed(1)) * 2 - 1
    exported = MLPField(network.effective(), activation)
    assert torch.allclose(exported.values(points), network(points).detach()[:, 0], atol=1e-6)


def test_the_published_bound_holds() -> None:
    network = build(Network(), seed=0)
    with torch.no_grad():
        for layer in network.layers:
            layer.bound -= 0.5
    generator = torch.Generator().manual_seed(0)
    first, second = (torch.rand(4000, 4, generator=generator) * 2 - 1 for _ in range(2))
    change = (network(first) - network(second)).abs()[:, 0]
    assert bool((change <= network.penalty() * (first - second).abs().amax(1) + 1e-5).all())
    rows = [
        layer.effective_weight().detach().abs().sum(1).max() / torch.nn.functional.softplus(layer.bound.detach())
        for layer in network.layers
    ]
    assert all(float(share) <= 1 + 1e-5 for share in rows)


@pytest.mark.parametrize("loss", [absolute_loss, square_loss])
@pytest.mark.parametrize("family", ["lipschitz", "plain"])
def test_gradients_by_hand_are_those_of_autograd(family: str, loss: object) -> None:
    network = build(Network(family=family, width=16, depth=3), seed=1)
    generator = torch.Generator().manual_seed(2)
    points, values = torch.rand(2500, 4, generator=generator), torch.rand(2500, 1, generator=generator)
    by_hand = BatchGradients(network, loss, 0.01, threads=2)
    mean, slopes = by_hand(points, values)
    by_hand.close()
    error = network(points) - values
    expected_loss = (error.abs() if loss is absolute_loss else error.square()).mean()
    expected = torch.autograd.grad(
        expected_loss + 0.01 * network.penalty(), list(network.parameters()), allow_unused=True
    )
    assert torch.allclose(mean, expected_loss, atol=1e-6)
    for ours, theirs in zip(slopes, expected, strict=True):
        assert torch.allclose(ours, torch.zeros_like(ours) if theirs is None else theirs, atol=1e-5)


def test_orthogonalised_matrices_have_singular_values_near_one() -> None:
    matrices = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(0))
    singular = torch.linalg.svdvals(orthogonalise(matrices))
    assert float(singular.median()) > 0.6 and float(singular.max()) < 1.4


def test_balls_far_apart_travel_as_one_ball(apart_morph: Morph) -> None:
    """Where the blend of the two distances is empty, the volume follows the geodesic and the centre the line."""
    lattice = torch.linspace(-1, 1, 48)
    points = torch.stack(torch.meshgrid(lattice, lattice, lattice, indexing="ij"), -1).reshape(-1, 3)
    for time in (0.0, 0.25, 0.5, 0.75, 1.0):
        inside = points[apart_morph.field(time).values(points) < 0]
        pose = apart_morph.pose(time)
        volume = len(inside) * (2 / 47) ** 3 * pose.scale**3
        radius = 0.7**time
        assert volume == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.06)
        centre = pose.to_world(inside.numpy()).mean(0)
        assert np.allclose(centre, [4 * time, 0, 0], atol=0.06)


def test_velocity_is_that_of_the_known_motion(apart_morph: Morph) -> None:
    """A ball that moves by four and shrinks to 0.7: every surface point's velocity is known."""
    directions = np.random.default_rng(0).normal(size=(100, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    radius, rate = 0.7**0.5, np.log(0.7) * 0.7**0.5
    pose = apart_morph.pose(0.5)
    points = torch.from_numpy(pose.to_training(directions * radius + [2, 0, 0]).astype(np.float32))
    expected = directions * rate + [4, 0, 0]
    error = np.linalg.norm(apart_morph.velocity(points, 0.5) - expected, axis=1)
    assert np.median(error) < 0.1


def test_same_seed_same_result_whatever_the_threads(apart: list[Shape]) -> None:
    first, second = quick_job(apart, 20), quick_job(apart, 20)
    first.training.threads, second.training.threads = 1, 2
    weights = [fit(job, apart).layers for job in (first, second)]
    assert all(
        torch.equal(a, b) for ours, theirs in zip(*weights, strict=True) for a, b in zip(ours, theirs, strict=True)
    )


def test_a_model_comes_back_from_its_file(apart_morph: Morph, tmp_path: Path) -> None:
    apart_morph.save(tmp_path / "model.safetensors")
    again = Morph.load(tmp_path / "model.safetensors")
    points = torch.rand(50, 3) * 2 - 1
    assert torch.allclose(again.field(0.4).values(points), apart_morph.field(0.4).values(points), atol=1e-6)
    assert np.allclose(again.velocity(points, 0.4), apart_morph.velocity(points, 0.4), atol=1e-4)
    assert again.job == apart_morph.job
    assert again.motion.paces == apart_morph.motion.paces and len(again.motion.paces) == 1
    assert again.smallest_parts == apart_morph.smallest_parts == [1.0, 1.0]
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_what_is_no_model_is_refused_in_a_sentence(tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.safetensors"
    stranger.write_bytes(b"not a model")
    with pytest.raises(OutputError, match="is no morph"):
        Morph.load(stranger)


def test_training_goes_on_from_an_earlier_model(apart: list[Shape], apart_morph: Morph, tmp_path: Path) -> None:
    apart_morph.save(tmp_path / "model.safetensors")
    errors = []
    job = quick_job(apart, 2)
    job.training.start_from = str(tmp_path / "model.safetensors")
    train(
        job, apart, lambda event: errors.append(event.end_error) if isinstance(event, Progress) else None, lambda: False
    )
    assert errors[-1] < 2.0  # an untrained network starts at 40 and more
    job.network.width, job.guide.kind = 32, "none"
    with pytest.raises(JobError, match="start_from"):
        fit(job, apart)


def test_a_stopped_training_leaves_a_usable_checkpoint(apart: list[Shape], tmp_path: Path) -> None:
    job = quick_job(apart, 100_000)
    events: list[Progress | Notice] = []
    checkpoint = tmp_path / "model.safetensors"
    with pytest.raises(Cancelled, match="kept"):
        train(
            job,
            apart,
            events.append,
            lambda: sum(e.phase == "train" for e in events if isinstance(e, Progress)) > 3,
            checkpoint,
        )
    assert Morph.load(checkpoint).field(0.5).values(torch.zeros(1, 3)).shape == (1,)


def test_tolerance_stops_early(apart: list[Shape]) -> None:
    job = quick_job(apart, 100_000)
    job.training.tolerance, job.guide.kind = 5.0, "none"
    fractions = []
    train(
        job,
        apart,
        lambda event: fractions.append(event.fraction) if isinstance(event, Progress) else None,
        lambda: False,
    )
    assert fractions[-1] < 0.5


def test_the_papers_recipe_trains_too(apart: list[Shape]) -> None:
    job = Job.preset("paper", shapes=[ShapeInput("a", "a"), ShapeInput("b", "b")])
    job.training.steps, job.sampling.points = 300, 8_000
    losses = []
    morph = train(
        job, apart, lambda event: losses.append(event.loss) if isinstance(event, Progress) else None, lambda: False
    )
    assert morph.motion.flows == []
    assert losses[-1] < 0.5 * next(loss for loss in losses if loss is not None)


def test_more_samples_lie_beside_a_gap() -> None:
    """Two plates close to each other and one far off: the gap's walls get more than their share of the area."""
    plates = [trimesh.creation.box((1, 1, 0.2)).apply_translation((0, 0, height)) for height in (0, 0.215, 1.5)]
    shape = shape_of(trimesh.util.concatenate(plates))
    field = DistanceField(shape.vertices, shape.triangles)
    placed = PlacedShape(shape, field, Pose(1.0, np.eye(3), np.zeros(3)))
    samples = placed.scattered(Sampling(points=20_000, near=1.0), np.random.default_rng(0))
    middle = (np.abs(samples[:, :2]) < 0.45).all(axis=1)
    walls = [float((middle & (np.abs(samples[:, 2] - wall) < 0.0075)).mean()) for wall in (0.1075, 1.4, 1.6)]
    assert len(samples) == 20_000
    assert walls[0] > 2.5 * max(walls[1:])


def test_what_is_untrained_is_not_shown(apart: list[Shape]) -> None:
    """On a slow machine the first look at the training was any surface, for minutes, where the guide's had been."""
    errors: list[float] = []
    shown: list[tuple[float, Morph]] = []

    def hear(event: object) -> None:
        if isinstance(event, Progress) and event.end_error is not None:
            errors.append(event.end_error)

    train(quick_job(apart), apart, hear, lambda: False, look=lambda morph: shown.append((errors[-1], morph())))
    assert errors[0] > SHOWN and shown and all(error < SHOWN for error, _ in shown)
    assert all(morph.detail_bound > 0 for _, morph in shown)
