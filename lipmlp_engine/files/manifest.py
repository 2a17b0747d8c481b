"""lipmorph.json: which files of a folder are ours, so that no other is ever replaced or deleted; knows no job.

Standard library only: the add-on lists what it writes here, too.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from ..job.errors import OutputError
from .whole_file import moved_when_whole

MANIFEST = "lipmorph.json"
MANIFEST_FORMAT = "lipschitz-morph-folder-1"
ABOUT = "Files in this folder that Lipschitz Morph wrote. It replaces and deletes these and no others."
MOST_FILES = 100_000
LONGEST_NAME = 300
LARGEST_BYTES = 32_000_000


class Manifest:
    """The files of one folder that are ours, as names relative to it."""

    def __init__(self, folder: Path, names: Iterable[str] = ()) -> None:
        self.folder = Path(os.path.abspath(folder))
        self.names = set(names)
        self._writing = threading.Lock()

    @property
    def path(self) -> Path:
        return self.folder / MANIFEST

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """The folder's manifest, or None where it has none; one that cannot be trusted is refused."""
        path = folder / MANIFEST
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise OutputError(f"{path} cannot be read: {error.strerror or error}.") from error
        try:
            if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_BYTES:
                raise ValueError
            return cls(folder, _names_in(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, RecursionError) as error:
            raise OutputError(
                f"{path} is damaged, so that nobody can tell which files there are ours: choose another folder."
            ) from error

    def why_not(self, path: Path) -> str:
        """Why a file must not be replaced, or nothing: what is in the way there, and is not ours."""
        name = self.name_of(path)
        if name is None:
            return f"{path} lies outside {self.folder}"
        for above in (self.folder / part for part in list(PurePosixPath(name).parents)[:-1]):
            if above.is_symlink() or (os.path.lexists(above) and not above.is_dir()):
                return f"{above} is no folder"
        try:
            mode = os.lstat(path).st_mode
        except OSError:
            return ""
        if stat.S_ISDIR(mode):
            return f"{path} is a folder"
        if name in self.names and stat.S_ISREG(mode):
            return ""
        return f"Lipschitz Morph did not write {path}"

    def claim(self, *paths: Path) -> None:
        """Put files on the list before they are written; one that is there and not ours is refused."""
        for path in paths:
            reason = self.why_not(path)
            if reason:
                raise OutputError(f"{reason}: choose another folder, or move it away.")
        names = {name for path in paths if (name := self.name_of(path)) is not None}
        with self._writing:
            if not names <= self.names or not self.path.exists():
                self.names |= names
                self.write()

    def adopt(self, names: Iterable[str]) -> None:
        """Take files over that were not ours, because the user said so."""
        for name in names:
            path = self.folder / name
            if path.is_symlink():
                path.unlink()
            self.names.add(name)
        self.write()

    def remove(self, path: Path) -> None:
        """Delete a file of ours; others stay."""
        if not self.why_not(path):
            path.unlink(missing_ok=True)

    def settle(self) -> None:
        """Forget what is not there: listed, but never written, or deleted since."""
        there = {name for name in self.names if os.path.lexists(self.folder / name)}
        if there != self.names:
            self.names = there
            self.write()

    def write(self) -> None:
        """Write the list; it appears whole or not at all."""
        text = json.dumps({"format": MANIFEST_FORMAT, "about": ABOUT, "files": sorted(self.names)}, indent=1)
        with moved_when_whole(self.path) as draft:
            draft.write_text(text + "\n", encoding="utf-8")

    def name_of(self, path: Path) -> str | None:
        """What the list calls a file of the folder; None for others."""
        full = Path(os.path.abspath(path))
        return full.relative_to(self.folder).as_posix() if full.is_relative_to(self.folder) else None

    def remove_all(self) -> None:
        """Delete every file of ours, the list itself last, and the folders that are empty then."""
        places = {self.folder}
        for name in sorted(self.names):
            path = self.folder / name
            with suppress(OSError):
                self.remove(path)
            places.update(self.folder / above for above in PurePosixPath(name).parents)
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        for place in sorted(places, key=lambda place: len(place.parts), reverse=True):
            with suppress(OSError):
                place.rmdir()


def _names_in(values: Any) -> list[str]:
    """The names of a manifest that says nothing impossible; raises ValueError."""
    if not isinstance(values, dict) or values.get("format") != MANIFEST_FORMAT:
        raise ValueError
    names = values.get("files")
    if not isinstance(names, list) or len(names) > MOST_FILES or not all(map(is_inside, names)):
        raise ValueError
    return names


def is_inside(name: Any) -> bool:
    """Whether a name means a file within the folder, on every system."""
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        return False
    return not set(name) & set('\\:*?"<>|') and all(part not in ("", ".", "..") for part in name.split("/"))
