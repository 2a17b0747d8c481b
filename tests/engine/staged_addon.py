"""The extension as it is packed, staged for tests that need no Blender, and its engine process with the fake engine."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import build_addon
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from tests.fake_engine import fake_python

PACKAGE = "lipmorph_staged"


@pytest.fixture(scope="session")
def part(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], ModuleType]]:
    """Import a module of the add-on out of the packed extension, where its imports of the engine resolve."""
    folder = tmp_path_factory.mktemp("staged")
    build_addon.stage(folder / PACKAGE)
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"{PACKAGE}.{name}")
    sys.path.remove(str(folder))


@pytest.fixture
def python(tmp_path: Path) -> Path:
    return fake_python(tmp_path)


@pytest.fixture
def behave(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda how: monkeypatch.setenv("LIPMORPH_FAKE", how)


@pytest.fixture
def job_path(tmp_path: Path) -> Path:
    folder = tmp_path / "job"
    folder.mkdir()
    job = Job(shapes=[ShapeInput("a.npz", "A"), ShapeInput("b.npz", "B")])
    job.extraction.frames = 4
    job.write(folder / "job.json")
    return folder / "job.json"


@pytest.fixture
def start(part: Callable[[str], ModuleType], python: Path, job_path: Path) -> Iterator[Callable[[], Any]]:
    """Start an engine; whatever is left of it at the end of the test is ended."""
    started = []

    def start() -> Any:
        started.append(
            part("engine_process").EngineProcess(python, Path("bundled"), job_path.parent, ["run", str(job_path)])
        )
        return started[-1]

    yield start
    for engine in started:
        engine.kill()


def events_of(engine: Any, seconds: float = 60.0) -> list[Any]:
    """Everything the engine says until it has said its last word."""
    events: list[Any] = []
    end = time.monotonic() + seconds
    while not engine.finished:
        assert time.monotonic() < end, f"no end after {events[-3:]}"
        events += engine.poll()
        time.sleep(0.01)
    return events


def kinds(events: list[Any]) -> list[str]:
    return [event.kind for event in events]
