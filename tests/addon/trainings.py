"""A training with the fake engine, as the add-on's tests start and follow it."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.fake_engine import fake_python

from .conftest import MODULE


def part(name: str) -> ModuleType:
    return importlib.import_module(f"{MODULE}.{name}")


@pytest.fixture
def fake(
    lipmorph: ModuleType, engine_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """The add-on with the fake engine, which behaves as the test says; afterwards nothing of it runs any more."""
    monkeypatch.setenv("LIPMORPH_PYTHON", str(fake_python(tmp_path, str(engine_python))))
    monkeypatch.delenv("LIPMORPH_FAKE", raising=False)
    bpy.context.scene.lipmorph.extraction.frames = 4
    yield lambda how: monkeypatch.setenv("LIPMORPH_FAKE", how)
    runtime = part("runtime").runtime
    runtime.close()
    runtime.queue.jobs.clear()
    runtime.announcements.clear()
    runtime.writing = None


def enqueue() -> Any:
    """What the operator does in a window, without one."""
    request, gather = part("request"), part("scene.gather")
    context = bpy.context
    objects = request.chain(context)
    folder = request.new_folder("test")
    order = request.order_from(context, "Morph", [item.name for item in objects], gather.slots(objects))
    job = part("job_queue").MorphJob(request.title_of(objects), folder, order)
    job.write(request.job_from(context.scene.lipmorph, gather.gather(context, objects, folder), []))
    part("runtime").runtime.enqueue(job)
    return job


def tick_until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        part("runtime").runtime.tick()
        time.sleep(0.01)


def names() -> set[str]:
    return {item.name for item in bpy.data.objects}


class Windowed:
    """bpy as it says of itself in a window, where previews are asked for."""

    class app:
        background = False
        is_job_running = staticmethod(bpy.app.is_job_running)

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy, name)
