"""Which device trains."""

from __future__ import annotations

import torch

from ..job.errors import JobError


def choose_device(name: str) -> torch.device:
    """The device a job asks for; "auto" takes an NVIDIA GPU where there is one, else the CPU.

    Apple's GPU must be asked for by name: that path is written but untested.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise JobError("training.device is 'cuda', but torch finds no NVIDIA GPU here; use 'auto' or 'cpu'.")
    if name == "mps" and not torch.backends.mps.is_available():
        raise JobError("training.device is 'mps', but torch finds no Apple GPU here; use 'auto' or 'cpu'.")
    return torch.device(name)
