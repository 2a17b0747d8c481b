"""Many jobs at once without a window: the engine's batch does them side by side, and each hears what became of it."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from .blocking import POLL_SECONDS
from .engine_process import EngineProcess
from .job_queue import JobState, MorphJob
from .lipmlp_engine.job.errors import EngineError
from .lipmlp_engine.job.events import PHASES, Done, Event, Failed, Hello, MorphBegun, MorphEnded, MorphProgress, Notice
from .lipmlp_engine.job.hearsay import shown
from .lipmlp_engine.machine.standard_streams import say
from .preferences import ENGINE_FOLDER, chosen_python


def do_side_by_side(jobs: Sequence[tuple[str, MorphJob]]) -> None:
    """Have the engine do the jobs, each under its title, as many at once as the machine allows; then each is over.

    Raises EngineError where there is no engine, and KeyboardInterrupt once everything has been stopped.
    """
    python = chosen_python()
    if python.path is None:
        raise EngineError(python.sentence)
    with tempfile.TemporaryDirectory(prefix="lipmorph-", ignore_cleanup_errors=True) as place:
        names = [f"{number:04d}" for number in range(1, len(jobs) + 1)]
        entries = [
            {"job": str(job.results.job), "folder": str(job.folder), "name": name}
            for name, (_, job) in zip(names, jobs, strict=True)
        ]
        source = Path(place) / "morphs.json"
        source.write_text(json.dumps(entries), encoding="utf-8")
        following = _Following(dict(zip(names, jobs, strict=True)))
        out = os.path.join(place, "batch")
        process = EngineProcess(
            python.path, ENGINE_FOLDER, Path(place), ["batch", str(source), "--out", out, "--no-sheet"]
        )
        try:
            _follow(process, following)
        except KeyboardInterrupt:
            process.cancel()
            _follow(process, following)
            raise
        finally:
            process.kill()
            following.conclude()


def _follow(process: EngineProcess, following: _Following) -> None:
    while not process.finished:
        for event in process.poll():
            following.hear(event)
        time.sleep(POLL_SECONDS)


class _Following:
    """Says on the terminal how far each is, and tells each job how it ended."""

    def __init__(self, jobs: dict[str, tuple[str, MorphJob]]) -> None:
        self._jobs = jobs
        self._told: dict[str, tuple[str, int]] = {}
        self._last: Failed | None = None

    def hear(self, event: Event) -> None:
        if isinstance(event, Failed):
            self._last = event
        elif isinstance(event, Notice):
            say(f"  note: {shown(event.message)}\n", sys.stdout)
        elif isinstance(event, (MorphBegun, MorphProgress, MorphEnded)) and event.name in self._jobs:
            self._hear_of(*self._jobs[event.name], event)
        elif isinstance(event, Hello):
            say(f"{len(self._jobs)} morphs\n", sys.stdout)

    def conclude(self) -> None:
        """Nobody is left waiting."""
        why = self._last or Failed("The engine ended before it came to this morph.", 1)
        for _, job in self._jobs.values():
            if not job.over:
                job.hear(why)

    def _hear_of(self, title: str, job: MorphJob, event: MorphBegun | MorphProgress | MorphEnded) -> None:
        title = shown(title)
        if isinstance(event, MorphBegun):
            job.state = JobState.RUNNING
            again = f", attempt {event.attempt}" if event.attempt > 1 else ""
            say(f"Morph {title}{again}\n", sys.stdout)
        elif isinstance(event, MorphProgress):
            told = (event.phase, int(10 * event.fraction))
            if self._told.get(event.name) != told:
                self._told[event.name] = told
                phase = PHASES.get(event.phase, shown(event.phase))
                say(f"{100 * event.fraction:3.0f} %  {title}: {phase}\n", sys.stdout)
        elif event.state in ("done", "kept"):
            results = job.results
            frames = [str(path) for path in results.frames()]
            job.hear(Done(str(results.model), str(results.report), frames))
            say(f"{title}: {job.sentence}\n", sys.stdout)
        else:
            job.hear(Failed(event.sentence, event.exit_code or 1, event.state == "cancelled"))
