"""What is made of a morph's frames: figures, shape keys, pictures, mesh files, a film. Trains and extracts nothing.

Imports what is heavy only when it is wanted.
"""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

from ..files.results_folder import ResultsFolder
from ..files.workplace import Workplace
from ..job.description import Job
from ..job.errors import OutputError
from ..job.events import Done, Progress
from .account import Account

if TYPE_CHECKING:
    from ..files.frame_files import FrameFiles
    from ..metrics import Report
    from ..model.trained_morph import Morph
    from ..shapes import Shape


class Deliveries:
    """Of one run, into its results' folder."""

    def __init__(
        self, job: Job, results: ResultsFolder, place: Workplace, account: Account, device: str, *, stand: bool
    ) -> None:
        self.job, self.results = job, results
        self._place, self._account, self._device = place, account, device
        self._stand = stand
        """Whether the frames of an earlier run were taken as they are: then only shape keys are made anew."""

    def make(self, frames: FrameFiles, shapes: list[Shape], morph: Morph | None, apart: list[float]) -> Done:
        """All that the job wants of the frames; ``apart`` is how far each is from what certificates are about."""
        # What is drawn of the frames alone needs no figures: one core measures while another draws.
        with ThreadPoolExecutor(1) as beside:
            drawing = beside.submit(self._draw, frames) if self._draws else None
            with self._account.phase("measure"):
                report = self._measure(frames, shapes, morph, apart) if shapes else None
                if report is not None and morph is not None and self.job.extraction.keys != "none":
                    self._track(report, shapes, morph)
                self._write_report(report)
            with self._account.phase("write"):
                if drawing is not None:
                    drawing.result()
                    self._plot(report)
                self._write_meshes(frames)
                self._write_film(frames)
        self._write_report(report)
        return Done(
            model=str(self.results.model),
            report=str(self.results.report) if report else "",
            frames=[str(path) for path in frames.paths],
            contact_sheet=str(self.results.contact_sheet) if self.job.output.pictures else "",
        )

    def _report_that_stands(self) -> Report | None:
        """What was measured of frames that stand; nothing where it is damaged or of another version."""
        from ..metrics import Report

        with suppress(OutputError):
            report = Report.read(self.results.report)
            told = report.tracking.sentence if report.tracking else ""
            self._account.notes[:0] = [note for note in report.notes if note != told]
            return dataclasses.replace(report, tracking=None, job=self.job.to_dict())
        return None

    def _measure(self, frames: FrameFiles, shapes: list[Shape], morph: Morph | None, apart: list[float]) -> Report:
        from ..certificates.shown_surface import brief_bounds
        from ..files.frame_files import FrameFiles
        from ..metrics import measure_morph

        standing = self._report_that_stands() if self._stand else None
        if standing is not None:
            return standing

        def notify(fraction: float) -> None:
            self._account.stop_if_asked()
            self._account.hear(Progress("measure", fraction))

        rising = dict(sorted(zip(self.job.frame_times(), frames.paths, strict=True)))
        return measure_morph(
            FrameFiles(list(rising.values())),
            shapes,
            job=self.job,
            device=self._device,
            bounds=brief_bounds(morph, apart, shapes[0].diagonal) if morph else [],
            threads=self.job.training.threads,
            notify=notify,
        )

    def _track(self, report: Report, shapes: list[Shape], morph: Morph) -> None:
        """Make shape keys, or say why there are none."""
        from .key_making import make_keys

        def notify(_fraction: float) -> None:
            self._account.stop_if_asked()

        report.tracking = make_keys(self.job, self.results, report.topology, shapes, morph, notify)
        self._account.note(report.tracking.sentence)

    def _write_report(self, report: Report | None) -> None:
        """Keep the figures, with the times and notes as they are by now."""
        if report is not None:
            report.phase_seconds = dict(self._account.course.seconds)
            report.notes = list(self._account.notes)
            report.write(self.results.report)

    @property
    def _draws(self) -> bool:
        """Whether pictures are made."""
        return self.job.output.pictures and not (self._stand and self.results.contact_sheet.is_file())

    def _draw(self, frames: FrameFiles) -> None:
        """The pictures that need no figures of the frames."""
        from ..pictures.contact_sheet import contact_sheet, few
        from ..pictures.spectrum_plot import plot_spectra

        threads = self.job.training.threads
        contact_sheet([("", few(frames))], self.results.contact_sheet, up=self._up, threads=threads)
        if len(self._account.spectra) > 1:
            plot_spectra(self._account.spectra, self.results.spectra)

    def _plot(self, report: Report | None) -> None:
        from ..pictures.report_plot import plot

        if report is not None:
            plot(report, self.results.plot)

    def _write_meshes(self, frames: FrameFiles) -> None:
        from ..files.mesh_files import write_mesh

        ending = self.job.output.sequence
        if ending == "none":
            return
        self._place.make_room(self.results.sequence(0, ending).parent, f"frame_*.{ending}")
        for index, frame in enumerate(frames):
            self._account.stop_if_asked()
            write_mesh(frame, self.results.sequence(index, ending), self._up)

    def _write_film(self, frames: FrameFiles) -> None:
        from ..pictures.film import ffmpeg, write_film

        if not self.job.output.film:
            return
        program = ffmpeg()
        if program is None:
            self._account.note("No film was written, because ffmpeg is not installed.")
            return

        def notify(done: int) -> None:
            self._account.stop_if_asked()
            self._account.course.step(done, len(frames))

        threads = self.job.training.threads
        write_film(frames, self.results.film, program=program, up=self._up, threads=threads, notify=notify)

    @property
    def _up(self) -> str:
        """Which axis of the shapes' world is up."""
        from ..shapes.up_axis import common_up

        return common_up(self.job.shapes, self.results.path)
