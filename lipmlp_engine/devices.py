"""Which processors torch can train on here, and which one a job gets; knows nothing of jobs' contents."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from .errors import JobError


@dataclass(frozen=True)
class Device:
    """A processor that torch can use."""

    kind: str
    """``cpu``, ``cuda`` or ``mps``, as a job names it and as torch does."""
    name: str
    memory: int = 0
    """Bytes of its own; 0 where it shares the machine's."""


def available_devices() -> list[Device]:
    """What is here, the fastest first."""
    import torch

    found = []
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        found.append(Device("cuda", properties.name, int(properties.total_memory)))
    if torch.backends.mps.is_available():
        found.append(Device("mps", f"Apple GPU ({platform.processor() or platform.machine()})"))
    return [*found, Device("cpu", f"{_processor_name()}, {usable_cores()} cores")]


def choose_device(wanted: str) -> Device:
    """The device a job asks for; ``auto`` takes the fastest that is known to work."""
    devices = available_devices()
    if wanted == "auto":
        return next(device for device in devices if device.kind != "mps")
    for device in devices:
        if device.kind == wanted:
            return device
    here = ", ".join(device.kind for device in devices)
    raise JobError(f"training.device is '{wanted}', but torch finds no such device here; it finds {here}.")


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "CPU"
