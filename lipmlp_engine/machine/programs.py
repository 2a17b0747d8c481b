"""Finds other programs, and never where a stranger's file may lie; runs none of them. Standard library only.

Windows looks in the current folder before it looks in PATH, and an empty or relative entry of PATH means the current
folder everywhere; a job's folder, with whatever came out of a .blend, may be just that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

_ENDINGS = (".exe",) if sys.platform == "win32" else ("",)
"""On Windows real programs only: a script of the same name is run by a shell that searches the current folder again."""


def find_program(name: str, folders: Iterable[str | Path] = ()) -> Path | None:
    """The full path of a program by its bare name: in PATH, then in the given folders; None where it is not."""
    if not name or Path(name).name != name:
        raise ValueError(f"A program is looked for by its bare name, not as {name!r}.")
    for folder in [*safe_folders(os.environ.get("PATH", "")), *(Path(folder) for folder in folders)]:
        for ending in _ENDINGS:
            found = folder / (name if name.lower().endswith(ending) else name + ending)
            if folder.is_absolute() and found.is_file() and os.access(found, os.X_OK):
                return found
    return None


def safe_folders(search: str) -> list[Path]:
    """The entries of a PATH that say where they are, whatever folder is the current one.

    >>> safe_folders(os.pathsep.join(["", ".", "bin"]))
    []
    """
    # "\\programs" has no drive, so Windows completes it from the current folder; Path.is_absolute knows that.
    return [Path(entry) for entry in search.split(os.pathsep) if entry.strip() and Path(entry).is_absolute()]


def safe_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The same environment for another program, which will then find no program in its current folder either."""
    safe = dict(environment)
    for name in [name for name in safe if name.upper() == "PATH"]:
        safe[name] = os.pathsep.join(map(str, safe_folders(safe[name])))
    safe["NoDefaultCurrentDirectoryInExePath"] = "1"  # heeded by Windows' own search
    return safe


def neutral_folder() -> Path:
    """A folder to work in where nobody but the system's owner has put anything."""
    if sys.platform == "win32":
        return Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32"
    return Path("/")
