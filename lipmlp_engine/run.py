"""The pipeline: a job's shapes are read, morphed, extracted, measured and written. Knows no protocol and no shell.

torch is imported only once a job has been found to be sound, so that a refusal comes at once.
"""

from __future__ import annotations

import dataclasses
import logging
import os
import platform
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .channel import Audience
from .cores import usable_cores
from .course import Course, expected_seconds
from .errors import Cancelled, EngineError, JobError, OutputError, ShapeError
from .events import PROTOCOL, Done, Failed, FrameDone, Hello, Notice, Progress
from .failures import failure_of, foreseen
from .job import Job
from .joblog import JobLog
from .memory import is_too_large, memory_limit, needs_and_limit
from .previews import Previews
from .results import ResultsFolder, frames_stand, require_inputs, settled
from .whole_file import stamp
from .workplace import Workplace

if TYPE_CHECKING:
    from .frame_files import FrameFiles
    from .metrics import Report
    from .morph import Morph
    from .shapes import Shape

CLOUD_SECONDS = 15.0
"""About how long it takes to find a surface through a cloud of points."""

log = logging.getLogger(__name__)


def run_job(job: Job, base: Path, audience: Audience | None = None, *, force: bool = False) -> Done:
    """Do a job from its shapes to its results; relative paths are relative to ``base``.

    The audience hears everything, down to the Done or the Failed at the end; a failure is raised as well. ``force``
    replaces files of the results' folder that are not ours.
    """
    run = _Run(job, base, audience or Audience(), trained=False, force=force)
    return run.perform(lambda: run.whole(run.train))


def extract_morph(morph: Morph, base: Path, audience: Audience | None = None, *, force: bool = False) -> Done:
    """Take frames, report and pictures out of a trained morph, as its job's extraction and output now say."""
    run = _Run(morph.job, base, audience or Audience(), trained=True, force=force)
    run.kept_shapes = morph.shapes
    return run.perform(lambda: run.whole(lambda shapes: dataclasses.replace(morph, job=run.job)))


def measure_results(folder: Path, audience: Audience | None = None) -> Done:
    """Measure and draw the frames that lie in a results' folder once more."""
    run = _Run(Job.read(ResultsFolder(folder).job).without_orders(), folder, audience or Audience(), trained=True)
    run._measures = True
    return run.perform(run.measure)


def preview_guide(job: Job, base: Path, audience: Audience | None = None) -> Done:
    """Show a job's morph by its guide alone: coarse surfaces and a picture, in the folder of the results."""
    run = _Run(job, base, audience or Audience(), trained=False)
    run._sketches = True
    return run.perform(run.preview)


def greeting(device: str, device_name: str) -> Hello:
    """What the engine says of itself."""
    import torch

    return Hello(__version__, PROTOCOL, platform.python_version(), torch.__version__, device, device_name)


