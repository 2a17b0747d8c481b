"""What runs on a Dask worker: one task in a process of its own, which ends when nobody wants it any more."""

from __future__ import annotations

import dataclasses
import socket
import time
from typing import Any

from ..job.events import Progress
from ..machine.cores import usable_cores
from .attempt import perform
from .handshake import code_digest
from .tasks import Outcome, Task

TOLD_SECONDS = 1.0


def perform_here(task: Task, code: str, topic: str) -> Outcome:
    """Do the task on the worker that this is; ``code`` is the fingerprint that the engine has to have."""
    from distributed import get_worker

    worker = get_worker()
    where = f"{socket.gethostname()} ({worker.address})"
    if code != code_digest():
        return Outcome("unfit", f"The worker {where} has another engine.", where=worker.address)
    if not task.threads:
        task = dataclasses.replace(task, threads=max(1, usable_cores() // max(1, worker.state.nthreads)))
    key = worker.get_current_task()
    told = [0.0]

    def hear(progress: Progress) -> None:
        now = time.monotonic()
        if now - told[0] >= TOLD_SECONDS:
            told[0] = now
            worker.log_event(topic, {"folder": task.folder, **dataclasses.asdict(progress)})

    outcome = perform(task, hear, lambda: not _wanted(worker, key))
    if outcome.state == "cancelled" and not _wanted(worker, key):
        # Whoever asks for it next finds the folder as it is.
        return dataclasses.replace(outcome, state="lost", where=where)
    return dataclasses.replace(outcome, where=where)


def _wanted(worker: Any, key: str) -> bool:
    """Whether the worker is still in service, and the scheduler still waits for this task."""
    if str(getattr(worker.status, "name", "running")) not in ("running", "paused"):
        return False
    state = worker.state.tasks.get(key)
    return state is not None and state.state not in ("cancelled", "forgotten", "released")
