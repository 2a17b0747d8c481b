"""Parts of a job that are done apart: only the model, only some frames, the rest of what was killed. Knows no torch."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..files.done_mark import write_mark
from ..files.results_folder import ResultsFolder
from ..job.errors import OutputError

if TYPE_CHECKING:
    from ..files.manifest import Manifest
    from ..files.mesh_frame import MeshFrame


@dataclass(frozen=True)
class Portion:
    """Which part of a job is to be done, and what has been done already."""

    resume: bool = False
    """Whether to go on from the model, finished or not, that an earlier run of the same job left in the folder."""
    only: str = ""
    """"model" or "frames": nothing comes after them."""
    frames_from: tuple[Path, ...] = ()
    """Results' folders that together hold the film's frames, made from the same model."""
    mark: str = ""
    """What the folder is marked with when all is done; nothing for no mark."""

    def ends_after(self, stage: str) -> bool:
        return self.only == stage

    def frames_made_elsewhere(self, times: Sequence[float]) -> Generator[MeshFrame, None, None] | None:
        """The film's frames out of those folders; None where they are to be made here."""
        if not self.frames_from:
            return None
        paths = [path for folder in self.frames_from for path in ResultsFolder(folder).frames()]
        if len(paths) != len(times):
            raise OutputError(f"The parts of the film hold {len(paths)} frames together, but it has {len(times)}.")
        return _checked(paths, times)

    def conclude(self, results: ResultsFolder, manifest: Manifest) -> None:
        """Mark the folder as done."""
        if self.mark:
            write_mark(results, manifest, self.mark)


def _checked(paths: Sequence[Path], times: Sequence[float]) -> Generator[MeshFrame, None, None]:
    from ..files.mesh_frame import MeshFrame

    for path, time in zip(paths, times, strict=True):
        frame = MeshFrame.load(path)
        if frame.time != time:
            raise OutputError(f"{path} is the frame at t = {frame.time:g}; the film wants the one at {time:g} there.")
        yield frame
