"""A training that was interrupted goes on as if nothing had been, and only where it is the same training."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from lipmlp_engine.files.model_metadata import read_metadata
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import Cancelled, TrainingError
from lipmlp_engine.job.events import Progress
from lipmlp_engine.job.sections import SECTIONS, ShapeInput
from lipmlp_engine.job.setting_kinds import section_from_dict
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.training import fit
from lipmlp_engine.training.checkpoint import finished_in
from tests.engine.small_jobs import SMALL


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Job:
    sections: dict[str, Any] = {name: section_from_dict(SECTIONS[name], values, name) for name, values in SMALL.items()}
    monkeypatch.setattr(fit, "REPORT_SECONDS", 0.01)
    return Job(shapes=[ShapeInput("box.stl"), ShapeInput("two.stl")], **sections)


def interrupted(job: Job, shapes: list[Shape], path: Path, at: float) -> None:
    """Train until so much of it is done, and be stopped."""
    far = [0.0]

    def hear(message: Any) -> None:
        if isinstance(message, Progress) and message.phase == "train":
            far[0] = message.fraction

    with pytest.raises(Cancelled):
        train(job, shapes, hear, lambda: far[0] >= at, path)


def same(one: Morph, other: Morph) -> bool:
    return all(torch.equal(a, b) for first, second in zip(one.layers, other.layers, strict=True)
               for a, b in zip(first, second, strict=True))  # fmt: skip


def nothing(_message: object) -> None:
    pass


def test_an_interrupted_training_ends_as_it_would_have(job: Job, box: Shape, two_balls: Shape, tmp_path: Path) -> None:
    shapes, path = [box, two_balls], tmp_path / "model.safetensors"
    right = train(job, shapes, nothing, lambda: False)
    interrupted(job, shapes, path, 0.3)
    kept = Morph.load(path)
    assert "counts" in kept.unfinished and read_metadata(path)
    steps: list[float] = []

    def hear(message: Any) -> None:
        if isinstance(message, Progress) and message.phase == "train":
            steps.append(message.fraction)

    again = train(job, shapes, hear, lambda: False, path, resume=True)
    assert same(again, right) and steps[0] == float(kept.unfinished["counts"][0]) / job.training.steps >= 0.3
    assert finished_in(path, job, shapes) is None
    again.save(path)
    found = finished_in(path, job, shapes)
    assert found is not None and same(found, right) and not found.unfinished


def test_another_training_is_not_gone_on_with(job: Job, box: Shape, two_balls: Shape, tmp_path: Path) -> None:
    shapes, path = [box, two_balls], tmp_path / "model.safetensors"
    train(job, shapes, nothing, lambda: False).save(path)
    assert finished_in(path, job, shapes) is not None
    threads = dataclasses.replace(job, training=dataclasses.replace(job.training, threads=2))
    assert finished_in(path, threads, shapes) is not None
    seed = dataclasses.replace(job, training=dataclasses.replace(job.training, seed=1))
    assert finished_in(path, seed, shapes) is None
    moved = dataclasses.replace(two_balls, vertices=two_balls.vertices + 0.1)
    assert finished_in(path, job, [box, moved]) is None
    path.write_bytes(b"junk")
    assert finished_in(path, job, shapes) is None


@pytest.mark.parametrize("steps", [1, 50], ids=["in the last step", "on the way"])
def test_a_training_that_diverges_says_so_and_keeps_nothing_of_it(
    steps: int, job: Job, box: Shape, two_balls: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loss of a step is that before it: the network that the step has broken is not to be kept either."""
    monkeypatch.setattr(fit, "REPORT_SECONDS", 0.0)
    monkeypatch.setattr(fit, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(fit, "rate_at", lambda progress, constant: 1e38)
    job.training.steps = steps
    path = tmp_path / "model.safetensors"
    with pytest.raises(TrainingError, match="diverged; lower training.rate"):
        train(job, [box, two_balls], nothing, lambda: False, path)
    assert all(torch.isfinite(values).all() for layer in Morph.load(path).layers for values in layer)
