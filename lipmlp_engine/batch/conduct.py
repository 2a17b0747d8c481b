"""The batch from its first task to its last verdict, whoever does the tasks; tells a story of it and keeps nothing."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

from ..job.events import Progress
from .local import Crew
from .steps import Steps
from .story import Story
from .tasks import Outcome

LOOK_SECONDS = 0.5
PROGRESS_SECONDS = 0.25
"""What the processes say is passed on so often at most, each."""


def conduct(steps: Steps, crew: Crew, story: Story, stopping: Callable[[], bool], waiting: Callable[[], int]) -> None:
    """Do all there is to do; what is not done when somebody wants it to stop, or when the crew gives up, is told so.

    ``waiting`` says about how many orders have not begun.
    """
    try:
        _until_settled(steps, crew, story, stopping, waiting)
    finally:
        for order in steps.unfinished():
            story.cancel(order, Outcome("cancelled", "Stopped before it was done.", 130))


def _until_settled(
    steps: Steps, crew: Crew, story: Story, stopping: Callable[[], bool], waiting: Callable[[], int]
) -> None:
    passed: dict[str, float] = {}
    stopped = False
    while True:
        if stopping() and not stopped:
            stopped = True
            crew.stop()
        while not stopped and not stopping():
            task, verdicts = steps.take(crew.has_room)
            for verdict in verdicts:
                story.settle(verdict)
            if task is not None:
                story.begin(task)
                crew.start(task, waiting())
            elif not verdicts:
                break
        if not crew.running and (stopped or steps.over):
            break
        try:
            task, said = crew.inbox.get(timeout=LOOK_SECONDS)
        except queue.Empty:
            story.look()
            continue
        if isinstance(said, Progress):
            now = time.monotonic()
            if now - passed.get(task.folder, 0.0) >= PROGRESS_SECONDS:
                passed[task.folder] = now
                story.progress(task, said)
            continue
        passed.pop(task.folder, None)
        crew.returned(task)
        story.end(task, said)
        settled = steps.hear(task, said)
        if settled is not None:
            story.settle(settled)
