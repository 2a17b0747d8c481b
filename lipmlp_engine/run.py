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
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .channel import Audience
from .course import Course, expected_seconds
from .errors import Cancelled, EngineError, JobError, OutputError, ShapeError
from .events import PROTOCOL, Done, Failed, FrameDone, Hello, Notice, Progress
from .failures import failure_of, foreseen
from .job import Job
from .joblog import JobLog
from .previews import Previews
from .results import ResultsFolder, frames_stand, settled
from .whole_file import moved_when_whole

if TYPE_CHECKING:
    from .frame_files import FrameFiles
    from .metrics import Bound, Report
    from .morph import Morph
    from .shapes import Shape

Y_UP_FILES = {".obj", ".glb", ".gltf"}
"""Formats in which y is up, by rule or by custom; Blender's shapes and most others have z up."""

CLOUD_SECONDS = 15.0
"""About how long it takes to find a surface through a cloud of points."""

log = logging.getLogger(__name__)


def run_job(job: Job, base: Path, audience: Audience | None = None) -> Done:
    """Do a job from its shapes to its results; relative paths are relative to ``base``.

    The audience hears everything, down to the Done or the Failed at the end; a failure is raised as well.
    """
    run = _Run(job, base, audience or Audience(), trained=False)
    return run.perform(lambda: run.whole(run.train))


def extract_morph(morph: Morph, base: Path, audience: Audience | None = None) -> Done:
    """Take frames, report and pictures out of a trained morph, as its job's extraction and output now say."""
    run = _Run(morph.job, base, audience or Audience(), trained=True)
    return run.perform(lambda: run.whole(lambda shapes: dataclasses.replace(morph, job=run.job)))


def measure_results(folder: Path, audience: Audience | None = None) -> Done:
    """Measure and draw the frames that lie in a results' folder once more."""
    run = _Run(Job.read(ResultsFolder(folder).job), folder, audience or Audience(), trained=True)
    return run.perform(run.measure)


def greeting(device: str, device_name: str) -> Hello:
    """What the engine says of itself."""
    import torch

    return Hello(__version__, PROTOCOL, platform.python_version(), torch.__version__, device, device_name)


