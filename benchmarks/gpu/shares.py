"""What share of the card's arithmetic training and extraction reach, beside a plain product of large matrices."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.events import Progress
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.running.installation_check import ball_and_ring
from lipmlp_engine.running.method import train
from lipmlp_engine.surface.field import Enclosure, Field
from lipmlp_engine.surface.zero_set import extract_surface

FORWARD_AND_BACK = 3
"""Times the arithmetic of one evaluation: there, and back to the weights and to the layer before."""
ROUNDS = 5


def matmul_peak(device: str, size: int, precision: str) -> float:
    """FLOP/s of the product of two square matrices; precision as torch names it: "high" is TF32 on a card."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        one, other = (torch.randn(size, size, device=device) for _ in range(2))
        seconds = [_timed(lambda: one @ other, device) for _ in range(ROUNDS + 2)][2:]
    finally:
        torch.set_float32_matmul_precision(before)
    return 2 * size**3 / min(seconds)


def training(device: str, preset: str, steps: int, points: int) -> tuple[Morph, dict[str, Any]]:
    """Train a preset's network between a ball and a ring, without a guide; its steps a second and their arithmetic."""
    shapes = list(ball_and_ring())
    job = Job.preset(preset, shapes=[ShapeInput(shape.name, shape.name) for shape in shapes])
    job = dataclasses.replace(
        job,
        sampling=dataclasses.replace(job.sampling, points=points),
        guide=dataclasses.replace(job.guide, kind="none"),
        training=dataclasses.replace(job.training, device=device, steps=steps),
    )
    seen: list[tuple[float, float]] = []

    def hear(message: object) -> None:
        if isinstance(message, Progress) and message.phase == "train":
            seen.append((time.perf_counter(), message.fraction))

    morph = train(job, shapes, hear, lambda: False)
    (began, _), (ended, _) = seen[0], seen[-1]
    flop = FORWARD_AND_BACK * evaluation(morph) * job.training.batch
    rate = steps / (ended - began)
    return morph, {"steps_per_second": round(rate, 1), "step_gflop": flop / 1e9, "tflops": flop * rate / 1e12}


def evaluation(morph: Morph) -> int:
    """FLOP of the network at one point, its layers' products alone."""
    return sum(2 * weight.numel() for weight, _ in morph.layers)


def extraction(morph: Morph, resolution: int) -> dict[str, Any]:
    """The surface half-way at a resolution: seconds, what it asked the network for, and that arithmetic's rate.

    Bounds over boxes cost arithmetic too and are counted as boxes only: the share is one from below.
    """
    asked = _Asked(morph.field(0.5))
    vertices, _ = extract_surface(asked, resolution)
    device = str(asked.device)
    seconds = [_timed(lambda: extract_surface(morph.field(0.5), resolution), device) for _ in range(ROUNDS)]
    flop = evaluation(morph) * (asked.values_asked + FORWARD_AND_BACK * asked.gradients_asked)
    return {
        "seconds": round(statistics.median(seconds), 4),
        "vertices": len(vertices),
        "values": asked.values_asked,
        "gradients": asked.gradients_asked,
        "boxes": asked.boxes_asked,
        "tflops": flop / statistics.median(seconds) / 1e12,
    }


def _timed(task: Callable[[], object], device: str) -> float:
    _wait(device)
    began = time.perf_counter()
    task()
    _wait(device)
    return time.perf_counter() - began


def _wait(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize()


class _Asked:
    """A field that counts what it is asked for."""

    def __init__(self, field: Field) -> None:
        self._field, self.device = field, field.device
        self.values_asked = self.gradients_asked = self.boxes_asked = 0

    def values(self, points: Tensor) -> Tensor:
        self.values_asked += len(points)
        return self._field.values(points)

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        self.gradients_asked += len(points)
        return self._field.values_and_gradient(points)

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        self.boxes_asked += len(centre)
        return self._field.enclose(centre, half)

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)
