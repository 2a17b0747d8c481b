"""The frames of a run, from a morph to its results' folder or as they stand there. Trains and measures nothing."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from ..files.results_folder import ResultsFolder
from ..files.workplace import Workplace
from ..job.description import Job
from .account import Account
from .portions import Portion

if TYPE_CHECKING:
    from ..files.frame_files import FrameFiles
    from ..model.trained_morph import Morph
    from ..shapes import Shape


class FrameWriting:
    """Of one run, into its results' folder."""

    def __init__(self, job: Job, results: ResultsFolder, place: Workplace, account: Account) -> None:
        self.job, self.results = job, results
        self._place, self._account = place, account
        self.apart: list[float] = []
        """How far each frame is from the surface that the certificates are about."""

    def write(self, morph: Morph, shapes: list[Shape], portion: Portion) -> FrameFiles:
        """Extract the job's frames, or take those that were extracted elsewhere."""
        from ..certificates.shown_surface import frame_distance
        from ..files.frame_files import FrameFiles
        from .method import frames

        times = self.job.frame_times()
        paths = [self.results.frame(index) for index in range(len(times))]
        self._place.make_room(paths[0].parent, "frame_*.npz")
        empty = []
        coming = portion.frames_made_elsewhere(times) or frames(morph, times, shapes)
        with closing(coming):
            for index, (time, path) in enumerate(zip(times, paths, strict=True)):
                self._account.stop_if_asked()
                frame = next(coming)
                frame.save(path)
                if morph.detailed:
                    self.apart.append(frame_distance(morph, frame))
                if not len(frame.faces):
                    empty.append(time)
                self._account.frame_done(index, times, path)
        if empty:
            self._account.note(f"There is no surface at t = {', '.join(f'{time:.2f}' for time in empty)}.")
        return FrameFiles(paths)

    def leave(self) -> FrameFiles:
        """The frames of an earlier run with the same wishes: only its shape keys are to be made anew."""
        from ..files.frame_files import FrameFiles

        times, paths = self.job.frame_times(), self.results.frames()
        for index, path in enumerate(paths[: len(times)]):
            self._account.frame_done(index, times, path)
        return FrameFiles(paths)
