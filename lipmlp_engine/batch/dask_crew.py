"""The tasks of a batch on a Dask cluster; the scheduler may go and come back. ``distributed`` is imported only here."""

from __future__ import annotations

import contextlib
import queue
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..job.errors import Cancelled
from ..job.events import Progress
from ..job.hearsay import HearsayError, built, shown
from .batch_errors import ClusterError
from .handshake import Greeting, code_digest, greeting, refusal_of, token_in
from .local import Report
from .on_worker import perform_here
from .orders import GIGABYTE
from .tasks import Outcome, Task

CONNECT_SECONDS = 15.0
WORKER_SECONDS = 60.0
"""How long the first worker of a scheduler may take to report."""
IN_FLIGHT = 2
"""Tasks that are handed to the scheduler for each place that a worker has."""
LEAST_IN_FLIGHT = 4
GPU, MEMORY = "GPU", "memory"
"""Resources, as workers declare them: `dask worker … --resources "GPU=1 memory=32"`, memory in GB."""


class DaskCrew:
    """Futures on a scheduler, with a window that keeps the queue here and not there."""

    def __init__(
        self, address: Any, folder: Path, stopping: Callable[[], bool], *, patience: float, wait: float = WORKER_SECONDS
    ) -> None:
        """``address`` is a scheduler's, or a cluster of dask-jobqueue; ``patience`` is how long a scheduler that has
        gone may take to come back, in seconds, and ``wait`` how long the first worker may."""
        self.inbox: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._address = address
        self._folder = folder
        self._stopping = stopping
        self._patience = patience
        self._wait = wait
        self._topic = f"lipmorph-{secrets.token_hex(6)}"
        self._out: dict[str, tuple[Task, Any]] = {}
        self._lock = threading.Lock()
        self._places = 0
        self._unfit: set[str] = set()
        """Workers that came later, with another engine."""
        self._declared: dict[str, float] = {}
        """The most of each resource that one worker declares."""
        self._lost = False
        self._looked = 0.0
        self._client = self._connect(CONNECT_SECONDS)
        self._greet(self._wait)

    @property
    def running(self) -> int:
        return len(self._out)

    def has_room(self, task: Task) -> bool:
        if self._lost:
            self._come_back()
        self._look()
        return len(self._out) < max(LEAST_IN_FLIGHT, IN_FLIGHT * self._places)

    def start(self, task: Task, _waiting: int) -> None:
        fit = [who for who in self._workers() if who not in self._unfit] if self._unfit else None
        refusal = self._too_much(task) if fit is None or fit else "No worker with the same engine is left."
        if refusal:
            self._out[task.folder] = (task, None)
            self.inbox.put((task, Outcome("failed", refusal, ClusterError.exit_code)))
            return
        resources = {GPU: float(task.gpus)} if task.gpus and GPU in self._declared else {}
        if MEMORY in self._declared:
            resources[MEMORY] = task.memory / GIGABYTE
        try:
            future = self._client.submit(
                perform_here, task, code_digest(), self._topic, resources=resources or None, pure=False, retries=0,
                workers=fit, key=f"{shown(task.title, 60)}-{secrets.token_hex(6)}",
            )  # fmt: skip
        except Exception:  # the scheduler is going at this very moment
            self._out[task.folder], self._lost = (task, None), True
            self.inbox.put((task, Outcome("lost")))
            return
        with self._lock:
            self._out[task.folder] = (task, future)
        future.add_done_callback(lambda over: self._ended(task, over))

    def returned(self, task: Task) -> None:
        with self._lock:
            self._out.pop(task.folder, None)

    def stop(self) -> None:
        """Take back what is out; whoever works on it hears that nobody wants it any more."""
        for task, future in self._take_back():
            with contextlib.suppress(Exception):  # a scheduler that has gone cannot be told
                future.cancel()
            self.inbox.put((task, Outcome("cancelled", "Stopped.", 130)))

    def close(self) -> None:
        with contextlib.suppress(Exception):
            self._client.close(timeout=5)

    def _ended(self, task: Task, future: Any) -> None:
        """In a thread of the client's: pass on how a future has ended."""
        with self._lock:
            if self._out.get(task.folder, (task, None))[1] is not future:
                return
            self._out[task.folder] = (task, None)
        if future.status == "finished":
            outcome = future.result()
            if outcome.state == "unfit":
                self._unfit.add(outcome.where)
                outcome = Outcome("lost", outcome.sentence)
        elif future.status == "error":
            error = future.exception()
            name = type(error).__name__
            if name == "KilledWorker":
                outcome = Outcome("died", "The worker that had it was lost, several times.", 1)
            elif name in ("FutureCancelledError", "CancelledError"):
                outcome, self._lost = Outcome("lost"), True
            else:
                outcome = Outcome("failed", f"The worker failed: {name}: {shown(error, 200)}.", 1)
        else:
            outcome, self._lost = Outcome("lost"), True
        with contextlib.suppress(Exception):
            future.release()  # else it is made anew when the worker that holds its answer dies
        self.inbox.put((task, outcome))

    def _connect(self, seconds: float) -> Any:
        from distributed import Client

        try:
            client = Client(self._address, timeout=seconds, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            reason = shown(error, 120) or "no answer"
            raise ClusterError(f"There is no Dask scheduler at {shown(self._address, 100)} ({reason}).") from error
        client.subscribe_topic(self._topic, self._heard)
        return client

    def _heard(self, event: Any) -> None:
        """Progress from a worker; anything else is left out."""
        try:
            _, values = event
            folder = values.pop("folder")
            with self._lock:
                task, _ = self._out[folder]
            self.inbox.put((task, built(Progress, values)))
        except (HearsayError, KeyError, TypeError, ValueError, AttributeError):
            return

    def _greet(self, seconds: float) -> None:
        """Wait for a worker, and refuse all where some are not fit."""
        end = time.monotonic() + seconds
        while not self._workers():
            if self._stopping():
                raise Cancelled("Stopped before there was a worker.")
            if time.monotonic() > end:
                without = f"has no workers after {seconds:.0f} s"
                raise ClusterError(f"The scheduler at {self._where()} {without}: start some, and call again.")
            time.sleep(0.2)
        try:
            with token_in(self._folder) as token:
                said = self._client.run(greeting, str(self._folder), token, on_error="return")
        except (OSError, TimeoutError) as error:
            raise ClusterError(f"The workers of {self._where()} do not answer: {shown(error, 200)}.") from error
        failed = {who: answer for who, answer in said.items() if not isinstance(answer, Greeting)}
        if failed:
            who, answer = next(iter(failed.items()))
            raise ClusterError(
                f"{len(failed)} of the workers have no engine that answers, {who} among them "
                f"({type(answer).__name__}: {shown(answer, 160)}): install the same Lipschitz Morph everywhere."
            )
        refusal = refusal_of(said)
        if refusal:
            raise ClusterError(refusal)
        self._look(now=True)

    def _look(self, now: bool = False) -> None:
        """How many places there are, now and then."""
        if not now and time.monotonic() - self._looked < 1.0:
            return
        self._looked = time.monotonic()
        workers = self._workers()
        self._places = sum(int(worker.get("nthreads", 1)) for worker in workers.values())
        for worker in workers.values():
            for name, value in (worker.get("resources") or {}).items():
                self._declared[name] = max(self._declared.get(name, 0.0), float(value))

    def _workers(self) -> dict[str, Any]:
        with contextlib.suppress(Exception):  # whatever it is, there are none to be had at this moment
            workers: dict[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
            return workers
        return {}

    def _too_much(self, task: Task) -> str:
        if MEMORY in self._declared and task.memory / GIGABYTE > self._declared[MEMORY]:
            most = f"{self._declared[MEMORY]:g} GB, the most that a worker declares"
            return f"It takes about {task.memory / GIGABYTE:.1f} GB of memory; that is more than {most}."
        if GPU in self._declared and task.gpus > self._declared[GPU]:
            return f"It takes {task.gpus} GPUs, and no worker declares more than {self._declared[GPU]:g}."
        return ""

    def _come_back(self) -> None:
        """Find the scheduler once more, and workers; raises ClusterError where they stay away."""
        with contextlib.suppress(Exception):
            self._client.close(timeout=2)
        end = time.monotonic() + self._patience
        while not self._stopping():
            try:
                self._client = self._connect(2.0)
                self._greet(max(1.0, end - time.monotonic()))
            except ClusterError as error:
                if time.monotonic() > end:
                    raise ClusterError(
                        f"The scheduler at {self._where()} has gone, and is not back after {self._patience:.0f} s "
                        f"({shown(error, 200)}) What was done is kept: the same command goes on from there."
                    ) from error
                time.sleep(0.5)
                continue
            for task, _ in self._take_back():
                self.inbox.put((task, Outcome("lost")))
            self._lost = False
            return

    def _take_back(self) -> list[tuple[Task, Any]]:
        """What is out and has said nothing yet; from here on nothing is heard of it."""
        with self._lock:
            out = [(task, future) for task, future in self._out.values() if future is not None]
            for task, _ in out:
                self._out[task.folder] = (task, None)
        return out

    def _where(self) -> str:
        return shown(self._address, 100)
