"""The folder a job's results lie in: what is called what. Knows no content but the job's. Standard library only."""

from __future__ import annotations

import dataclasses
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..job.description import Job
from ..job.errors import EngineError, JobError, ShapeError
from ..job.sections import KEY_SETTINGS, MACHINE_SETTINGS, Extraction, Output, Training
from .whole_file import moved_when_whole

MOTION_BOUND = "Largest motion between two frames"
"""What the report calls the bound that `lipmorph certify --motion` proves."""

STATIONS = 8
"""Previews of the way between two shapes, the second shape's own counted."""

TRUE_CHAMFER = 0.15
TRUE_PERCENTILE_99 = 1.0
"""In % of the diagonal: beyond these a part of a shape is missing in its frame, or was lost to cells too coarse."""


def is_true(chamfer: float, percentile_99: float) -> bool:
    """Whether distances, in % of the diagonal, are those of a frame that shows all of its shape."""
    return chamfer <= TRUE_CHAMFER and percentile_99 <= TRUE_PERCENTILE_99


@dataclass(frozen=True)
class ResultsFolder:
    """Paths of everything that a job writes."""

    path: Path

    @property
    def job(self) -> Path:
        return self.path / "job.json"

    @property
    def model(self) -> Path:
        return self.path / "model.safetensors"

    @property
    def report(self) -> Path:
        return self.path / "report.json"

    @property
    def contact_sheet(self) -> Path:
        return self.path / "contact_sheet.png"

    @property
    def plot(self) -> Path:
        return self.path / "plot.png"

    @property
    def spectra(self) -> Path:
        return self.path / "singular_values.png"

    @property
    def film(self) -> Path:
        return self.path / "film.mp4"

    @property
    def log(self) -> Path:
        return self.path / "engine.log"

    @property
    def done(self) -> Path:
        """There only where a batch has done all of its job."""
        return self.path / "lipmorph-done.json"

    @property
    def keys(self) -> Path:
        """The first shape's own mesh at the keys of a morph; there only where it was asked for and held."""
        return self.path / "keys.npz"

    @property
    def space(self) -> Path:
        """A learned space of poses."""
        return self.path / "space.safetensors"

    @property
    def grid(self) -> Path:
        """Meshes on a grid of such a space."""
        return self.path / "grid.npz"

    def wanted_of_space(self, grid: bool) -> list[Path]:
        """Every file that the learning of such a space may write here."""
        return [self.space, self.report, self.contact_sheet, *([self.grid] if grid else [])]

    def frame(self, index: int) -> Path:
        return self.path / "frames" / f"frame_{index:04d}.npz"

    def sequence(self, index: int, ending: str) -> Path:
        return self.path / "sequence" / f"frame_{index:04d}.{ending}"

    def preview(self, station: int, turn: int = 0) -> Path:
        """Two names in turn, so that the file whose name has been sent is not the one being written."""
        return self.path / "preview" / f"preview_{station:03d}_{turn % 2}.npz"

    @property
    def preview_sheet(self) -> Path:
        """A picture of the morph by its guide alone."""
        return self.path / "preview" / "guide.png"

    def previews(self, job: Job) -> list[Path]:
        """Every preview that a job may leave."""
        return [self.preview(station, turn) for station in range(len(preview_times(job))) for turn in (0, 1)]

    def frames(self) -> list[Path]:
        """The frames that are there, in their order."""
        return sorted(self.frame(0).parent.glob("frame_*.npz"))

    def wanted(self, job: Job, anew: bool = True) -> list[Path]:
        """Every file that a job may write here; without ``anew`` its model and frames are there already."""
        frames = range(len(job.frame_times()))
        output = job.output
        found = [self.report, self.log, self.done]
        if anew:
            found += [self.model, *(self.frame(index) for index in frames), *self.previews(job)]
        if job.extraction.keys != "none":
            found.append(self.keys)
        if output.pictures:
            found += [self.contact_sheet, self.plot, self.spectra]
        if output.sequence != "none":
            found += [self.sequence(index, output.sequence) for index in frames]
        if anew:
            found += self.job_to_write(job)
        return [*found, self.film] if output.film else found

    def keep_job(self, job: Job) -> None:
        """Write a settled job where it is to be kept."""
        for path in self.job_to_write(job):
            with moved_when_whole(path) as draft:
                job.write(draft)

    def job_to_write(self, job: Job) -> list[Path]:
        """Where a settled job is to be kept: nowhere, if it is there already."""
        with suppress(EngineError):
            if settled(Job.read(self.job), self.path, self.path) == job:
                return []
        return [self.job]


def preview_times(job: Job) -> list[float]:
    """The times at which the whole morph is shown before it is done, evenly from the first shape to the last."""
    return [station / STATIONS for station in range(STATIONS * (len(job.shapes) - 1) + 1)]


def require_inputs(job: Job, folder: Path) -> None:
    """Refuse a settled job whose files are not there before anything heavy begins."""
    for shape in job.shapes:
        path = folder / shape.path
        if path.is_dir():
            raise ShapeError(f"{path} is a folder; name a file in it.")
        if not path.is_file():
            raise ShapeError(f"There is no shape file {path}.")
    model = job.training.start_from
    if model and not Path(model).is_file():
        raise JobError(f"training.start_from names {model}, which is not there.")


def frames_stand(results: ResultsFolder, job: Job) -> bool:
    """Whether the frames that a settled job wants lie in the folder already, measured and out of the same training."""
    try:
        made = Job.read(results.job)
    except JobError:
        return False

    def frames_of(wanted: Job) -> Job:
        keyless = {name: getattr(Extraction(), name) for name in ("keys", *KEY_SETTINGS)}
        # What the machine was to do is not in the frames: an extraction says that anew.
        training = dataclasses.replace(wanted.training, **{n: getattr(Training(), n) for n in MACHINE_SETTINGS})
        return dataclasses.replace(
            wanted,
            training=training,
            extraction=dataclasses.replace(wanted.extraction, **keyless),
            output=Output(),
            times=[],
        )

    times = job.frame_times()
    same = frames_of(made) == frames_of(job) and made.frame_times() == times
    paths = [results.frame(index) for index in range(len(times))]
    return same and results.frames() == paths and results.report.is_file()


def settled(job: Job, base: Path, folder: Path) -> Job:
    """The same job, said from the results' folder: inputs that lie inside are named relative to it, others in full."""

    def in_full(path: str) -> str:
        return os.path.abspath(base / path) if path else ""

    def seen_from_folder(path: str) -> str:
        full = Path(in_full(path))
        return full.relative_to(folder).as_posix() if path and full.is_relative_to(folder) else in_full(path)

    return dataclasses.replace(
        job,
        shapes=[dataclasses.replace(shape, path=seen_from_folder(shape.path)) for shape in job.shapes],
        training=dataclasses.replace(job.training, start_from=in_full(job.training.start_from)),
        output=dataclasses.replace(job.output, folder="."),
    )
