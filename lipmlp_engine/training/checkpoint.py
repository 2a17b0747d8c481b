"""Where a training stands when it is interrupted, and whether one that stands in a model file is a job's own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from .. import __version__
from ..files.model_metadata import read_metadata
from ..job.description import Job
from ..job.errors import EngineError
from ..job.sections import Training
from ..machine.device_choice import choose_device
from ..model.trained_morph import Morph
from ..shapes.shape import Shape
from .optimiser import MuonAdam


def standing(step: int, seconds: float, optimiser: MuonAdam, generator: torch.Generator) -> dict[str, Tensor]:
    """All but the network of what the next step depends on."""
    remembered = {f"optimiser.{number}": values for number, values in enumerate(optimiser.state)}
    counts = torch.tensor([step, seconds], dtype=torch.float64)
    return {"counts": counts, "generator": generator.get_state(), **remembered}


def restored(kept: dict[str, Tensor], optimiser: MuonAdam, generator: torch.Generator) -> tuple[int, float]:
    """Put optimiser and random numbers where they stood; returns the steps and the seconds that were behind them."""
    for number, values in enumerate(optimiser.state):
        values.copy_(kept[f"optimiser.{number}"])
    state = kept["generator"].cpu()
    # That of another kind of device is of no use here.
    if state.numel() == generator.get_state().numel():
        generator.set_state(state)
    step, seconds = kept["counts"].tolist()
    return int(step), float(seconds)


def unfinished_in(path: Path, job: Job, shapes: list[Shape]) -> Morph | None:
    """The training of this job that stands in a model file, where one was interrupted."""
    morph = _of_this_training(path, job, shapes)
    return morph if morph is not None and "counts" in morph.unfinished else None


def finished_in(path: Path, job: Job, shapes: list[Shape]) -> Morph | None:
    """The finished morph of this job's training, where a model file holds it."""
    morph = _of_this_training(path, job, shapes, choose_device(job.training.device))
    return morph if morph is not None and not morph.unfinished else None


def _of_this_training(path: Path, job: Job, shapes: list[Shape], device: torch.device | str = "cpu") -> Morph | None:
    try:
        if read_metadata(path).get("engine") != __version__:
            return None
        morph = Morph.load(path, device)
    except EngineError:
        return None  # whatever it is, the training can begin anew
    same = _fingerprint(morph.job) == _fingerprint(job) and len(morph.shapes) == len(shapes)
    return morph if same and all(map(_alike, morph.shapes, shapes)) else None


def _fingerprint(job: Job) -> str:
    """That of a training wherever it runs: another machine may lend it more threads."""
    return dataclasses.replace(
        job, training=dataclasses.replace(job.training, threads=Training().threads)
    ).training_hash()


def _alike(kept: Shape, read: Shape) -> bool:
    """Whether the file that a shape was read from is still the same."""
    before, now = kept.arrays(), read.arrays()
    return before.keys() == now.keys() and all(np.array_equal(before[name], now[name]) for name in now)
