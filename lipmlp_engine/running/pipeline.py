"""A run: a job's shapes are read, morphed, extracted, measured and written. Knows no protocol and no shell.

torch is imported only once a job has been found to be sound, so that a refusal comes at once.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .. import __version__
from ..files.results_folder import ResultsFolder, frames_stand, require_inputs, settled
from ..files.whole_file import stamp
from ..files.workplace import Workplace
from ..job.description import Job
from ..job.errors import Cancelled, EngineError, JobError, OutputError, ShapeError
from ..job.events import PROTOCOL, Done, Failed, Hello, Notice
from ..machine.memory import is_too_large, memory_limit, needs_and_limit
from .account import Account
from .channel import Audience
from .deliveries import Deliveries
from .failures import failure_of, foreseen
from .frame_writing import FrameWriting
from .job_log import JobLog
from .portions import Portion
from .previews import Previews
from .progress import expected_seconds

if TYPE_CHECKING:
    from ..model.trained_morph import Morph
    from ..shapes import Shape

CLOUD_SECONDS = 15.0
"""About how long it takes to find a surface through a cloud of points."""

WHOLE = Portion()

log = logging.getLogger(__name__)


def run_job(
    job: Job, base: Path, audience: Audience | None = None, *, force: bool = False, portion: Portion = WHOLE
) -> Done:
    """Do a job from its shapes to its results; relative paths are relative to ``base``.

    The audience hears everything, down to the Done or the Failed at the end; a failure is raised as well. ``force``
    replaces files of the results' folder that are not ours.
    """
    run = _Run(job, base, audience or Audience(), trained=False, force=force)
    run.portion = portion
    return run.perform(lambda: run.whole(run.train))


def extract_morph(
    morph: Morph, base: Path, audience: Audience | None = None, *, force: bool = False, portion: Portion = WHOLE
) -> Done:
    """Take frames, report and pictures out of a trained morph, as its job's extraction and output now say."""
    run = _Run(morph.job, base, audience or Audience(), trained=True, force=force)
    run.kept_shapes, run.portion = morph.shapes, portion
    return run.perform(lambda: run.whole(lambda shapes: dataclasses.replace(morph, job=run.job)))


def measure_results(folder: Path, audience: Audience | None = None) -> Done:
    """Measure and draw the frames that lie in a results' folder once more."""
    run = _Run(Job.read(ResultsFolder(folder).job).without_orders(), folder, audience or Audience(), trained=True)
    run._measures = True
    return run.perform(run.measure)


def preview_guide(job: Job, base: Path, audience: Audience | None = None) -> Done:
    """Show a job's morph by its guide alone: coarse surfaces and a picture, in the folder of the results."""
    run = _Run(job, base, audience or Audience(), trained=False, sketches=True)
    return run.perform(run.preview)


def load_method() -> None:
    """Import what a run needs, all at once: where memory is short, it is here that it fails, and can be told."""
    from . import method  # noqa: F401


def greeting(device: str, device_name: str) -> Hello:
    """What the engine says of itself."""
    import torch

    return Hello(__version__, PROTOCOL, platform.python_version(), torch.__version__, device, device_name)


