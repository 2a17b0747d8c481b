"""Jobs that take a second or two, and the engine as a process, for the tests of runs and commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import trimesh

from lipmlp_engine.job.events import (
    Event,
    event_from_line,
)
from lipmlp_engine.running.channel import Audience

ROOT = Path(__file__).parents[2]
SMALL: dict[str, dict[str, Any]] = {
    "sampling": {"points": 3000},
    "network": {"width": 32, "depth": 3},
    "guide": {"kind": "none"},
    "training": {"steps": 150, "batch": 256, "device": "cpu", "threads": 1},
    "extraction": {"resolution": 32, "frames": 3},
    "output": {"pictures": False},
}
SMALL_OPTIONS = [
    f"--set={section}.{name}={value}" for section, values in SMALL.items() for name, value in values.items()
]
ENDLESS = {"training": {"steps": 1_000_000}}


def write_shapes(folder: Path) -> list[Path]:
    """A box and a ball as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "box.stl", folder / "ball.obj"]
    trimesh.creation.box((1.0, 1.0, 1.0)).export(paths[0])
    trimesh.creation.icosphere(subdivisions=3, radius=0.6).export(paths[1])
    return paths


def write_job(folder: Path, **sections: Any) -> Path:
    """A small job in a folder of its own, with its shapes; sections add to or replace what is small."""
    shapes = [{"path": path.name, "name": path.stem} for path in write_shapes(folder)]
    values: dict[str, Any] = {"shapes": shapes}
    for section in SMALL.keys() | sections.keys():
        given = sections.get(section, {})
        values[section] = {**SMALL.get(section, {}), **given} if isinstance(given, dict) else given
    path = folder / "job.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def command(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", "lipmlp_engine", *map(str, arguments)]


def surroundings() -> dict[str, str]:
    """The environment in which the engine of this checkout is found from every folder."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


def engine(*arguments: Any, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run the engine to its end."""
    return subprocess.run(
        command(*arguments), capture_output=True, text=True, encoding="utf-8", env=surroundings(), timeout=180, **how
    )


class Following:
    """A running engine whose events are read as they come."""

    def __init__(self, *arguments: Any) -> None:
        self.process = subprocess.Popen(
            command(*arguments),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=surroundings(),
            text=True,
            encoding="utf-8",
        )
        self.events: list[Event] = []

    def until(self, wanted: Any) -> Event:
        """Read events until one for which ``wanted`` is true."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(event_from_line(line))
            if wanted(self.events[-1]):
                return self.events[-1]
        raise AssertionError(f"The engine ended after {self.events[-3:]}: {self._errors()}")

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Read what is left and wait; returns the exit code. stdin stays open until then."""
        assert self.process.stdout is not None
        self.events += [event_from_line(line) for line in self.process.stdout]
        code = self.process.wait(timeout=60)
        self.close()
        return code

    def close(self) -> None:
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _errors(self) -> str:
        assert self.process.stderr is not None
        return self.process.stderr.read()


class Recorder(Audience):
    """Hears a job in this process."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        self.events.append(event)
