"""Which processors torch finds here, and what they are called; knows nothing of jobs."""

from __future__ import annotations

import platform
from dataclasses import dataclass

from .cores import usable_cores


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


def device_name(kind: str) -> str:
    """What a kind of device is here, for people."""
    return next((device.name for device in available_devices() if device.kind == kind), kind)


def _processor_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine() or "CPU"
