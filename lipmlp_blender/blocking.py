"""Runs a job from start to result without a window, with its progress on the terminal."""

from __future__ import annotations

import sys
import time

from .jobs import JobQueue, JobState, MorphJob
from .lipmlp_engine.errors import Cancelled, EngineError
from .lipmlp_engine.events import PHASES
from .lipmlp_engine.hearsay import shown
from .result_writing import ResultWriting
from .runtime import start_engine
from .scene.errors import SceneError

POLL_SECONDS = 0.05


class JobFailedError(EngineError):
    """The engine has said that the job failed; the sentence is its own."""

    def __init__(self, sentence: str, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.exit_code = exit_code


def run_to_the_end(job: MorphJob) -> str:
    """Run the engine, write the result into the scene and return its name, or nothing if the job makes none.

    Raises EngineError or SceneError.
    """
    queue = JobQueue(start_engine)
    queue.add(job)
    teller = _Teller(job)
    try:
        while not job.over:
            if queue.tick():
                teller.tell()
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        _stop(queue, job)
    finally:
        queue.close()
        teller.close()
    if job.state is JobState.CANCELLED:
        raise Cancelled(job.sentence)
    if job.state is JobState.FAILED:
        raise JobFailedError(job.sentence, job.exit_code)
    if not job.for_scene:
        return ""
    writing = ResultWriting(job)
    writing.work()
    if writing.sentence:
        raise SceneError(writing.sentence)
    return writing.result_name


def _stop(queue: JobQueue, job: MorphJob) -> None:
    queue.cancel(job)
    while not job.over:
        queue.tick()
        time.sleep(POLL_SECONDS)


class _Teller:
    """Says on the terminal how far the job is: one line that is rewritten, or a line now and then in a log."""

    def __init__(self, job: MorphJob) -> None:
        self._job = job
        self._rewrites = sys.stdout.isatty()
        self._told = -1
        self._notices = 0
        print(f"Morph {shown(job.title)}", flush=True)

    def tell(self) -> None:
        for notice in self._job.notices[self._notices :]:
            print(f"{self._start()}  note: {shown(notice)}", flush=True)
        self._notices = len(self._job.notices)
        percent = int(100 * self._job.fraction)
        step = percent if self._rewrites else percent // 10
        if step == self._told:
            return
        self._told = step
        loss = "" if self._job.loss is None else f"  loss {self._job.loss:.3g}"
        line = f"{percent:3d} %  {PHASES.get(self._job.phase, shown(self._job.phase))}{loss}"
        print(f"{self._start()}{line}", end="" if self._rewrites else "\n", flush=True)

    def close(self) -> None:
        print(("\n" if self._rewrites else "") + shown(self._job.sentence), flush=True)

    def _start(self) -> str:
        return "\r\x1b[K" if self._rewrites else ""
