"""Runs a job from start to result without a window, with its progress on the terminal."""

from __future__ import annotations

import sys
import time

from .engine_start import start_engine
from .job_folder import NOTHING_TO_LOOK_UP, log_kept_elsewhere
from .job_queue import JobQueue, JobState, MorphJob
from .lipmlp_engine.job.errors import Cancelled, EngineError
from .lipmlp_engine.job.events import PHASES
from .lipmlp_engine.job.hearsay import shown
from .lipmlp_engine.machine.standard_streams import say
from .result_writing import ResultWriting
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
        _tidy(job)
        teller.close()
    return _written(job)


def write_result(job: MorphJob) -> str:
    """Write the result of a job that is over into the scene and return its name, or say why there is none.

    Raises EngineError or SceneError.
    """
    _tidy(job)
    return _written(job)


def _tidy(job: MorphJob) -> None:
    """Take away what a job that came to nothing leaves, but for its log."""
    job.sentence += _where_the_log_is(job)
    job.clear_away()


def _written(job: MorphJob) -> str:
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


def _where_the_log_is(job: MorphJob) -> str:
    """Where the log of a job is kept whose folder will not stay, if it has more to say than the sentence."""
    stays = job.state is not JobState.FAILED or not job.trains or job.results.model.is_file()
    kept = None if stays or job.exit_code in NOTHING_TO_LOOK_UP else log_kept_elsewhere(job.folder)
    return "" if kept is None else f" The log is {kept}."


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
        self._told = ("", -1)
        self._notices = 0
        say(f"Morph {shown(job.title)}\n", sys.stdout)

    def tell(self) -> None:
        for notice in self._job.notices[self._notices :]:
            say(f"{self._start()}  note: {shown(notice)}\n", sys.stdout)
        self._notices = len(self._job.notices)
        percent = int(100 * self._job.fraction)
        step = (self._job.phase, percent if self._rewrites else percent // 10)
        if step == self._told:
            return
        self._told = step
        loss = "" if self._job.loss is None else f"  loss {self._job.loss:.3g}"
        line = f"{percent:3d} %  {PHASES.get(self._job.phase, shown(self._job.phase))}{loss}"
        say(f"{self._start()}{line}" + ("" if self._rewrites else "\n"), sys.stdout)

    def close(self) -> None:
        say(("\n" if self._rewrites else "") + f"{shown(self._job.sentence)}\n", sys.stdout)

    def _start(self) -> str:
        return "\r\x1b[K" if self._rewrites else ""
