"""Jobs and their queue: one engine at a time, what each has said, and what is wanted of its result. No bpy in here."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .engine_process import EngineProcess
from .job_folder import clear_away, settled_in
from .lipmlp_engine.files.folder_lock import FolderLock
from .lipmlp_engine.files.results_folder import ResultsFolder
from .lipmlp_engine.files.whole_file import moved_when_whole
from .lipmlp_engine.job.description import Job
from .lipmlp_engine.job.errors import EngineError
from .lipmlp_engine.job.events import PHASES, Done, Event, Failed, FrameDone, Hello, Notice, Preview, Progress
from .lipmlp_engine.job.hearsay import HearsayError, read_group

ORDER_NAME = "order.json"
SURFACE_NAME = "surface.npz"
MAXIMUM_NOTICES = 20
LARGEST_ORDER = 8_000_000
_ORDER: dict[str, type[Any]] = {
    **dict.fromkeys(("title", "scene", "blend", "file", "writer", "why_no_keys", "replaces"), str),
    **dict.fromkeys(("anyway", "match_vertices", "preview", "play", "new_range"), bool),
    "spec": dict,
}


class JobState(enum.Enum):
    """Where a job stands."""

    WAITING = "Waiting"
    RUNNING = "Running"
    CANCELLING = "Stopping"
    FINISHED = "Finished"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


OVER = {JobState.FINISHED, JobState.FAILED, JobState.CANCELLED}


@dataclass(eq=False)
class MorphJob:
    """One run of the engine and what its result is wanted for."""

    title: str
    folder: Path
    order: dict[str, Any] = field(default_factory=dict)
    """What the scene wants of the result; kept beside the job, so that a later Blender can still fetch it."""
    extracts: tuple[str, ...] | None = None
    """The engine's options for taking frames out of the model that is there already, instead of training."""
    certifies: tuple[str, ...] | None = None
    """The engine's options for certifying that model: its report is written anew, and nothing comes into the scene."""
    surfaces: tuple[str, ...] | None = None
    """The file of points, relative to the folder, and the engine's options for finding the surface through them."""
    sketches: bool = False
    """Whether only the guide's preview is wanted, and nothing stays of it."""
    poses: tuple[str, ...] | None = None
    """The file of poses, relative to the folder, and the engine's options for learning a space of them."""
    state: JobState = JobState.WAITING
    phase: str = "start"
    fraction: float = 0.0
    loss: float | None = None
    end_error: float | None = None
    seconds_left: float | None = None
    device: str = ""
    frames_done: int = 0
    sentence: str = ""
    """How it ended, or nothing yet."""
    exit_code: int = 0
    notices: list[str] = field(default_factory=list)
    previews: dict[int, Preview] = field(default_factory=dict)
    """The newest preview of each place in the row, until somebody takes it."""
    trained_previews: set[int] = field(default_factory=set)
    """Places that the training has shown by now; the guide has shown the others."""
    guided: int = 0
    """How many places the guide has filled."""
    done: Done | None = None
    keys_refused: bool = False
    """Whether there is no result because one mesh cannot be this morph; the frames are there."""
    added: bool = False
    """Whether its result has come into a file."""
    process: EngineProcess | None = None
    meant: dict[str, dict[str, int]] = field(default_factory=dict)
    """Kind and name of what the order names in this Blender → the number that it keeps when it is renamed."""

    @property
    def results(self) -> ResultsFolder:
        return ResultsFolder(self.folder)

    @property
    def arguments(self) -> list[str]:
        """What the engine is told to do."""
        if self.certifies is not None:
            return ["certify", str(self.results.model), *self.certifies]
        if self.extracts is not None:
            return ["extract", str(self.results.model), "--out", str(self.folder), *self.extracts]
        if self.surfaces is not None:
            points, *options = self.surfaces
            return ["surface", str(self.folder / points), "--out", str(self.folder / SURFACE_NAME), *options]
        if self.poses is not None:
            poses, *options = self.poses
            return ["space", "train", str(self.folder / poses), "--out", str(self.folder), "--grid", "0", *options]
        return ["preview" if self.sketches else "run", str(self.results.job)]

    @property
    def over(self) -> bool:
        return self.state in OVER

    @property
    def for_scene(self) -> bool:
        """Whether something of it is to come into the scene."""
        return self.certifies is None and not self.sketches

    @property
    def shown(self) -> str:
        """What the viewport shows of it, in a sentence."""
        if self.trained_previews and not self.guided:
            return "The viewport shows the training."
        if len(self.trained_previews) >= self.guided > 0:
            return "The viewport shows the whole morph as it is trained."
        if self.trained_previews:
            return "The viewport shows the guide's preview, with more and more of the training."
        return "The viewport shows the guide's preview: coarse, untrained." if self.guided else ""

    @property
    def headline(self) -> str:
        """The phase and what is known about it, for a line of the panel."""
        if self.state is not JobState.RUNNING:
            return str(self.state.value)
        text = PHASES.get(self.phase, self.phase)
        return f"{text}, {in_words(self.seconds_left)} left" if self.seconds_left is not None else text

    def write(self, job: Job | None = None) -> None:
        """Lay the job and the order down for the engine and for later; raises EngineError or OSError."""
        manifest = settled_in(self.folder)
        order = self.folder / ORDER_NAME
        with FolderLock(self.folder):
            manifest.claim(order, self.results.log, *([self.results.job] if job is not None else []))
            if job is not None:
                with moved_when_whole(self.results.job) as draft:
                    job.write(draft)
            with moved_when_whole(order) as draft:
                draft.write_text(json.dumps({"title": self.title, **self.order}, indent=2), encoding="utf-8")

    @property
    def trains(self) -> bool:
        """Whether the folder was made for this job; others work in one that was there."""
        return self.extracts is None and self.certifies is None

    def clear_away(self) -> None:
        """Take away the folder of a training that came to nothing, or of a mere preview."""
        if self.sketches or (self.trains and self.state is not JobState.FINISHED):
            clear_away(self.folder)

    def hear(self, event: Event) -> None:
        """Take an event of the engine in."""
        if isinstance(event, Hello):
            self.device = event.device_name or event.device
        elif isinstance(event, Progress):
            self.phase, self.fraction = event.phase, max(self.fraction, min(event.fraction, 1.0))
            self.seconds_left = event.seconds_left
            if event.loss is not None:
                self.loss = event.loss
            if event.end_error is not None:
                self.end_error = event.end_error
        elif isinstance(event, FrameDone):
            self.frames_done = event.index + 1
        elif isinstance(event, Preview):
            self.previews[event.station] = event
            if event.guide:
                self.guided = max(self.guided, event.station + 1)
            else:
                self.trained_previews.add(event.station)
        elif isinstance(event, Notice):
            if event.message not in self.notices:
                self.notices = [*self.notices, event.message][-MAXIMUM_NOTICES:]
        elif isinstance(event, Done):
            self._conclude(event)
        elif isinstance(event, Failed):
            self.state = JobState.CANCELLED if event.cancelled else JobState.FAILED
            self.sentence, self.exit_code = event.message, event.exit_code

    def _conclude(self, done: Done) -> None:
        missing = [path for path in done.frames if not Path(path).is_file()]
        if self.for_scene and (missing or not done.frames):
            self.state, self.exit_code = JobState.FAILED, 4
            self.sentence = f"The results in {self.folder} have been moved or deleted; train again."
            return
        self.done, self.fraction, self.state = done, 1.0, JobState.FINISHED
        self.sentence = "Finished."


