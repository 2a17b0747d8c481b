"""The mark of a results folder in which all is done: what was asked for, and every file that is there since.

Standard library only. A run that begins anew takes files away or replaces them, so that a mark never outlives what it
tells of.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from .. import __version__
from ..job.hearsay import HearsayError, read_group
from .manifest import Manifest, is_inside
from .results_folder import ResultsFolder
from .whole_file import moved_when_whole

MARK_FORMAT = "lipschitz-morph-done-1"


def write_mark(results: ResultsFolder, manifest: Manifest, mark: str) -> None:
    """Say that everything was done that the mark stands for."""
    sizes = {}
    for name in sorted(manifest.names):
        path = results.path / name
        with suppress(OSError):
            # The log grows until the run has left.
            if path not in (results.log, results.done):
                sizes[name] = os.path.getsize(path)
    told = {"format": MARK_FORMAT, "engine": __version__, "mark": mark, "files": sizes}
    manifest.claim(results.done)
    with moved_when_whole(results.done) as draft:
        draft.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def is_done(folder: Path, mark: str) -> bool:
    """Whether the folder holds all that the mark stands for, and still as it was written."""
    results = ResultsFolder(folder)
    try:
        told = read_group(results.done)
        files = told.get("files")
        if told.get("format") != MARK_FORMAT or told.get("mark") != mark or not isinstance(files, dict):
            return False
        return all(map(is_inside, files)) and all(
            os.path.getsize(folder / name) == size for name, size in files.items()
        )
    except (OSError, HearsayError, ValueError):
        return False
