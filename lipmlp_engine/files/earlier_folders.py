"""Recognises what earlier versions, which kept no list of their files, wrote into a folder. Standard library only."""

from __future__ import annotations

import json
import re
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..job.description import Job
from ..job.errors import EngineError
from .model_metadata import read_metadata
from .results_folder import ResultsFolder

OURS = b"Lipschitz Morph"
"""What the mesh files of a sequence say near their beginning."""
NEAR = 600
FRAME_ARRAYS = {"time.npy", "segment.npy", "vertices.npy", "faces.npy"}
KEY_ARRAYS = {"positions.npy", "times.npy"}
LARGEST_JSON = 64_000_000


def earlier_names(folder: Path) -> list[str] | None:
    """The names of the files that an earlier version wrote; None where no model of ours vouches for the folder.

    Only names that we gave count, and where a file says what it is, it must be that.
    """
    results = ResultsFolder(folder)
    try:
        if results.model.is_symlink():
            return None
        told = json.loads(str(read_metadata(results.model).get("job", "")))
        job = Job.from_dict(told)
    except (EngineError, ValueError, RecursionError):
        return None
    kept = _job_in(results.job)
    own_job = kept is not None and kept.training_hash() == job.training_hash()
    frames = len((kept if kept is not None and own_job else job).frame_times())
    found = [results.model]
    if own_job:
        found.append(results.job)
    if isinstance(_json_in(results.report).get("middle"), dict):
        found.append(results.report)
    if isinstance(_json_in(folder / "order.json").get("spec"), dict):
        found.append(folder / "order.json")
    if _holds(results.keys, KEY_ARRAYS):
        found.append(results.keys)
    surfaces = [results.frame(index) for index in range(frames)] + [
        folder / "preview" / f"preview_{turn}.npz" for turn in (0, 1)
    ]
    found += [path for path in surfaces if _holds(path, FRAME_ARRAYS)]
    found += [path for path in _sequence(results, frames) if _begins_as_ours(path)]
    found += [results.contact_sheet, results.plot, results.spectra, results.film, results.log]
    return [path.relative_to(folder).as_posix() for path in found if path.is_file() and not path.is_symlink()]


def _sequence(results: ResultsFolder, frames: int) -> list[Path]:
    there = results.sequence(0, "ply").parent.glob("frame_*")
    numbered = {path: re.fullmatch(r"frame_(\d{4,5})\.(ply|obj|glb)", path.name) for path in there}
    return [path for path, match in numbered.items() if match and int(match[1]) < frames]


def _json_in(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        if path.stat().st_size <= LARGEST_JSON:
            values = json.loads(path.read_text(encoding="utf-8"))
            return values if isinstance(values, dict) else {}
    return {}


def _job_in(path: Path) -> Job | None:
    try:
        return Job.from_dict(_json_in(path))
    except EngineError:
        return None


def _holds(path: Path, arrays: set[str]) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return arrays <= set(archive.namelist())
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def _begins_as_ours(path: Path) -> bool:
    try:
        with open(path, "rb") as stream:
            return OURS in stream.read(NEAR)
    except OSError:
        return False
