"""A results folder while a run works in it: room is asked for, the folder locked, listed and tidied. Knows no torch."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryFile

from ..job.errors import OutputError
from .earlier_folders import earlier_names
from .folder_lock import LOCK, RUN_NAME, FolderLock, left_by_us
from .manifest import MANIFEST, Manifest
from .results_folder import ResultsFolder
from .whole_file import PART, draft_of, kept_by

MOST_NAMED = 4
"""More files than these are counted and not named in a sentence."""
_LIST_DRAFT = re.compile(re.escape(MANIFEST) + r"\." + RUN_NAME.pattern + re.escape(PART))


def manifest_of(folder: Path) -> Manifest | None:
    """The list of our files in a folder: its own, or one for what an earlier version left, or an empty one where there
    is nothing; None where the folder is somebody else's."""
    manifest = Manifest.read(folder)
    if manifest is not None:
        return manifest
    if next(_strangers(folder), None) is None:
        return Manifest(folder)
    earlier = earlier_names(folder)
    return None if earlier is None else Manifest(folder, earlier)


class Workplace:
    """What a run may replace in a folder, and the folder as long as it is at work there."""

    def __init__(self, folder: Path, inputs: Sequence[Path], *, beside: bool, force: bool) -> None:
        """``beside``: the job lies in this folder itself, so that other files there are no sign of a wrong folder;
        ``force``: files that are not ours are replaced, but never those that the job reads."""
        self._folder = folder
        self._inputs = list(inputs)
        self._beside = beside
        self._force = force
        self._made: list[Path] = []
        """Folders that were not there before, innermost first."""
        self._lock = FolderLock(folder)
        self._open = ExitStack()
        self.manifest = Manifest(folder)
        self._is_open = False

    def require_room(self, wanted: Sequence[Path]) -> list[str]:
        """Refuse a folder that is not ours, touching nothing; returns what will be replaced by force."""
        self._require_writable()
        places = [*wanted, self._folder / MANIFEST, self._folder / LOCK]
        manifest = manifest_of(self._folder)
        ours = manifest or Manifest(self._folder)
        for place in places:
            if any(_same(place, read) for read in self._inputs):
                raise OutputError(
                    f"The results would replace {place}, which the job reads: choose another folder for them."
                )
        taken = [place for place in wanted if ours.why_not(place)]
        if not self._force and manifest is None and not self._beside:
            replacing = f", or --force, which replaces {_named(self._folder, taken)}" if taken else ", or --force"
            raise OutputError(
                f"The folder {self._folder} is not empty, and Lipschitz Morph did not make it: choose another "
                f"one{replacing}."
            )
        if not self._force and taken:
            raise OutputError(
                f"Lipschitz Morph did not write {_named(self._folder, taken)} in {self._folder}: choose another "
                "folder, or --force, which replaces them."
            )
        for place in taken:
            if place.is_dir() or any(above.is_symlink() or above.is_file() for above in self._between(place)):
                raise OutputError(f"{ours.why_not(place)}, but is in the way of the results: choose another folder.")
        return [name for place in taken if (name := ours.name_of(place)) is not None]

    def open(self, wanted: Sequence[Path]) -> list[str]:
        """Make and lock the folder and begin its list; returns what is replaced by force."""
        self._make()
        self._lock.take()
        self._open.callback(self._lock.release)
        replaced = self.require_room(wanted)
        self.manifest = manifest_of(self._folder) or Manifest(self._folder)
        self._sweep(self._lock.earlier_run)
        self._lock.sign()
        self._is_open = True
        self.manifest.adopt(replaced)
        self._open.enter_context(kept_by(self._claim))
        return replaced

    def claimed(self, path: Path) -> Path:
        """The path of a file that will be written without a draft, once it is on the list."""
        self.manifest.claim(path)
        return path

    def make_room(self, folder: Path, pattern: str) -> None:
        """Make a folder within this one, without the files that an earlier run of ours left there."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for old in folder.glob(pattern):
                self.manifest.remove(old)
        except OSError as error:
            raise OutputError(f"The folder {folder} cannot be written to: {error.strerror or error}.") from error

    def leaves_nothing(self) -> bool:
        """Whether a run that fails now leaves no file: it has written none, or made the folder and got no model."""
        return not self._is_open or (bool(self._made) and not ResultsFolder(self._folder).model.is_file())

    def close(self, failed: bool) -> None:
        """Leave the folder to others; where the run failed and the folder is new, as if it had never been."""
        vanishes = failed and self.leaves_nothing()
        if self._is_open:
            with suppress(OSError, OutputError):
                if vanishes:
                    self.manifest.remove_all()
                else:
                    self.manifest.settle()
        self._open.close()
        for place in self._made if vanishes else []:
            with suppress(OSError):
                place.rmdir()

    def _make(self) -> None:
        try:
            missing = [self._folder, *self._folder.parents]
            self._made = [place for place in missing if not place.exists()]
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"The folder {self._folder} cannot be written to: {error.strerror or error}.") from error

    def _require_writable(self) -> None:
        """Find out without a trace what can be found out so."""
        nearest = next(place for place in [self._folder, *self._folder.parents] if os.path.lexists(place))
        if not nearest.is_dir():
            raise OutputError(f"The folder {self._folder} cannot be written to: {nearest} is a file.")
        if not os.access(nearest, os.W_OK | os.X_OK):
            raise OutputError(f"The folder {self._folder} cannot be written to: {nearest} is protected.")
        # Rights say nothing of places that take no files, nor of names too long for them.
        try:
            with suppress(FileNotFoundError):
                os.lstat(self._folder)
            with TemporaryFile(dir=nearest):
                pass
        except OSError as error:
            raise OutputError(f"The folder {self._folder} cannot be written to: {error.strerror or error}.") from error

    def _claim(self, path: Path) -> None:
        if path.is_relative_to(self._folder) and path != self.manifest.path:
            self.manifest.claim(path)

    def _sweep(self, run: str) -> None:
        """Remove the drafts of a run that was killed here."""
        if run:
            for path in [self._folder / MANIFEST, *(self._folder / name for name in self.manifest.names)]:
                draft_of(path, run).unlink(missing_ok=True)

    def _between(self, place: Path) -> list[Path]:
        return [above for above in place.parents if above != self._folder and above.is_relative_to(self._folder)]


def _strangers(folder: Path) -> Iterator[str]:
    """What lies in a folder, but for what a run that was killed at its very beginning leaves."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    for name in names:
        if not _LIST_DRAFT.fullmatch(name) and not (name == LOCK and left_by_us(folder / name)):
            yield name


def _same(place: Path, read: Path) -> bool:
    if os.path.normcase(place) == os.path.normcase(os.path.abspath(read)):
        return True
    try:
        return os.path.samefile(place, read)
    except OSError:
        return False


def _named(folder: Path, paths: Sequence[Path]) -> str:
    names = [os.path.relpath(path, folder) for path in paths]
    told, rest = names[:MOST_NAMED], len(names) - MOST_NAMED
    return ", ".join(told) + (f" and {rest} more" if rest > 0 else "")
