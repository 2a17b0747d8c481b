"""Fits a network to its targets: one run of the optimiser, and fewer samples at once where memory runs out."""

from __future__ import annotations

import dataclasses
import time as clock
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..job.description import Job
from ..job.errors import Cancelled, JobError, TrainingError
from ..job.events import Progress
from ..machine.cores import usable_cores
from ..model.trained_morph import Morph
from ..networks import build
from ..networks.plain_export import condense
from ..surface.field import one_torch_thread
from .checkpoint import restored, standing, unfinished_in
from .cuda_graph import captured
from .follower import Follower
from .gradients import BatchGradients, absolute_loss, square_loss
from .known import Known
from .label_losses import label_loss
from .optimiser import MuonAdam, rate_at
from .singular_values import SpectrumWatch
from .targets import Batches, Targets

REPORT_SECONDS = 0.25
"""Between reports of the loss. Chosen: faster than anybody reads."""
SHOWN = 2.0
"""End error, in % of the diagonal, from which on the morph is shown as it stands. Chosen: what is untrained is any
surface, and on a slow machine it stood for minutes where the guide's had been."""
CHECKPOINT_SECONDS = 30.0
"""Between checkpoints: what a killed job loses at most. Chosen."""
SMALLEST_BATCH = 512
"""A GPU that cannot hold this many samples is given up for the CPU. Chosen."""


def fitted(job: Job, known: Known, targets: Targets, device: torch.device, follower: Follower) -> Morph:
    """The morph whose network has learned the targets; smaller batches, and in the end the CPU, where a GPU is full."""
    while True:
        try:
            kept = follower.checkpoint if follower.resume else None
            earlier = unfinished_in(kept, job, known.shapes) if kept else None
            return _Fit(job, known, targets, device, follower, earlier).run()
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            job, device = _smaller(job, device, follower)


def _smaller(job: Job, device: torch.device, follower: Follower) -> tuple[Job, torch.device]:
    """What to try after the device ran out of memory: half the batch, and in the end the CPU."""
    if job.training.batch // 2 >= SMALLEST_BATCH:
        job = dataclasses.replace(job, training=dataclasses.replace(job.training, batch=job.training.batch // 2))
        follower.note(f"The GPU ran out of memory; going on with batches of {job.training.batch} samples.")
        return job, device
    follower.note("The GPU ran out of memory even with small batches; going on with the CPU.")
    return job, torch.device("cpu")


@dataclass(frozen=True)
class _Fit:
    """One run of the optimiser."""

    job: Job
    known: Known
    targets: Targets
    device: torch.device
    follower: Follower
    earlier: Morph | None = None
    """The same training, as far as it came before it was interrupted."""

    def run(self) -> Morph:
        settings = self.job.training
        network = build(self.job.network, settings.seed).to(self.device)
        self._warm_start(network)
        paper = settings.recipe == "paper"
        loss = square_loss if paper else absolute_loss
        if settings.loss != "distance":
            loss = label_loss(settings, self.targets.ends.values)
        gradients = BatchGradients(network, loss, settings.smoothness, settings.threads or usable_cores())
        optimiser = MuonAdam(network, settings.rate, muon=not paper)
        batches = Batches(self.targets, settings.batch, self.job.guide.share, settings.seed, self.device)
        try:
            with one_torch_thread():
                self._optimise(network, gradients, optimiser, batches, paper)
        finally:
            gradients.close()
        return self._with_detail(network)

    def _with_detail(self, network: nn.Module) -> Morph:
        """The morph as it stands, with as much of the shapes' detail as leads from it to what it is fitted to."""
        bound = self.targets.detail_bound(network, self.device)
        return dataclasses.replace(self._morph(network), detail_bound=bound)

    def _optimise(
        self, network: nn.Module, gradients: BatchGradients, optimiser: MuonAdam, batches: Batches, paper: bool
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
        began = reported = saved = clock.monotonic()
        step, elapsed, batch_loss = 0, 0.0, torch.zeros(())
        if self.earlier is not None:
            step, elapsed = restored(self.earlier.unfinished, optimiser, batches.generator)
        first, started = step, began - elapsed
        while True:
            now = clock.monotonic()
            progress = self._progress(step, now - started)
            if step == first or now - reported > REPORT_SECONDS or progress >= 1:
                reported = now
                error = self.targets.end_error(network, self.device)
                left = (now - started) * (1 - progress) / progress if progress > 0.02 else None
                loss = float(batch_loss) if step > first else None
                # The loss is that before the step, the error that of what is kept.
                if not np.isfinite(error) or (loss is not None and not np.isfinite(loss)):
                    raise TrainingError("The training diverged; lower training.rate or choose another activation.")
                self.follower.notify(Progress("train", progress, loss, error, left, watch.look()))
                if self.follower.should_stop():
                    self._keep(network, standing(step, now - started, optimiser, batches.generator))
                    raise Cancelled("Stopped; what was learned so far is kept in the model file.")
                if progress >= 1 or error < settings.tolerance:
                    return
                if error < SHOWN:
                    self.follower.see(lambda: self._with_detail(network))
                if now - saved > CHECKPOINT_SECONDS:
                    saved = now
                    self._keep(network, standing(step, now - started, optimiser, batches.generator))
            optimiser.set_rate(rate_at(progress, constant=paper))
            batch_loss = take_step()
            step += 1

    def _progress(self, step: int, elapsed: float) -> float:
        settings = self.job.training
        by_steps = step / settings.steps if settings.steps else 0.0
        by_time = elapsed / settings.seconds if settings.seconds else 0.0
        return min(1.0, max(by_steps, by_time))

    def _keep(self, network: nn.Module, unfinished: dict[str, Tensor]) -> None:
        self.follower.keep(lambda: dataclasses.replace(self._morph(network), unfinished=unfinished))

    def _warm_start(self, network: nn.Module) -> None:
        if self.earlier is not None:
            network.load_state_dict(self.earlier.parameters)
            return
        if not self.job.training.start_from:
            return
        earlier = Morph.load(Path(self.job.training.start_from))
        try:
            network.load_state_dict(earlier.parameters)
        except RuntimeError as error:
            raise JobError(
                "training.start_from holds a network of another family or size; use the settings it was trained with."
            ) from error

    def _morph(self, network: nn.Module) -> Morph:
        layers = condense(network)  # type: ignore[arg-type]
        parameters = {name: values.detach().clone() for name, values in network.state_dict().items()}
        return self.known.morph(self.job, layers, parameters, self.device)
