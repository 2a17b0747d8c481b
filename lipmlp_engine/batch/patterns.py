"""Files by name and by pattern, relative to the list that names them. Reads none of them."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import Any

from ..job.errors import JobError
from ..job.hearsay import shown

MOST_FILES = 100_000


def files_of(patterns: Any, base: Path, title: str) -> list[str]:
    """The files of one pattern or several, in their order, those of a pattern by name and number: 2 before 10."""
    if isinstance(patterns, str):
        patterns = [patterns]
    if not isinstance(patterns, list) or not patterns or not all(isinstance(p, str) and p for p in patterns):
        raise JobError(f"{title} must be a file or a pattern, or a list of them.")
    found: list[str] = []
    for pattern in patterns:
        if not any(letter in pattern for letter in "*?["):
            found.append(os.path.abspath(base / pattern))
            continue
        there = glob.glob(pattern, root_dir=base, recursive=True)
        if not there:
            raise JobError(f"there is no file '{shown(pattern, 200)}' in {base}.")
        found += [os.path.abspath(base / path) for path in sorted(there, key=_by_number)]
        if len(found) > MOST_FILES:
            raise JobError(f"{title} are more than {MOST_FILES:,} files.")
    return found


def name_of(shapes: tuple[str, ...], job_file: str) -> str:
    """What a morph is called where the list does not say."""
    if job_file:
        job = Path(job_file)
        return job.parent.name if job.stem == "job" and job.parent.name else job.stem
    first, last = Path(shapes[0]).stem, Path(shapes[-1]).stem
    return f"{first}_to_{last}"


def _by_number(path: str) -> list[tuple[int, int, str]]:
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in re.split(r"(\d+)", path)]
