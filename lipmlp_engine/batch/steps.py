"""From orders to the processes that make them, one after the other as they are due; knows no machine.

A queue of thousands is never expanded: a job is made when its turn has come, and forgotten when it is done.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..files.done_mark import is_done
from ..files.manifest import Manifest
from ..files.results_folder import ResultsFolder, require_inputs
from ..job.description import Job
from ..job.errors import EngineError, OutputError
from ..machine.memory import memory_of
from .figures import figures_of
from .orders import GIGABYTE, Order, mark_of
from .tasks import Outcome, Task

LOOK_AHEAD = 16
"""Orders that are looked at behind one that has no room yet."""
FEWEST_FRAMES = 2
"""Of a part of a film."""


@dataclass
class Verdict:
    """What became of an order."""

    order: Order
    outcome: Outcome
    attempts: int = 0


@dataclass
class _Film:
    """An order whose frames are made in several places."""

    order: Order
    whole: Task
    waiting: int
    parts: list[Task] = field(default_factory=list)
    seconds: float = 0.0
    attempts: int = 0


class Steps:
    """Hands out tasks and hears what became of them."""

    def __init__(
        self, orders: Iterable[Order], retries: int, *, gpus: Callable[[Job], int], again: bool = False,
        force: bool = False,
    ) -> None:  # fmt: skip
        """``gpus`` says how many a job takes that does not say so itself; ``again`` makes what is done anew."""
        self._orders = iter(orders)
        self._retries = retries
        self._gpus = gpus
        self._again = again
        self._force = force
        self._ready: deque[Task] = deque()
        self._films: dict[str, _Film] = {}
        self._held: dict[str, Order] = {}
        """Orders of tasks that are out, by folder."""
        self._exhausted = False

    @property
    def over(self) -> bool:
        """Whether nothing is left to hand out, and nothing can come back but what is out."""
        return self._exhausted and not self._ready

    def take(self, has_room: Callable[[Task], bool]) -> tuple[Task | None, list[Verdict]]:
        """The next task that there is room for, and the orders that were settled without one."""
        verdicts: list[Verdict] = []
        for index, task in enumerate(self._ready):
            if has_room(task):
                del self._ready[index]
                return task, verdicts
        while len(self._ready) < LOOK_AHEAD and (order := next(self._orders, None)) is not None:
            found = self._first_task(order)
            if isinstance(found, Verdict):
                verdicts.append(found)
                return None, verdicts
            if has_room(found):
                return found, verdicts
            self._ready.append(found)
        self._exhausted |= len(self._ready) < LOOK_AHEAD
        return None, verdicts

    def hear(self, task: Task, outcome: Outcome) -> Verdict | None:
        """What became of a task; returns its order's verdict where that is settled by it."""
        if outcome.state == "lost":
            self._ready.appendleft(task)
            return None
        if outcome.state == "died" and task.attempt <= self._retries:
            self._ready.appendleft(dataclasses.replace(task, attempt=task.attempt + 1))
            return None
        if outcome.state == "died":
            tries = f"{task.attempt} times" if task.attempt > 1 else "once"
            outcome = dataclasses.replace(outcome, state="failed", sentence=f"Tried {tries}: {outcome.sentence}")
        film = self._films.get(self._film_of(task))
        if film is not None:
            return self._hear_part(film, task, outcome)
        order = self._held.pop(task.folder, None)
        # Other parts of a film that has failed already have nothing more to say.
        return None if order is None else Verdict(order, outcome, task.attempt)

    def unfinished(self) -> Iterator[Order]:
        """Every order that has no verdict yet."""
        yield from (film.order for film in self._films.values())
        yield from self._held.values()
        yield from self._orders
        self._exhausted = True

    def _first_task(self, order: Order) -> Task | Verdict:
        try:
            job = order.job()
            require_inputs(job, Path(order.folder))
            mark = mark_of(job)
            if not self._again and is_done(Path(order.folder), mark):
                return Verdict(order, Outcome("kept", figures=figures_of(Path(order.folder))))
        except EngineError as error:
            return Verdict(order, Outcome("failed", str(error), error.exit_code))
        demands = order.recipe.demands
        task = Task(
            order.name,
            order.folder,
            job.to_dict(),
            mark,
            threads=job.training.threads,
            memory=demands.memory * GIGABYTE or memory_of(job),
            gpus=demands.gpus if demands.gpus is not None else self._gpus(job),
            force=self._force,
            again=self._again,
        )
        ranges = _ranges(len(job.frame_times()), order.recipe.split)
        if len(ranges) < 2:
            self._held[order.folder] = order
            return task
        film = _Film(order, task, waiting=len(ranges))
        self._films[order.folder] = film
        for number, (first, last) in enumerate(ranges, start=1):
            folder = f"{order.folder}.part-{number:02d}-of-{len(ranges):02d}"
            part = dataclasses.replace(
                task,
                folder=folder,
                stage="frames",
                frames=(first, last),
                model=str(ResultsFolder(Path(order.folder)).model),
                mark=f"{mark}-{first}-{last}",
            )
            film.parts.append(part)
        return dataclasses.replace(task, stage="model", mark="")

    def _hear_part(self, film: _Film, task: Task, outcome: Outcome) -> Verdict | None:
        film.seconds += outcome.seconds
        film.attempts = max(film.attempts, task.attempt)
        if not outcome.good:
            waiting = [part for part in self._ready if self._film_of(part) == film.order.folder]
            for part in waiting:
                self._ready.remove(part)
            del self._films[film.order.folder]
            sentence = outcome.sentence.replace(task.folder, film.order.folder)
            return Verdict(film.order, dataclasses.replace(outcome, sentence=sentence), film.attempts)
        if task.stage == "model":
            self._ready.extendleft(reversed(film.parts))
        elif task.stage == "frames":
            film.waiting -= 1
            if not film.waiting:
                folders = tuple(part.folder for part in film.parts)
                self._ready.appendleft(dataclasses.replace(film.whole, stage="assemble", parts=folders))
        else:
            del self._films[film.order.folder]
            for part in film.parts:
                with suppress(OutputError):
                    manifest = Manifest.read(Path(part.folder))
                    if manifest is not None:
                        manifest.remove_all()
            return Verdict(film.order, dataclasses.replace(outcome, seconds=film.seconds), film.attempts)
        return None

    def _film_of(self, task: Task) -> str:
        return os.path.dirname(task.model) if task.stage == "frames" else task.folder


def _ranges(frames: int, parts: int) -> list[tuple[int, int]]:
    """A film's frames in so many runs of about the same length."""
    parts = max(1, min(parts, frames // FEWEST_FRAMES))
    edges = [round(frames * k / parts) for k in range(parts + 1)]
    return list(itertools.pairwise(edges))