class _Run:
    """One job on its way."""

    def __init__(self, job: Job, base: Path, audience: Audience, trained: bool, force: bool = False) -> None:
        folder = Path(os.path.abspath(base / job.output.folder))
        self.results = ResultsFolder(folder)
        self.job = settled(job, base, folder)
        inputs = [folder / shape.path for shape in self.job.shapes]
        self._place = Workplace(folder, inputs, beside=job.output.folder in ("", "."), force=force)
        self._log = JobLog()
        self._audience = audience
        self._trained = trained
        self._measures = False
        """Whether only figures and pictures are made, of frames that are there."""
        self._sketches = False
        """Whether the guide alone is shown, and nothing is trained."""
        self._stand = False
        """Whether the frames of an earlier run are taken as they are."""
        self._course = Course(audience, expected_seconds(job, trained))
        self._previews = Previews(self.job, self.results, audience)
        self._older_model = stamp(self.results.model)
        self._notes: list[str] = []
        self._spectra: list[tuple[float, list[tuple[float, float]]]] = []
        self._device = ""
        self.kept_shapes: list[Shape] = []
        """Those that a trained morph has with it: then none has to be read."""
        self._apart: list[float] = []
        """How far each frame is from the surface that the certificates are about."""

    def perform(self, work: Callable[[], Done]) -> Done:
        """The whole way; whatever stops it is told, and raised as an EngineError."""
        with self._log:
            try:
                if not self._trained:
                    require_inputs(self.job, self.results.path)
                self._place.require_room(self._wanted())
                done = work()
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

    def _wanted(self) -> list[Path]:
        if self._sketches:
            return [*self.results.previews(self.job), self.results.preview_sheet, self.results.log]
        return self.results.wanted(self.job, anew=not self._measures)

    def _settle_in(self) -> None:
        """Make the folder ours, now that there is something to write; until here nothing has been touched."""
        replaced = self._place.open(self._wanted())
        if replaced:
            self._note(f"Lipschitz Morph did not write what is replaced here: {', '.join(replaced)}.")
        self._log.open(self._place.claimed(self.results.log))
        if not self._measures and not self._sketches:
            self.results.keep_job(self.job)
        if is_too_large(self.job, limit := memory_limit()):
            self._note(f"Memory may run out: {needs_and_limit(self.job, limit)}.")

    def whole(self, obtain: Callable[[list[Shape]], Morph]) -> Done:
        """From shapes to results, with a morph that is trained or taken as it is."""
        self._greet()
        self._stand = self._trained and frames_stand(self.results, self.job)
        with self._phase("start"):
            self._place.require_room(self._wanted())
        with self._phase("load"):
            shapes = self._load_shapes()
            self._settle_in()
        with self._phase("load" if self._trained else "guide"):
            morph = obtain(shapes)
            morph.save(self.results.model)
        self._place.make_room(self.results.path, self.results.keys.name)
        with self._phase("extract"):
            frames = self._frames_that_stand() if self._stand else self._extract(morph, shapes)
        return self._conclude(frames, shapes, morph)

    def train(self, shapes: list[Shape]) -> Morph:
        """Fit a network to the shapes."""
        from .training import train

        job = self._with_given_landmarks()
        previews, show = self._previews, self._previews.show_guide if self._previews.wanted else None
        morph = train(job, shapes, self._hear, self._audience.stopping, self.results.model, previews.look, show)
        return dataclasses.replace(morph, job=self.job)

    def preview(self) -> Done:
        """Sketch the morph along its guide."""
        from .frame_files import FrameFiles
        from .pictures.contact_sheet import contact_sheet, few
        from .training.finding import show_guide

        if self.job.guide.kind == "none":
            raise JobError("guide.kind is none, so that there is no guide to be shown: choose another.")
        self._course = Course(self._audience, expected_seconds(self.job, trained=False, sketches=True))
        self._greet()
        with self._phase("load"):
            shapes = self._load_shapes()
            self._settle_in()
        with self._phase("guide"):
            job, previews = self._with_given_landmarks(), self._previews
            show_guide(job, shapes, self._hear, self._audience.stopping, previews.show_guide)
        drawn = [Path(path) for _, path in sorted(previews.guided.items())]
        if self.job.output.pictures:
            contact_sheet([("", few(FrameFiles(drawn)))], self.results.preview_sheet, up=self._up)
        return Done("", "", [str(path) for path in drawn])

    def _with_given_landmarks(self) -> Job:
        """The job with the landmarks that follow from the vertices: they decide the flow, but nobody named them."""
        from .shapes.correspondence import given_landmarks

        given = given_landmarks(self.job, self.results.path, self._note)
        return dataclasses.replace(self.job, landmarks=[*self.job.landmarks, *given])

    def measure(self) -> Done:
        """From the frames that are there to what is said of them."""
        from .frame_files import FrameFiles
        from .morph import Morph

        self._greet()
        frames = FrameFiles(self.results.frames())
        expected = len(self.job.frame_times())
        if len(frames) != expected:
            raise OutputError(f"{self.results.path} holds {len(frames)} frames, but its job has {expected}.")
        with self._phase("load"):
            morph = Morph.load(self.results.model) if self.results.model.is_file() else None
            self.kept_shapes = morph.shapes if morph else []
            shapes = self._load_shapes()
            self._settle_in()
        return self._conclude(frames, shapes, morph)

    def _conclude(self, frames: FrameFiles, shapes: list[Shape], morph: Morph | None) -> Done:
        with self._phase("measure"):
            report = self._measure(frames, shapes, morph) if shapes else None
            if report is not None and morph is not None and self.job.extraction.keys != "none":
                self._track(report, shapes, morph)
            self._write_report(report)
        with self._phase("write"):
            self._write_pictures(frames, report)
            self._write_meshes(frames)
        self._write_report(report)
        return Done(
            model=str(self.results.model),
            report=str(self.results.report) if report else "",
            frames=[str(path) for path in frames.paths],
            contact_sheet=str(self.results.contact_sheet) if self.job.output.pictures else "",
        )

    def _greet(self) -> None:
        from .devices import device_name
        from .training.device import choose_device

        # A morph that was trained on a GPU is to be extracted anywhere.
        device = choose_device("auto" if self._trained else self.job.training.device).type
        self._device = device_name(device)
        hello = greeting(device, self._device)
        log.info("%s", hello)
        self._audience.tell(hello)

    def _load_shapes(self) -> list[Shape]:
        from .shapes import load_shapes

        if self.kept_shapes:
            return self.kept_shapes

        def check(fraction: float) -> None:
            self._stop_if_asked()
            self._course.expect("load", CLOUD_SECONDS)
            self._course.step(round(1000 * fraction), 1000)

        def notify(note: str) -> None:
            self._audience.tell(Notice(note))

        try:
            # What was done to a shape stands in the report beside the shape.
            return load_shapes(self.job, self.results.path, notify, check)
        except ShapeError as error:
            if not self._trained:
                raise
            self._note(f"The frames are extracted without colours, materials and a report: {error}")
            return []

    def _extract(self, morph: Morph, shapes: list[Shape]) -> FrameFiles:
        from .certificates.shown import frame_distance
        from .frame_files import FrameFiles
        from .surface.attributes import Sources
        from .surface.side_by_side import frames_side_by_side

        times = self.job.frame_times()
        sources = Sources(shapes) if shapes else None
        paths = [self.results.frame(index) for index in range(len(times))]
        self._place.make_room(paths[0].parent, "frame_*.npz")
        empty = []
        # A GPU is busy with one frame; processors are not.
        workers = (self.job.training.threads or usable_cores()) if morph.on_processor else 1
        frames = frames_side_by_side(morph, times, self.job.extraction, sources, workers)
        for index, (time, path) in enumerate(zip(times, paths, strict=True)):
            self._stop_if_asked()
            frame = next(frames)
            frame.save(path)
            if morph.detailed:
                self._apart.append(frame_distance(morph, frame))
            if not len(frame.faces):
                empty.append(time)
            self._audience.tell(FrameDone(index, len(times), time, str(path)))
            self._course.step(index + 1, len(times))
        if empty:
            self._note(f"There is no surface at t = {', '.join(f'{time:.2f}' for time in empty)}.")
        return FrameFiles(paths)

    def _frames_that_stand(self) -> FrameFiles:
        """The frames of an earlier run with the same wishes: only its shape keys are to be made anew."""
        from .frame_files import FrameFiles

        times, paths = self.job.frame_times(), self.results.frames()
        for index, (time, path) in enumerate(zip(times, paths, strict=True)):
            self._audience.tell(FrameDone(index, len(times), time, str(path)))
            self._course.step(index + 1, len(times))
        return FrameFiles(paths)

    def _report_that_stands(self) -> Report | None:
        """What was measured of such frames; nothing where it is damaged or of another version."""
        from .metrics import Report

        with suppress(OutputError):
            report = Report.read(self.results.report)
            told = report.tracking.sentence if report.tracking else ""
            self._notes = [*(note for note in report.notes if note != told), *self._notes]
            return dataclasses.replace(report, tracking=None, job=self.job.to_dict())
        return None

    def _measure(self, frames: FrameFiles, shapes: list[Shape], morph: Morph | None) -> Report:
        from .certificates.shown import brief_bounds
        from .frame_files import FrameFiles
        from .metrics import measure_morph

        standing = self._report_that_stands() if self._stand else None
        if standing is not None:
            return standing

        def notify(fraction: float) -> None:
            self._stop_if_asked()
            self._hear(Progress("measure", fraction))

        rising = dict(sorted(zip(self.job.frame_times(), frames.paths, strict=True)))
        return measure_morph(
            FrameFiles(list(rising.values())),
            shapes,
            job=self.job,
            device=self._device,
            bounds=brief_bounds(morph, self._apart, shapes[0].diagonal) if morph else [],
            threads=self.job.training.threads,
            notify=notify,
        )

    def _track(self, report: Report, shapes: list[Shape], morph: Morph) -> None:
        """Make shape keys, or say why there are none."""
        from .shape_keys import make_keys

        def notify(_fraction: float) -> None:
            self._stop_if_asked()

        report.tracking = make_keys(self.job, self.results, report.topology, shapes, morph, notify)
        self._note(report.tracking.sentence)

    def _write_report(self, report: Report | None) -> None:
        """Keep the figures, with the times and notes as they are by now."""
        if report is not None:
            report.phase_seconds = dict(self._course.seconds)
            report.notes = list(self._notes)
            report.write(self.results.report)

    def _write_pictures(self, frames: FrameFiles, report: Report | None) -> None:
        from .pictures.contact_sheet import contact_sheet, few
        from .pictures.plot import plot
        from .pictures.spectra import plot_spectra

        drawn = self._stand and self.results.contact_sheet.is_file()
        if not self.job.output.pictures or drawn:
            return
        with ThreadPoolExecutor(1) as pool:
            plots = pool.submit(plot, report, self.results.plot) if report is not None else None
            threads = self.job.training.threads
            contact_sheet([("", few(frames))], self.results.contact_sheet, up=self._up, threads=threads)
            if plots is not None:
                plots.result()
        if len(self._spectra) > 1:
            plot_spectra(self._spectra, self.results.spectra)

    def _write_meshes(self, frames: FrameFiles) -> None:
        from .film import ffmpeg, write_film
        from .sequence import write_mesh

        ending = self.job.output.sequence
        if ending != "none":
            self._place.make_room(self.results.sequence(0, ending).parent, f"frame_*.{ending}")
            for index, frame in enumerate(frames):
                self._stop_if_asked()
                write_mesh(frame, self.results.sequence(index, ending), self._up)
        if not self.job.output.film:
            return
        program = ffmpeg()
        if program is None:
            self._note("No film was written, because ffmpeg is not installed.")
            return

        def notify(done: int) -> None:
            self._stop_if_asked()
            self._course.step(done, len(frames))

        threads = self.job.training.threads
        write_film(frames, self.results.film, program=program, up=self._up, threads=threads, notify=notify)

    @property
    def _up(self) -> str:
        """Which axis of the shapes' world is up."""
        from .shapes.axes import common_up

        return common_up(self.job.shapes, self.results.path)

    @contextmanager
    def _phase(self, name: str) -> Iterator[None]:
        self._stop_if_asked()
        with self._course.phase(name):
            yield

    def _hear(self, message: Progress | Notice) -> None:
        if isinstance(message, Notice):
            self._note(message.message)
            return
        # Before the training there is nothing to keep.
        self._audience.may_interrupt = message.phase in ("guide", "sample")
        if message.singular_values is not None:
            self._spectra.append((message.fraction, message.singular_values))
        self._course.hear(message)

    def _note(self, sentence: str) -> None:
        log.info("%s", sentence)
        self._notes.append(sentence)
        self._audience.tell(Notice(sentence))

    def _stop_if_asked(self) -> None:
        if self._audience.stopping():
            raise Cancelled("Stopped; the model and the frames so far are kept.")

    def _failed(self, failure: EngineError) -> Failed:
        now = stamp(self.results.model)
        kept = str(self.results.model) if now and now != self._older_model else ""
        return Failed(str(failure), failure.exit_code, isinstance(failure, Cancelled), kept)
