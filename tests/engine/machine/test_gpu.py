"""What an NVIDIA card has to make of a morph is what the CPU makes of it; the tests are tried out on the CPU."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from lipmlp_engine.guide import Motion, Pose
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.velocity_lattice import VelocityLattice
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.events import Notice
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.frame_assembly import frame_at
from lipmlp_engine.training.cuda_graph import WARM_UP_STEPS, captured
from lipmlp_engine.training.gradients import BatchGradients
from tests.engine.known_shapes import moved, shape_of

without_card = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no NVIDIA card here")
POSE = Pose(1.0, np.eye(3), np.zeros(3))
on_each = pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, without_card])], scope="module"
)


@pytest.fixture(scope="module")
def balls() -> list[Shape]:
    part = trimesh.creation.icosphere(subdivisions=3)
    return [shape_of(part, "here"), shape_of(moved(part, (1.0, 0, 0)), "there")]


def job_on(device: str, shapes: list[Shape]) -> Job:
    job = Job.preset("draft", shapes=[ShapeInput(shape.name, shape.name) for shape in shapes])
    job.network.width, job.network.depth, job.guide.kind = 16, 2, "none"
    job.training.steps, job.training.device, job.sampling.points = 60, device, 3_000
    job.extraction.resolution, job.extraction.attributes = 32, False
    return job


def fit(job: Job, shapes: list[Shape]) -> Morph:
    return train(job, shapes, lambda event: None, lambda: False)


@pytest.fixture(scope="module")
def morphs(device: str, balls: list[Shape]) -> list[Morph]:
    """The same job, done twice."""
    return [fit(job_on(device, balls), balls) for _ in range(2)]


@on_each
def test_the_same_seed_trains_the_same_network(morphs: list[Morph]) -> None:
    first, second = (morph.layers for morph in morphs)
    assert all(
        torch.equal(a, b) for one, other in zip(first, second, strict=True) for a, b in zip(one, other, strict=True)
    )


@on_each
def test_frames_are_those_of_the_cpu(device: str, morphs: list[Morph], tmp_path: Path) -> None:
    """One network, its layers here and there."""
    morph = morphs[0]
    assert morph.layers[0][0].device.type == device
    path = tmp_path / "model.safetensors"
    morph.save(path)
    job = morph.job
    here, there = (frame_at(Morph.load(path, on), 0.5, job.extraction) for on in ("cpu", device))
    assert len(here.vertices) == len(there.vertices) and np.array_equal(here.faces, there.faces)
    assert np.abs(here.vertices - there.vertices).max() < 1e-3 and len(here.faces) > 100


@on_each
def test_a_flow_on_a_device_carries_what_lies_on_the_cpu(device: str) -> None:
    """As the residual does at the inner shapes of a chain, which is made of arrays."""
    generator = torch.Generator().manual_seed(0)
    flow = VelocityLattice(torch.rand(9, 9, 9, 3, generator=generator))
    points, durations = torch.rand(50, 3, generator=generator) - 0.5, torch.linspace(-0.5, 0.5, 50)
    there = flow.to(torch.device(device))
    motion, moved_there = Motion(PosePath([POSE] * 3), [flow, flow]), Motion(PosePath([POSE] * 3), [there, there])
    for do in (
        lambda one: one.flows[0].at(points),
        lambda one: one.flows[0].carry(points, 0.5),
        lambda one: one.flows[0].carry(points, durations),
        lambda one: one.round_joints(points, points, points + 0.1, torch.full((50,), 0.5), 0),
    ):
        here = do(motion)
        assert do(moved_there).device.type == "cpu" and torch.allclose(do(moved_there), here, atol=1e-5)


@pytest.mark.gpu
@without_card
def test_a_recorded_step_does_what_the_step_does() -> None:
    def losses(recorded: bool) -> list[float]:
        place = torch.full((4,), 3.0, device="cuda")

        def step() -> torch.Tensor:
            place.mul_(0.9)
            return place.square().mean()

        if not recorded:
            return [float(step()) for _ in range(WARM_UP_STEPS + 5)][-5:]
        replay = captured(step, torch.Generator("cuda").manual_seed(0))
        return [float(replay()) for _ in range(5)]

    assert losses(recorded=True) == pytest.approx(losses(recorded=False))


@on_each
def test_a_batch_that_does_not_fit_is_halved_and_said(
    device: str, balls: list[Shape], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, tried = BatchGradients.__call__, set()

    def scarce(self: BatchGradients, points: torch.Tensor, values: torch.Tensor) -> object:
        tried.add(len(points))
        if len(points) > 600:
            raise torch.OutOfMemoryError("full")
        return whole(self, points, values)

    monkeypatch.setattr(BatchGradients, "__call__", scarce)
    job = job_on(device, balls)
    job.training.batch, job.training.steps = 2048, 5
    notices: list[str] = []
    morph = train(
        job, balls, lambda event: notices.append(event.message) if isinstance(event, Notice) else None, lambda: False
    )
    assert tried == {2048, 1024, 512} and morph.job.training.batch == 512
    assert [said for said in notices if "ran out of memory" in said] == [
        f"The GPU ran out of memory; going on with batches of {batch} samples." for batch in (1024, 512)
    ]
