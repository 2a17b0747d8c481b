"""A stand-in for the engine, for tests of whatever starts one."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().with_name("engine.py")


def fake_python(folder: Path, python: str = sys.executable) -> Path:
    """An executable that can be named as the engine's Python and answers as the fake engine.

    It starts without site packages (-S) and needs no numpy: a third of the time, and tests start it hundreds of times.
    """
    path = folder / "fake_python"
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(python)} -S {shlex.quote(str(SCRIPT))} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return path