class _Run:
    """One job on its way."""

    def __init__(
        self, job: Job, base: Path, audience: Audience, trained: bool, force: bool = False, sketches: bool = False
    ) -> None:
        folder = Path(os.path.abspath(base / job.output.folder))
        self.results = ResultsFolder(folder)
        self.job = settled(job, base, folder)
        inputs = [folder / shape.path for shape in self.job.shapes]
        self._place = Workplace(folder, inputs, beside=job.output.folder in ("", "."), force=force)
        self._log = JobLog()
        self._audience = audience
        self._account = Account(audience, expected_seconds(job, trained, sketches))
        self._trained = trained
        self._measures = False
        """Whether only figures and pictures are made, of frames that are there."""
        self._sketches = sketches
        """Whether the guide alone is shown, and nothing is trained."""
        self._previews = Previews(self.job, self.results, audience)
        self._older_model = stamp(self.results.model)
        self.kept_shapes: list[Shape] = []
        """Those that a trained morph has with it: then none has to be read."""
        self.portion = WHOLE

    def perform(self, work: Callable[[], Done]) -> Done:
        """The whole way; whatever stops it is told, and raised as an EngineError."""
        with self._log:
            try:
                if not self._trained:
                    require_inputs(self.job, self.results.path)
                self._place.require_room(self._wanted())
                done = work()
                self.portion.conclude(self.results, self._place.manifest)
            except (Exception, KeyboardInterrupt) as error:
                failure = self._fail(error)
                self._audience.tell(self._failed(failure))
                raise failure from error
            self._place.close(failed=False)
        self._audience.tell(done)
        return done

    def _fail(self, error: BaseException) -> EngineError:
        """Log the error, leave the folder, and return what is to be said."""
        if self._place.leaves_nothing() and not foreseen(error):
            self._log.divert()
        place, stopping = self._log.path or self.results.log, self._audience.stopping()
        failure = failure_of(error, place, stopping=stopping, job=self.job)
        log.error("%s", failure, exc_info=None if foreseen(error) else error)
        self._place.close(failed=True)
        return failure

    def _failed(self, failure: EngineError) -> Failed:
        now = stamp(self.results.model)
        kept = str(self.results.model) if now and now != self._older_model else ""
        return Failed(str(failure), failure.exit_code, isinstance(failure, Cancelled), kept)

    def _wanted(self) -> list[Path]:
        if self._sketches:
            return [*self.results.previews(self.job), self.results.preview_sheet, self.results.log]
        return self.results.wanted(self.job, anew=not self._measures)

    def _settle_in(self) -> None:
        """Make the folder ours, now that there is something to write; until here nothing has been touched."""
        replaced = self._place.open(self._wanted())
        if replaced:
            self._account.note(f"Lipschitz Morph did not write what is replaced here: {', '.join(replaced)}.")
        self._log.open(self._place.claimed(self.results.log))
        if not self._measures and not self._sketches:
            self.results.keep_job(self.job)
        if is_too_large(self.job, limit := memory_limit()):
            self._account.note(f"Memory may run out: {needs_and_limit(self.job, limit)}.")

    def whole(self, obtain: Callable[[list[Shape]], Morph]) -> Done:
        """From shapes to results, with a morph that is trained or taken as it is."""
        device = self._greet()
        stand = self._trained and frames_stand(self.results, self.job)
        phase = self._account.phase
        with phase("start"):
            self._place.require_room(self._wanted())
        with phase("load"):
            shapes = self._load_shapes()
            self._settle_in()
        with phase("load" if self._trained else "guide"):
            morph = obtain(shapes)
            morph.save(self.results.model)
        if self.portion.ends_after("model"):
            return Done(str(self.results.model), "")
        self._place.make_room(self.results.path, self.results.keys.name)
        with phase("extract"):
            writing = FrameWriting(self.job, self.results, self._place, self._account)
            frames = writing.leave() if stand else writing.write(morph, shapes, self.portion)
        if self.portion.ends_after("frames"):
            return Done(str(self.results.model), "", [str(path) for path in frames.paths])
        return self._deliveries(device, stand).make(frames, shapes, morph, writing.apart)

    def train(self, shapes: list[Shape]) -> Morph:
        """Fit a network to the shapes."""
        from ..training.checkpoint import finished_in
        from .method import train

        if self.portion.resume and (kept := finished_in(self.results.model, self.job, shapes)):
            return dataclasses.replace(kept, job=self.job)
        job, previews = self._with_given_landmarks(), self._previews
        hear, asked, resume = self._account.hear, self._audience.stopping, self.portion.resume
        show = previews.show_guide if previews.wanted else None
        morph = train(job, shapes, hear, asked, self.results.model, previews.look, resume, show)
        return dataclasses.replace(morph, job=self.job)

    def preview(self) -> Done:
        """Sketch the morph along its guide."""
        from ..files.frame_files import FrameFiles
        from ..pictures.contact_sheet import contact_sheet, few
        from ..shapes.up_axis import common_up
        from ..training.preparation import show_guide

        if self.job.guide.kind == "none":
            raise JobError("guide.kind is none, so that there is no guide to be shown: choose another.")
        self._greet()
        with self._account.phase("load"):
            shapes = self._load_shapes()
            self._settle_in()
        with self._account.phase("guide"):
            job, previews = self._with_given_landmarks(), self._previews
            show_guide(job, shapes, self._account.hear, self._audience.stopping, previews.show_guide)
        drawn = [Path(path) for _, path in sorted(previews.guided.items())]
        if self.job.output.pictures:
            up = common_up(self.job.shapes, self.results.path)
            contact_sheet([("", few(FrameFiles(drawn)))], self.results.preview_sheet, up=up)
        return Done("", "", [str(path) for path in drawn])

    def _with_given_landmarks(self) -> Job:
        """The job with the landmarks that follow from the vertices: they decide the flow, but nobody named them."""
        from ..reading.vertex_matches import given_landmarks

        given = given_landmarks(self.job, self.results.path)
        return dataclasses.replace(self.job, landmarks=[*self.job.landmarks, *given])

    def measure(self) -> Done:
        """From the frames that are there to what is said of them."""
        from ..files.frame_files import FrameFiles
        from ..model.trained_morph import Morph

        device = self._greet()
        frames = FrameFiles(self.results.frames())
        expected = len(self.job.frame_times())
        if len(frames) != expected:
            raise OutputError(f"{self.results.path} holds {len(frames)} frames, but its job has {expected}.")
        with self._account.phase("load"):
            morph = Morph.load(self.results.model) if self.results.model.is_file() else None
            self.kept_shapes = morph.shapes if morph else []
            shapes = self._load_shapes()
            self._settle_in()
        return self._deliveries(device, stand=False).make(frames, shapes, morph, apart=[])

    def _deliveries(self, device: str, stand: bool) -> Deliveries:
        return Deliveries(self.job, self.results, self._place, self._account, device, stand=stand)

    def _greet(self) -> str:
        """Say hello; returns the device's name."""
        load_method()
        from ..machine.device_choice import choose_device
        from ..machine.devices import device_name

        # A morph that was trained on a GPU is to be extracted anywhere.
        device = choose_device("auto" if self._trained else self.job.training.device).type
        hello = greeting(device, device_name(device))
        log.info("%s", hello)
        self._audience.tell(hello)
        return hello.device_name

    def _load_shapes(self) -> list[Shape]:
        from ..reading.load import load_shapes

        if self.kept_shapes:
            return self.kept_shapes

        def check(fraction: float) -> None:
            self._account.stop_if_asked()
            self._account.course.expect("load", CLOUD_SECONDS)
            self._account.course.step(round(1000 * fraction), 1000)

        def notify(note: str) -> None:
            self._audience.tell(Notice(note))

        try:
            # What was done to a shape stands in the report beside the shape.
            return load_shapes(self.job, self.results.path, notify, check)
        except ShapeError as error:
            if not self._trained:
                raise
            self._account.note(f"The frames are extracted without colours, materials and a report: {error}")
            return []
