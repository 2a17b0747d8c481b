"""Starts the engine of a job as the preferences say, and keeps one ready for the next where they say that too."""

from __future__ import annotations

from pathlib import Path

import bpy

from .engine_process import EngineProcess
from .job_queue import MorphJob
from .lipmlp_engine.job.errors import EngineError
from .preferences import ENGINE_FOLDER, chosen_python, engine_home, preferences, user_folder
from .redraw import redraw_panels
from .standby import Standby, StandbyState, Start

LOOK_SECONDS = 0.5

standby = Standby()


def start_engine(job: MorphJob) -> EngineProcess:
    """The engine for a job, the one that waits where there is one; raises EngineError where no Python runs it."""
    python = chosen_python()
    if python.path is None:
        raise EngineError(python.sentence)
    waiting = standby.take(_start_of(python.path), job.arguments)
    return EngineProcess(python.path, ENGINE_FOLDER, job.folder, job.arguments, waiting, _keeps())


def keep_engine_ready() -> None:
    """Start an engine that waits for its job, where the user wants that; never without a window."""
    python = chosen_python()
    if bpy.app.background or not preferences().keep_ready or python.path is None:
        return
    standby.prepare(_start_of(python.path), user_folder() / "standby.log")
    if not bpy.app.timers.is_registered(_mind):
        bpy.app.timers.register(_mind, first_interval=LOOK_SECONDS, persistent=True)


def let_engine_go() -> None:
    """End the engine that waits."""
    standby.close()
    if bpy.app.timers.is_registered(_mind):
        bpy.app.timers.unregister(_mind)


def _start_of(python: Path) -> Start:
    marks = ENGINE_FOLDER / "__init__.py", engine_home().marker
    return Start.of(python, ENGINE_FOLDER, *marks, environment=_keeps())


def _keeps() -> dict[str, str]:
    """Where an engine keeps what it finds for later jobs."""
    return {"LIPMORPH_SURFACES": str(engine_home().surfaces)}


def _mind() -> float | None:
    """Hear of the engine that waits, and end it when it has waited long enough."""
    if standby.tick():
        redraw_panels()
    return None if standby.state is StandbyState.NONE else LOOK_SECONDS
