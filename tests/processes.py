"""Whether processes are still there, for every ring that must see them end."""

from __future__ import annotations

import os
import time
from pathlib import Path


def is_gone(pid: int, seconds: float = 30.0) -> bool:
    """Whether a process ends within a time; one that only waits for its parent to notice counts as gone."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{pid}/stat")
        if status.exists() and status.read_text().rsplit(")", 1)[-1].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False
