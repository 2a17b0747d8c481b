"""Training a morph: shapes in, a trained function out. Knows nothing of files but the checkpoint it is given."""

from __future__ import annotations

import dataclasses
import time as clock
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..cores import usable_cores
from ..errors import Cancelled, JobError, TrainingError
from ..events import Notice, Progress
from ..guide import Arrangement, Blend, CarriedMesh, LatticeView, Motion, settle_blend
from ..job import Job
from ..morph import Morph
from ..networks import build
from ..networks.condense import condense
from ..shapes.distance import DistanceField
from ..shapes.shape import Shape
from ..surface.cells import too_coarse
from ..surface.detail import NEAR, SMALLEST_BOUND, bound_for
from ..surface.field import one_torch_thread
from ..surface.parts import smallest_part
from .captured import captured
from .device import choose_device
from .gradients import BatchGradients, absolute_loss, square_loss
from .label_losses import label_loss
from .optimiser import MuonAdam, rate_at
from .samples import PlacedShape, Samples, between_samples, end_samples
from .spectrum import SpectrumWatch

REPORT_SECONDS = 0.25
CHECKPOINT_SECONDS = 30.0
CHECK_POINTS = 2_000
"""Surface points of each shape on which the end error is measured while training."""
CHECK_CHUNK = 16_384
"""Samples that the finished network is asked for at once."""
SMALLEST_BATCH = 512
"""A GPU that cannot hold this many samples is given up for the CPU."""

Notify = Callable[[Progress | Notice], None]
Look = Callable[[Callable[[], Morph]], None]
"""Shown now and then how to get the morph as it stands; getting it costs little, and nothing where it is not wanted."""


def train(
    job: Job,
    shapes: list[Shape],
    notify: Notify,
    should_stop: Callable[[], bool],
    checkpoint: Path | None = None,
    look: Look | None = None,
) -> Morph:
    """Fit a network to the shapes and to the motion between them.

    Progress fractions run from 0 to 1 within each of the phases "guide", "sample" and "train". When ``should_stop``
    says so, what has been learned is written to ``checkpoint`` and ``Cancelled`` is raised.
    """
    device = choose_device(job.training.device)
    with one_torch_thread():
        settled, ends, between, surface = _prepare(job, shapes, device, notify, should_stop)
    while True:
        try:
            return _Fit(job, settled, ends, between, surface, device, notify, should_stop, checkpoint, look).run()
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            job, device = _smaller(job, device, notify)


def _prepare(
    job: Job, shapes: list[Shape], device: torch.device, notify: Notify, should_stop: Callable[[], bool]
) -> tuple[_Settled, Samples, Samples | None, list[Tensor]]:
    """What is settled, the samples at the shapes and between them, and the points that the end error is taken at."""
    notify(Progress("guide", 0.0))
    fields = [
        DistanceField(shape.vertices, shape.triangles, device=device.type, threads=job.training.threads)
        for shape in shapes
    ]
    arrangement = Arrangement(job, shapes, fields)
    for verdict in arrangement.verdicts:
        notify(Notice(verdict))
    placed = [PlacedShape(*parts) for parts in zip(shapes, fields, arrangement.path.poses, strict=True)]
    for sentence in too_coarse(job.extraction, placed):
        notify(Notice(sentence))
    rng = np.random.default_rng(job.training.seed + 1)
    with ThreadPoolExecutor(1) as beside:
        # Finding the motion leaves a core half idle.
        coming_ends = beside.submit(end_samples, placed, job.sampling, rng)
        coming_views = [beside.submit(LatticeView, shape) for shape in placed if not arrangement.all_carried]
        motion = arrangement.motion().to(device)
    _stop_if(should_stop)
    notify(Progress("sample", 0.0))
    ends, views = coming_ends.result(), [view.result() for view in coming_views]
    between, blends = None, []
    if motion.flows:
        blends = [
            # A mesh that keeps its lengths keeps its volume, its pace and its parts.
            Blend()
            if isinstance(flow, CarriedMesh)
            else settle_blend(motion, k, (views[k], views[k + 1]), job.guide.volume)
            for k, flow in enumerate(motion.flows)
        ]
        motion.paces = [blend.pace for blend in blends]
        between = between_samples(placed, blends, motion, job.sampling, rng)
    surface = _surface_points(placed, rng)
    _stop_if(should_stop)
    return _Settled(shapes, motion, blends), ends, between, surface


