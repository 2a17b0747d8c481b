"""A job's folder as the add-on fills and empties it, by the same list of our files as the engine. No bpy in here."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from .lipmlp_engine.files.manifest import Manifest
from .lipmlp_engine.files.results_folder import ResultsFolder
from .lipmlp_engine.files.workplace import manifest_of
from .lipmlp_engine.job.errors import OutputError

NOTHING_TO_LOOK_UP = {2, 3, 4, 130}
"""Exit codes of failures whose sentence says it all: a wrong job, an unusable shape, no room, the wish to stop."""


def settled_in(folder: Path) -> Manifest:
    """Make the folder, or find it there as ours; raises OutputError where it is another's or cannot be written to."""
    manifest = manifest_of(folder)
    if manifest is None:
        raise OutputError(f"Nothing is written into {folder}, because it is no folder of Lipschitz Morph.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be written to: {error.strerror or error}.") from error
    return manifest


def clear_away(folder: Path) -> None:
    """Delete the folder of a job that came to nothing, with whatever is ours in it; a trained model is kept."""
    if ResultsFolder(folder).model.is_file():
        return
    with suppress(OutputError):
        manifest = Manifest.read(folder)
        if manifest is not None:
            manifest.remove_all()
    # Before the first file is on a list there may be empty folders.
    for place in (folder / "shapes", folder, folder.parent):
        with suppress(OSError):
            place.rmdir()


def log_kept_elsewhere(folder: Path) -> Path | None:
    """A copy of the log of a job whose folder will not stay."""
    with suppress(OSError):
        descriptor, name = tempfile.mkstemp(prefix="lipmorph-", suffix=".log")
        os.close(descriptor)
        return Path(shutil.copyfile(ResultsFolder(folder).log, name))
    return None


def why_not_writable(path: Path) -> str:
    """Why a file cannot be written at this place, or nothing; tried, because permissions do not tell it all."""
    nearest = next((place for place in path.parents if os.path.lexists(place)), Path())
    try:
        if path.is_dir():
            return "it is a folder"
        if path.exists():
            with open(path, "r+b"):
                return ""
        with tempfile.TemporaryFile(dir=nearest):
            return ""
    except OSError as error:
        return (error.strerror or str(error)).lower()
