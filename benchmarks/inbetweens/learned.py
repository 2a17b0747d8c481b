"""The trained methods: ours, and two networks that nothing guides."""

from __future__ import annotations

import dataclasses
import time as clock
from collections.abc import Sequence

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.guide import common_pose
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import Extraction, ShapeInput
from lipmlp_engine.running.method import train
from lipmlp_engine.surface.frame_assembly import frame_at

from .pairs import Pair


def ours(preset: str, seed: int) -> Job:
    """The default as a user gets it."""
    return _seeded(Job.preset(preset, shapes=[ShapeInput("first", "first"), ShapeInput("second", "second")]), seed)


def plain(preset: str, seed: int) -> Job:
    """An ordinary MLP with our sampling, loss, optimiser and steps, but no guide."""
    job = ours(preset, seed)
    job.network.family, job.guide.kind = "plain", "none"
    return job


def paper(preset: str, seed: int, seconds: float) -> Job:
    """Lipschitz MLP and training of Liu et al. (2022), for as long as ours took."""
    job = Job.preset("paper", shapes=ours(preset, seed).shapes)
    job.sampling = dataclasses.replace(job.sampling, points=ours(preset, seed).sampling.points)
    job.training = dataclasses.replace(job.training, steps=0, seconds=max(seconds, 0.1))
    return _seeded(job, seed)


def morphed(job: Job, pair: Pair, times: Sequence[float], cells: int, threads: int) -> tuple[list[MeshFrame], float]:
    """Train and extract; also the seconds that guide, sampling and training took.

    A guided morph has a training frame of its own that travels, turns and grows. It is extracted with as many cells as
    make them no coarser than those of the grid around both shapes, which the other methods have.
    """
    job.training.threads = threads
    started = clock.perf_counter()
    morph = train(job, pair.shapes, lambda event: None, lambda: False)
    seconds = clock.perf_counter() - started
    scale = common_pose(pair.shapes).scale
    found = []
    for time in times:
        coarser = morph.pose(time).scale / scale
        extraction = Extraction(resolution=round(cells * max(1.0, coarser)), velocity=False, attributes=False)
        found.append(frame_at(morph, time, extraction))
    return found, seconds


def _seeded(job: Job, seed: int) -> Job:
    job.training = dataclasses.replace(job.training, seed=seed, device="cpu")
    return job