def _smaller(job: Job, device: torch.device, notify: Notify) -> tuple[Job, torch.device]:
    """What to try after the device ran out of memory: half the batch, and in the end the CPU."""
    if job.training.batch // 2 >= SMALLEST_BATCH:
        job = dataclasses.replace(job, training=dataclasses.replace(job.training, batch=job.training.batch // 2))
        notify(Notice(f"The GPU ran out of memory; going on with batches of {job.training.batch} samples."))
        return job, device
    notify(Notice("The GPU ran out of memory even with small batches; going on with the CPU."))
    return job, torch.device("cpu")


def _stop_if(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Cancelled("Stopped before the training began; nothing was kept.")


def _surface_points(placed: list[PlacedShape], rng: np.random.Generator) -> list[Tensor]:
    points = []
    for index, shape in enumerate(placed):
        surface = shape.on_surface(CHECK_POINTS, rng)
        points.append(torch.from_numpy(np.column_stack([surface, np.full(len(surface), index)]).astype(np.float32)))
    return points


@dataclass(frozen=True)
class _Settled:
    """What a morph has beside its network, known before the training."""

    shapes: list[Shape]
    motion: Motion
    blends: list[Blend]

    def morph(
        self, job: Job, layers: list[tuple[Tensor, Tensor]], parameters: dict[str, Tensor], device: torch.device
    ) -> Morph:
        return Morph(job, layers, self.motion.to(device), parameters, self._smallest_parts, self.shapes, self.blends)

    @cached_property
    def _smallest_parts(self) -> list[float]:
        return [smallest_part(shape) for shape in self.shapes]


@dataclass
class _Fit:
    """One run of the optimiser."""

    job: Job
    settled: _Settled
    ends: Samples
    between: Samples | None
    surface: list[Tensor]
    device: torch.device
    notify: Notify
    should_stop: Callable[[], bool]
    checkpoint: Path | None
    look: Look | None

    def run(self) -> Morph:
        settings = self.job.training
        network = build(self.job.network, settings.seed).to(self.device)
        self._warm_start(network)
        paper = settings.recipe == "paper"
        loss = square_loss if paper else absolute_loss
        if settings.loss != "distance":
            loss = label_loss(settings, self.ends.values)
        gradients = BatchGradients(network, loss, settings.smoothness, settings.threads or usable_cores())
        optimiser = MuonAdam(network, settings.rate, muon=not paper)
        batches = _Batches(self.ends, self.between, settings.batch, self.job.guide.share, settings.seed, self.device)
        try:
            with one_torch_thread():
                self._optimise(network, gradients, optimiser, batches, paper)
        finally:
            gradients.close()
        return dataclasses.replace(self._morph(network), detail_bound=self._detail_bound(network))

    @torch.no_grad()
    def _detail_bound(self, network: nn.Module) -> float:
        """How far the finished network may be from what it was fitted to, seen at the samples near the surface."""
        bounds = [SMALLEST_BOUND]
        for samples in filter(None, (self.ends, self.between)):
            for start in range(0, len(samples), CHECK_CHUNK):
                points, values = (part[start : start + CHECK_CHUNK] for part in (samples.points, samples.values))
                near = values.abs().squeeze(1) < NEAR
                learned = network(points[near].to(self.device)).cpu()
                bounds.append(bound_for(values[near], learned))
        return max(bounds)

    def _optimise(
        self, network: nn.Module, gradients: BatchGradients, optimiser: MuonAdam, batches: _Batches, paper: bool
    ) -> None:
        settings = self.job.training

        def one_step() -> Tensor:
            loss, slopes = gradients(*batches.draw())
            optimiser.step(slopes)
            return loss

        take_step = one_step
        if self.device.type == "cuda":
            torch.set_float32_matmul_precision("high")
            optimiser.set_rate(rate_at(0.0, constant=paper))
            take_step = captured(one_step, batches.generator)
        watch = SpectrumWatch(network)
        started = reported = saved = clock.monotonic()
        step, batch_loss = 0, torch.zeros(())
        while True:
            now = clock.monotonic()
            progress = self._progress(step, now - started)
            if step == 0 or now - reported > REPORT_SECONDS or progress >= 1:
                reported = now
                error = self._end_error(network)
                left = (now - started) * (1 - progress) / progress if progress > 0.02 else None
                loss = float(batch_loss) if step else None
                if step and not np.isfinite(float(batch_loss)):
                    raise TrainingError("The training diverged; lower training.rate or choose another activation.")
                self.notify(Progress("train", progress, loss, error, left, watch.look()))
                if self.should_stop():
                    self._keep(network)
                    raise Cancelled("Stopped; what was learned so far is kept in the model file.")
                if progress >= 1 or error < settings.tolerance:
                    return
                if self.look is not None:
                    self.look(lambda: self._morph(network))
                if now - saved > CHECKPOINT_SECONDS:
                    saved = now
                    self._keep(network)
            optimiser.set_rate(rate_at(progress, constant=paper))
            batch_loss = take_step()
            step += 1

    def _progress(self, step: int, elapsed: float) -> float:
        settings = self.job.training
        by_steps = step / settings.steps if settings.steps else 0.0
        by_time = elapsed / settings.seconds if settings.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    @torch.no_grad()
    def _end_error(self, network: nn.Module) -> float:
        """Mean |f| on the shapes' surfaces, the worst shape's, in % of its diagonal."""
        errors = []
        for points in self.surface:
            diagonal = float((points[:, :3].amax(0) - points[:, :3].amin(0)).norm())
            errors.append(float(network(points.to(self.device)).abs().mean()) / diagonal * 100)
        return max(errors)

    def _warm_start(self, network: nn.Module) -> None:
        if not self.job.training.start_from:
            return
        earlier = Morph.load(Path(self.job.training.start_from))
        try:
            network.load_state_dict(earlier.parameters)
        except RuntimeError as error:
            raise JobError(
                "training.start_from holds a network of another family or size; use the settings it was trained with."
            ) from error

    def _keep(self, network: nn.Module) -> None:
        if self.checkpoint is not None:
            self._morph(network).save(self.checkpoint)

    def _morph(self, network: nn.Module) -> Morph:
        layers = condense(network)  # type: ignore[arg-type]
        parameters = {name: values.detach().clone() for name, values in network.state_dict().items()}
        return self.settled.morph(self.job, layers, parameters, self.device)


class _Batches:
    """Random batches, a fixed share of them in between the shapes; all data stays on the device."""

    def __init__(
        self, ends: Samples, between: Samples | None, batch: int, share: float, seed: int, device: torch.device
    ) -> None:
        self._pools = [(ends.to(device), batch)]
        if between is not None:
            middle = round(batch * share)
            self._pools = [(ends.to(device), batch - middle), (between.to(device), middle)]
        self.generator = torch.Generator(device).manual_seed(seed)
        self._device = device

    def draw(self) -> tuple[Tensor, Tensor]:
        points, values = [], []
        for pool, count in self._pools:
            chosen = torch.randint(len(pool), (count,), generator=self.generator, device=self._device)
            points.append(pool.points[chosen])
            values.append(pool.values[chosen])
        return torch.cat(points), torch.cat(values)
