"""What this machine has for a batch: cores, memory and GPUs, found without torch; and what a process gets of it.

The rule: as many processes side by side as have a core each, fit into the memory that is free, and find a GPU where
they want one. The cores are shared out among them; when fewer are left to do than there are cores, each gets more.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..job.description import Job
from ..machine.cores import usable_cores
from ..machine.memory import FRACTION, memory_limit
from ..machine.programs import find_program, neutral_folder


@dataclass(frozen=True)
class Capacity:
    """What may be used here."""

    cores: int
    memory: float
    """Bytes; infinite where nobody knows."""
    gpus: tuple[str, ...] = ()
    """By the name that CUDA_VISIBLE_DEVICES takes, once for every process that may use it at once."""
    most: int = 0
    """Processes side by side at most; 0 for what the rest allows."""


def capacity_here(*, cores: int = 0, memory: float = 0.0, gpu_jobs: int = 1, most: int = 0) -> Capacity:
    """What this machine has, or as much of it as is given; ``memory`` in bytes."""
    return Capacity(
        cores or usable_cores(),
        memory or _free_memory(),
        tuple(name for name in _gpus() for _ in range(gpu_jobs)),
        most,
    )


def gpus_of(job: Job, there: bool) -> int:
    """How many GPUs a job takes that does not say so itself; ``there``: whether there are any."""
    return int(job.training.device == "cuda" or (job.training.device == "auto" and there))


def _free_memory() -> float:
    limit = memory_limit()
    most = FRACTION * limit.bytes if limit is not None else float("inf")
    with suppress(OSError, ValueError, IndexError):
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return min(most, FRACTION * int(line.split()[1]) * 1024)
    return most


def _gpus() -> list[str]:
    """NVIDIA's GPUs that a process started from here may see."""
    allowed = os.environ.get("CUDA_VISIBLE_DEVICES")
    if allowed is not None:
        return [name for name in (part.strip() for part in allowed.split(",")) if name and not name.startswith("-")]
    program = find_program("nvidia-smi")
    if program is None:
        return []
    try:
        answer = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=20, check=True, cwd=neutral_folder()
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(number) for number, line in enumerate(answer.stdout.splitlines()) if line.startswith("GPU ")]
