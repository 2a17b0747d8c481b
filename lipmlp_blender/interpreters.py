"""Where a Python for the engine may be found on this machine, and what each can do. No bpy in here."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .lipmlp_engine.job.hearsay import HearsayError, built, parsed_group
from .lipmlp_engine.machine.programs import find_program

VERSIONS = ((3, 12), (3, 13), (3, 11))
"""Pythons for which all the engine's packages exist, the best tried first."""
LONGEST_ANSWER = 20_000
SHOWN_VERSIONS = "3.11, 3.12 or 3.13"

PROBE = (
    "import json, sys\n"
    "answer = {'version': list(sys.version_info[:2]), 'path': sys.executable}\n"
    "answer['implementation'] = sys.implementation.name\n"
    "try:\n    import venv, ensurepip\n    answer['makes_environments'] = True\n"
    "except ImportError:\n    answer['makes_environments'] = False\n"
    "print(json.dumps(answer))"
)
"""What a candidate is asked to run."""


@dataclass(frozen=True)
class Interpreter:
    """A Python that has answered."""

    path: Path
    version: tuple[int, int]
    makes_environments: bool

    @property
    def suits(self) -> bool:
        return self.version in VERSIONS


@dataclass(frozen=True)
class _Answer:
    """What the probe prints."""

    version: tuple[int, int]
    path: str
    implementation: str
    makes_environments: bool


def interpreter_from(answer: str) -> Interpreter | None:
    """Read what a candidate has printed; None for whatever is no answer of a Python."""
    for line in answer.splitlines():
        try:
            answer_of = built(_Answer, parsed_group(line, LONGEST_ANSWER))
        except HearsayError:
            continue
        if answer_of.implementation != "cpython" or not os.path.isabs(answer_of.path):
            return None
        return Interpreter(Path(answer_of.path), answer_of.version, answer_of.makes_environments)
    return None


def candidates(own: Iterable[Path] = ()) -> list[Path]:
    """Executables worth asking, the best first; ``own`` are Blender's, which come last because they move with it."""
    found: dict[str, Path] = {}
    for path in [*_on_path(), *_in_usual_places(), *own]:
        if path.is_file() and os.access(path, os.X_OK):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def uv_executable() -> Path | None:
    """The installer uv, where the user has it."""
    home = Path.home()
    return find_program("uv", [home / ".local" / "bin", home / ".cargo" / "bin", Path("/opt/homebrew/bin")])


def _on_path() -> Iterator[Path]:
    for name in [*(f"python{major}.{minor}" for major, minor in VERSIONS), "python3", "python"]:
        found = find_program(name)
        if found is not None:
            yield found


def _in_usual_places() -> Iterator[Path]:
    """Applications that a desktop starts often see a shorter PATH than a terminal does."""
    for major, minor in VERSIONS:
        if sys.platform == "darwin":
            yield Path(f"/opt/homebrew/bin/python{major}.{minor}")
            yield Path(f"/usr/local/bin/python{major}.{minor}")
            yield Path(f"/Library/Frameworks/Python.framework/Versions/{major}.{minor}/bin/python3")
        elif sys.platform == "win32":
            if os.environ.get("LOCALAPPDATA"):
                programs = Path(os.environ["LOCALAPPDATA"]) / "Programs" / "Python"
                yield programs / f"Python{major}{minor}" / "python.exe"
            yield Path(os.environ.get("PROGRAMFILES", r"C:\Program Files")) / f"Python{major}{minor}" / "python.exe"
        else:
            yield Path(f"/usr/bin/python{major}.{minor}")
            yield Path(f"/usr/local/bin/python{major}.{minor}")