class JobQueue:
    """Runs jobs one after the other. ``tick`` never waits."""

    def __init__(self, start: Callable[[MorphJob], EngineProcess]) -> None:
        """``start`` makes the engine of a job; an EngineError it raises is the job's failure."""
        self._start = start
        self.jobs: list[MorphJob] = []

    @property
    def current(self) -> MorphJob | None:
        return next((job for job in self.jobs if job.state in {JobState.RUNNING, JobState.CANCELLING}), None)

    @property
    def waiting(self) -> list[MorphJob]:
        return [job for job in self.jobs if job.state is JobState.WAITING]

    @property
    def busy(self) -> bool:
        return any(not job.over for job in self.jobs)

    def add(self, job: MorphJob) -> None:
        self.jobs.append(job)

    def cancel(self, job: MorphJob) -> None:
        if job.state is JobState.WAITING:
            job.state, job.sentence = JobState.CANCELLED, "Cancelled before it began."
        elif job.state is JobState.RUNNING:
            job.state = JobState.CANCELLING
            if job.process is not None:
                job.process.cancel()

    def dismiss(self, job: MorphJob) -> None:
        """Forget a job that is over; its folder stays where there is a model in it."""
        if job.over and job in self.jobs:
            self.jobs.remove(job)
            job.clear_away()

    def tick(self) -> list[MorphJob]:
        """Go on, and return the jobs of which something has changed."""
        changed = []
        if self.current is None and self.waiting:
            changed.append(self._begin(self.waiting[0]))
        job = self.current
        if job is not None and job.process is not None:
            events = job.process.poll()
            for event in events:
                job.hear(event)
            if events and job not in changed:
                changed.append(job)
        return changed

    def close(self) -> None:
        """End every engine now; of a training that has come to nothing, nothing stays."""
        for job in self.jobs:
            if job.process is not None:
                job.process.kill()
            if not job.over:
                job.state, job.sentence = JobState.CANCELLED, "Stopped, because the add-on was switched off."
                job.clear_away()

    def _begin(self, job: MorphJob) -> MorphJob:
        try:
            job.process = self._start(job)
            job.state = JobState.RUNNING
        except (EngineError, OSError) as error:
            job.state, job.sentence, job.exit_code = JobState.FAILED, str(error), getattr(error, "exit_code", 1)
        return job


def read_order(folder: Path) -> dict[str, Any]:
    """What was wanted of the result in this folder; raises OSError or ValueError.

    What the scene is then made of is checked by ``spec_from``, which knows the scene.
    """
    order = read_group(folder / ORDER_NAME, LARGEST_ORDER)
    for name, kind in _ORDER.items():
        if not isinstance(order.get(name, kind()), kind):
            raise HearsayError(f"{folder / ORDER_NAME} is no order of ours: its {name} is no {kind.__name__}.")
    return order


def in_words(seconds: float) -> str:
    """A duration as a person says it: 8 s, 2 min 5 s, 1 h 10 min."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes < 10 else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
