"""The engine's own Python environment: where it lies, whether it can be trusted, how it is removed. No bpy in here."""

from __future__ import annotations

import enum
import hashlib
import json
import os
import shutil
import threading
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .lipmlp_engine.job.hearsay import read_group

PYTHON_VARIABLE = "LIPMORPH_PYTHON"
"""Names the engine's Python on farms and in tests, over the preferences."""


LARGEST_MARKER = 1_000_000


class EnvironmentState(enum.Enum):
    """What is there of the environment."""

    MISSING = "The engine is not set up yet."
    INTERRUPTED = "The engine's set-up was interrupted; repair it to go on."
    BROKEN = "The engine's Python is gone; repair the engine."
    OUTDATED = (
        "The engine's packages are of an older version of the add-on; repair the engine to bring them up to date."
    )
    READY = "The engine is set up."


@dataclass(frozen=True)
class EngineHome:
    """The folder under the user's Blender configuration that belongs to the engine, and what lies in it."""

    folder: Path
    engine_folder: Path
    """The bundled package lipmlp_engine."""

    @property
    def environment(self) -> Path:
        return self.folder / "environment"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        if os.name == "nt":
            return self.environment / "Scripts" / "python.exe"
        return self.environment / "bin" / "python"

    @property
    def surfaces(self) -> Path:
        """Where the engine keeps the surfaces that it found through points."""
        return self.folder / "surfaces"

    @property
    def log(self) -> Path:
        return self.folder / "setup.log"

    @property
    def marker(self) -> Path:
        """Written last, when the doctor has passed: without it the environment is not trusted."""
        return self.folder / "ready.json"

    @property
    def lock(self) -> Path:
        return self.folder / "setup.lock"

    @property
    def locked(self) -> Path:
        """The folder of lists of exact packages."""
        return self.engine_folder / "locked"

    def state(self) -> EnvironmentState:
        if not self.environment.exists():
            return EnvironmentState.MISSING
        marker = self.read_marker()
        if marker is None:
            return EnvironmentState.INTERRUPTED
        if not self.python.exists():
            return EnvironmentState.BROKEN
        if marker.get("requirements") != self.requirements_hash():
            return EnvironmentState.OUTDATED
        return EnvironmentState.READY

    def requirements_hash(self) -> str:
        """What tells the lists of one version of the add-on from those of another."""
        digest = hashlib.sha256()
        try:
            for path in sorted(self.locked.glob("*.txt")):
                digest.update(path.read_bytes())
        except OSError:
            return ""
        return digest.hexdigest()[:16]

    def read_marker(self) -> dict[str, Any] | None:
        try:
            return read_group(self.marker, LARGEST_MARKER)
        except (OSError, ValueError):
            return None

    def write_marker(self, doctor: dict[str, Any]) -> None:
        """Say that the environment works, with what the doctor has found; whole or not at all."""
        draft = self.marker.with_suffix(".part")
        draft.write_text(json.dumps({"requirements": self.requirements_hash(), "doctor": doctor}), encoding="utf-8")
        os.replace(draft, self.marker)

    def remove_environment(self) -> None:
        """Take the environment away; at once for whoever looks, in the background for the disk."""
        self.marker.unlink(missing_ok=True)
        shutil.rmtree(self.surfaces, ignore_errors=True)
        if self.environment.exists():
            doomed = self.folder / f"removed-{uuid.uuid4().hex[:8]}"
            self.environment.rename(doomed)
        for leftover in self.folder.glob("removed-*"):
            threading.Thread(target=shutil.rmtree, args=(leftover, True), name="lipmorph-remove", daemon=True).start()


@dataclass(frozen=True)
class EnginePython:
    """The Python that runs the engine, or why there is none."""

    path: Path | None
    sentence: str = ""
    own: bool = field(default=False)
    """Whether it is the environment that the add-on has set up."""


def engine_python(home: EngineHome, chosen: str) -> EnginePython:
    """The Python to use: the environment variable's, the preferences', or that of the add-on's own environment."""
    named = os.environ.get(PYTHON_VARIABLE, "")
    for source, value in ((f"the variable {PYTHON_VARIABLE}", named), ("the add-on's preferences", chosen)):
        if value:
            path = Path(value).expanduser()
            if not path.is_absolute() or value.startswith("//"):
                return EnginePython(None, f"The Python that {source} names must be named in full, not as {value}.")
            if not path.is_file():
                return EnginePython(None, f"The Python that {source} names is not there: {path}.")
            return EnginePython(path)
    state = home.state()
    if state is EnvironmentState.READY:
        return EnginePython(home.python, own=True)
    return EnginePython(None, state.value, own=True)
