"""The whole method on one screen: shapes → motion → blend → samples → training → surface → frames; knows no file.

Whoever wants a morph comes through here: the command line, the add-on's jobs, Python programs and the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from ..files.mesh_frame import MeshFrame
from ..job.description import Job
from ..looks.frame_attributes import Sources
from ..machine.cores import usable_cores
from ..machine.device_choice import choose_device
from ..model.trained_morph import Morph
from ..shapes.shape import Shape
from ..surface.field import one_torch_thread
from ..surface.parallel_frames import frames_side_by_side
from ..training.fit import fitted
from ..training.follower import Follower, Look, Notify
from ..training.known import Known
from ..training.preparation import Finding, Show
from ..training.samples import between_samples, end_samples
from ..training.targets import Targets, surface_points


def train(
    job: Job,
    shapes: list[Shape],
    notify: Notify,
    should_stop: Callable[[], bool],
    checkpoint: Path | None = None,
    look: Look | None = None,
    resume: bool = False,
    show: Show | None = None,
) -> Morph:
    """Find the motion between the shapes, and fit a network to them and to it.

    Progress fractions run from 0 to 1 within each of the phases "guide", "sample" and "train". When ``should_stop``
    says so, what has been learned is written to ``checkpoint`` and ``Cancelled`` is raised. With ``resume`` a training
    of the same job that stands there goes on as if it had never been interrupted. To ``show`` coarse surfaces of the
    whole are given as soon as the motion is roughly known.
    """
    device = choose_device(job.training.device)
    follower = Follower(notify, should_stop, checkpoint, look, resume)
    known, targets = prepared(job, shapes, device, follower, show)

    # Training: one network for all that is to be learned.
    return fitted(job, known, targets, device, follower)


def prepared(
    job: Job, shapes: list[Shape], device: torch.device, follower: Follower, show: Show | None = None
) -> tuple[Known, Targets]:
    """All that is settled before the training, and what is to be learned."""
    rng = np.random.default_rng(job.training.seed + 1)
    with one_torch_thread():
        # Shapes: how far each is from any point, and where it lies at its own time.
        follower.enter("guide")
        with ThreadPoolExecutor(1) as beside, Finding(job, shapes, device, follower.notify, show) as finding:
            finding.look_at_shapes(beside)

            # Motion: which matter of one becomes which of the next. Finding it leaves a core half idle.
            coming = beside.submit(end_samples, finding.placed, job.sampling, rng)
            motion = finding.motion()

            # Blend: how two shapes, carried until they meet, are one surface there.
            follower.enter("sample")
            ends, blends = coming.result(), finding.blends(motion)

        # Samples: the function's values at the shapes, and between them.
        between = between_samples(finding.placed, blends, motion, job.sampling, rng) if blends else None
        targets = Targets(ends, between, surface_points(finding.placed, rng))
        follower.stop_if_asked()
    return Known(shapes, motion, blends), targets


def frames(morph: Morph, times: Sequence[float], shapes: Sequence[Shape] = ()) -> Generator[MeshFrame, None, None]:
    """Surface, and frames: the function's zero set at each time, with the colours and maps that lie on the shapes."""
    sources = Sources(list(shapes)) if shapes else None
    # A GPU is busy with one frame; processors are not.
    workers = (morph.job.training.threads or usable_cores()) if morph.on_processor else 1
    return frames_side_by_side(morph, times, morph.job.extraction, sources, workers)
