"""An engine that prints without end is stopped, and neither Blender's memory nor its patience is used up by it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.engine.staged_addon import behave, events_of, job_path, part, python, start
from tests.processes import is_gone

resource = pytest.importorskip("resource")
__all__ = ["behave", "job_path", "part", "python", "start"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


@pytest.mark.parametrize("behaviour", ["flood_noise", "flood_line", "flood_events", "flood_log"])
def test_a_flood_is_stopped(
    behaviour: str,
    start: Callable[[], Any],
    behave: Callable[[str], None],
    part: Callable[[str], ModuleType],
    job_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(part("engine_process"), "FLOOD_SECONDS", 0.5)
    monkeypatch.setattr(part("line_buffer"), "LINES_AT_ONCE", 100)
    monkeypatch.setattr(part("engine_process"), "LINES_AT_ONCE", 100)
    monkeypatch.setattr(part("process_group"), "MOST_LOG_BYTES", 1 << 20)
    behave(behaviour)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    engine = start()
    events = events_of(engine)
    assert events[-1].kind == "failed" and "prints without end" in events[-1].message
    assert is_gone(engine.pid)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150_000  # kB
    assert (job_path.parent / "engine.log").stat().st_size < 300 << 20


def test_no_more_is_fetched_at_once_and_kept_than_agreed(part: Callable[[str], ModuleType]) -> None:
    module = part("line_buffer")
    buffer = module.LineBuffer()
    line = "x" * 1000
    printing = threading.Thread(target=lambda: [buffer.put(line) for _ in range(30_000)])
    printing.start()
    time.sleep(0.3)
    assert printing.is_alive()  # it waits for room
    fetched = [buffer.take() for _ in range(20)]
    assert max(map(len, fetched)) == module.LINES_AT_ONCE
    buffer.close()
    printing.join(5)
    assert not printing.is_alive()


def test_many_messages_after_a_long_silence_are_no_flood(
    start: Callable[[], Any], part: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when Blender has rendered meanwhile and listened to nobody."""
    monkeypatch.setattr(part("engine_process"), "FLOOD_SECONDS", 0.5)
    monkeypatch.setattr(part("engine_process"), "NOT_LISTENED_SECONDS", 1.0)
    engine = start()
    time.sleep(1.5)
    assert events_of(engine)[-1].kind == "done"