class _Run:
    """One job on its way."""

    def __init__(self, job: Job, base: Path, audience: Audience, trained: bool) -> None:
        folder = Path(os.path.abspath(base / job.output.folder))
        self.results = ResultsFolder(folder)
        self.job = settled(job, base, folder)
        self._audience = audience
        self._trained = trained
        self._stand = False
        """Whether the frames of an earlier run are taken as they are."""
        self._course = Course(audience, expected_seconds(job, trained))
        self._previews = Previews(self.job, self.results, audience)
        self._older_model = _stamp(self.results.model)
        self._notes: list[str] = []
        self._spectra: list[tuple[float, list[tuple[float, float]]]] = []
        self._device = ""

    def perform(self, work: Callable[[], Done]) -> Done:
        """The whole way; whatever stops it is told, and raised as an EngineError."""
        with ExitStack() as stack:
            try:
                self._require_inputs()
                self.results.prepare()
                stack.enter_context(JobLog(self.results.log))
                done = work()
            except (Exception, KeyboardInterrupt) as error:
                failure = failure_of(error, self.results.log, stopping=self._audience.stopping())
                log.error("%s", failure, exc_info=None if foreseen(error) else error)
                with suppress(OSError):
                    self.results.drop_parts()
                self._audience.tell(self._failed(failure))
                raise failure from error
        self._audience.tell(done)
        return done

    def whole(self, obtain: Callable[[list[Shape]], Morph]) -> Done:
        """From shapes to results, with a morph that is trained or taken as it is."""
        self._greet()
        self._stand = self._trained and frames_stand(self.results, self.job)
        with self._phase("start"):
            self._write_job()
        with self._phase("load"):
            shapes = self._load_shapes()
        with self._phase("load" if self._trained else "guide"):
            morph = obtain(shapes)
            morph.save(self.results.model)
        self.results.make_room(self.results.path, self.results.keys.name)
        with self._phase("extract"):
            frames = self._frames_that_stand() if self._stand else self._extract(morph, shapes)
        return self._conclude(frames, shapes, morph)

    def train(self, shapes: list[Shape]) -> Morph:
        """Fit a network to the shapes."""
        from .training import train

        # The landmarks that follow from the vertices decide the flow, but nobody named them.
        job = dataclasses.replace(self.job, landmarks=[*self.job.landmarks, *self._given_landmarks()])
        morph = train(job, shapes, self._hear, self._audience.stopping, self.results.model, self._previews.look)
        return dataclasses.replace(morph, job=self.job)

    def _given_landmarks(self) -> list[list[list[float] | None]]:
        """Those that the shapes' vertices give where the job wants them; where it could, a word about it."""
        from .shapes.correspondence import same_faces, vertex_landmarks
        from .shapes.read import read_shape

        filed = [read_shape(self.results.path / shape.path, shape.name) for shape in self.job.shapes]
        if self.job.guide.correspondence == "vertices":
            return vertex_landmarks(filed)
        if all(same_faces(filed[0], other) for other in filed[1:]):
            self._note(
                "The shapes have the same faces: set guide.correspondence to vertices to make each vertex become the "
                "vertex of its number."
            )
        return []

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
            shapes = self._load_shapes()
            morph = Morph.load(self.results.model) if self.results.model.is_file() else None
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

    def _require_inputs(self) -> None:
        """Refuse a job whose files are not there before anything heavy begins."""
        for shape in self.job.shapes:
            path = self.results.path / shape.path
            if not path.is_file() and not self._trained:
                raise ShapeError(f"There is no shape file {path}.")
        model = self.job.training.start_from
        if model and not Path(model).is_file() and not self._trained:
            raise JobError(f"training.start_from names {model}, which is not there.")

    def _greet(self) -> None:
        from .devices import device_name
        from .training.device import choose_device

        # A morph that was trained on a GPU is to be extracted anywhere.
        device = choose_device("auto" if self._trained else self.job.training.device).type
        self._device = device_name(device)
        hello = greeting(device, self._device)
        log.info("%s", hello)
        self._audience.tell(hello)

    def _write_job(self) -> None:
        """Keep the job beside its results, unless it is what they were made from."""
        with suppress(EngineError):
            if settled(Job.read(self.results.job), self.results.path, self.results.path) == self.job:
                return
        with moved_when_whole(self.results.job) as draft:
            self.job.write(draft)

    def _load_shapes(self) -> list[Shape]:
        from .shapes import load_shapes

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
        from .frame_files import FrameFiles
        from .surface.assemble import frame_at
        from .surface.attributes import Sources

        times = self.job.frame_times()
        sources = Sources(shapes) if shapes else None
        paths = [self.results.frame(index) for index in range(len(times))]
        self.results.make_room(paths[0].parent, "frame_*.npz")
        empty = []
        for index, (time, path) in enumerate(zip(times, paths, strict=True)):
            self._stop_if_asked()
            frame = frame_at(morph, time, self.job.extraction, sources)
            frame.save(path)
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
            bounds=_bounds(morph) if morph else [],
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
            self.results.make_room(self.results.sequence(0, ending).parent, f"frame_*.{ending}")
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
        return "y" if all(Path(shape.path).suffix.lower() in Y_UP_FILES for shape in self.job.shapes) else "z"

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
        stamp = _stamp(self.results.model)
        kept = str(self.results.model) if stamp and stamp != self._older_model else ""
        return Failed(str(failure), failure.exit_code, isinstance(failure, Cancelled), kept)


def _bounds(morph: Morph) -> list[Bound]:
    """What costs next to nothing; `lipmorph certify` finds closer bounds and more of them."""
    from .certificates import brief

    return [figure.reported() for figure in brief(morph)]


def _stamp(path: Path) -> tuple[int, int] | None:
    """What changes when a file is written anew."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_ino
