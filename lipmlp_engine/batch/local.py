"""The processes of a batch on this machine: whether one more has room, and what each gets of it."""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Callable
from typing import Protocol

from ..job.events import Progress
from .attempt import perform
from .capacity import Capacity
from .tasks import Outcome, Task

Report = tuple[Task, Progress | Outcome]


class Crew(Protocol):
    """Whoever does tasks: here, or on a cluster."""

    inbox: queue.SimpleQueue[Report]
    """What is said of tasks that were started; an Outcome comes last, and once."""

    @property
    def running(self) -> int: ...
    def has_room(self, task: Task) -> bool: ...
    def start(self, task: Task, waiting: int) -> None: ...
    def returned(self, task: Task) -> None: ...
    def stop(self) -> None: ...
    def close(self) -> None: ...


class Perform(Protocol):
    """Does a task and returns how it ended; may be told to stop."""

    def __call__(
        self, task: Task, hear: Callable[[Progress], object], stopping: Callable[[], bool],
        surroundings: dict[str, str] | None = None,
    ) -> Outcome: ...  # fmt: skip


class LocalCrew:
    """Threads that each follow a process of their own."""

    def __init__(self, capacity: Capacity, do: Perform = perform) -> None:
        self.inbox: queue.SimpleQueue[Report] = queue.SimpleQueue()
        self._capacity = capacity
        self._do = do
        self._stop = threading.Event()
        self._out: dict[str, tuple[Task, list[str]]] = {}
        """What each running task has been lent, by folder."""
        self._gpus = list(capacity.gpus)
        self._threads: dict[str, threading.Thread] = {}

    @property
    def running(self) -> int:
        return len(self._out)

    def has_room(self, task: Task) -> bool:
        """Whether it can start now; one that asks for more than there is runs alone."""
        if not self._out:
            return True
        if self._capacity.most and len(self._out) >= self._capacity.most:
            return False
        lent = [task for task, _ in self._out.values()]
        cores = sum(max(1, other.threads) for other in lent) + max(1, task.threads)
        memory = sum(other.memory for other in lent) + task.memory
        gpus = min(task.gpus, len(self._capacity.gpus))
        return cores <= self._capacity.cores and memory <= self._capacity.memory and gpus <= len(self._gpus)

    def start(self, task: Task, waiting: int) -> None:
        """Start it; ``waiting`` is how many more could start beside it."""
        lent = [self._gpus.pop(0) for _ in range(min(task.gpus, len(self._gpus)))]
        if not task.threads:
            task = dataclasses.replace(task, threads=self._share(task, waiting))
        self._out[task.folder] = (task, lent)
        # What has no GPU is not to look for one: two processes would meet there.
        surroundings = {"CUDA_VISIBLE_DEVICES": ",".join(lent)} if self._capacity.gpus else {}
        thread = threading.Thread(target=self._follow, args=(task, surroundings), name=task.name)
        self._threads[task.folder] = thread
        thread.start()

    def stop(self) -> None:
        """Ask everything that runs to stop; the outcomes still come."""
        self._stop.set()

    def close(self) -> None:
        """Wait until every process is gone."""
        self._stop.set()
        for thread in list(self._threads.values()):
            thread.join()

    def returned(self, task: Task) -> None:
        """Take back what a task was lent."""
        _, lent = self._out.pop(task.folder)
        self._gpus += lent
        self._threads.pop(task.folder).join()

    def _share(self, task: Task, waiting: int) -> int:
        """An even part of the cores that nobody has, for it and for those that could start beside it."""
        lent = [other for other, _ in self._out.values()]
        free = self._capacity.cores - sum(max(1, other.threads) for other in lent)
        memory = self._capacity.memory - sum(other.memory for other in lent)
        beside = min(1 + waiting, max(1, free), max(1, int(memory // max(task.memory, 1.0))))
        if self._capacity.most:
            beside = min(beside, max(1, self._capacity.most - len(self._out)))
        return max(1, free // max(1, beside))

    def _follow(self, task: Task, surroundings: dict[str, str]) -> None:
        try:
            outcome = self._do(task, lambda progress: self.inbox.put((task, progress)), self._stop.is_set, surroundings)
        except Exception as error:  # a batch of hundreds goes on whatever one of them meets
            outcome = Outcome("failed", f"Something unexpected went wrong ({type(error).__name__}: {error}).", 1)
        self.inbox.put((task, outcome))
