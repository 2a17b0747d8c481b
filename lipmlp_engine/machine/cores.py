"""How many cores this process may use. Standard library only."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Those the process is allowed on, where the system says; else all there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
