"""Keeps surfaces that were found through clouds, so that the next run with the same points need not wait again.

They lie in a folder of the user's, a file each under the digest of all that decides the surface. Knows no jobs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__
from ..files.array_file import ArrayFile
from ..files.whole_file import draft_of, run_name
from ..job.hearsay import HearsayError, as_group, built
from ..job.sections.points import Points
from ..shapes.cloud import Cloud
from .found_surface import Found, SurfaceReport

FOLDER_NAME = "LIPMORPH_SURFACES"
"""The environment variable that names the folder; the add-on sets it to one of its own."""
MOST_KEPT = 8
"""Surfaces that are kept. Chosen."""
LARGEST = 400 << 20
"""Bytes of all that is kept together; the oldest go first. Chosen."""
LONGEST_NOTES = 20_000
"""Characters of what is told with a kept surface. Chosen."""
METHOD = 15
"""Of finding them, counted up when the same points come to have another surface. Chosen."""
ENDING = ".surface.npz"


def kept_folder() -> Path:
    """Where surfaces are kept: the folder that was named, else where the system keeps what can be made again."""
    named = os.environ.get(FOLDER_NAME, "")
    if named:
        return Path(named)
    home = Path.home()
    if sys.platform == "darwin":
        caches = home / "Library" / "Caches"
    elif os.name == "nt":
        caches = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
    return caches / "lipmorph" / "surfaces"


def digest_of(cloud: Cloud, settings: Points, seed: int, device: str) -> str:
    """What is the same for the same surface only: every number of the cloud, every setting, our version and method."""
    decides = dataclasses.asdict(settings) | {"seed": seed, "device": device, "version": __version__, "method": METHOD}
    del decides["keep"]
    digest = hashlib.sha256(json.dumps(decides, sort_keys=True).encode())
    for values in (cloud.points, cloud.normals, cloud.colors):
        digest.update(b"none" if values is None else str((values.shape, values.dtype)).encode())
        if values is not None:
            digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()[:40]


def kept(folder: Path, digest: str) -> Found | None:
    """The surface that is kept under the digest; None where there is none, or a file that is not ours to trust."""
    path = folder / f"{digest}{ENDING}"
    if not path.is_file():
        return None
    try:
        arrays = ArrayFile(path)
        vertices = arrays.double("vertices", None, 3)
        triangles = arrays.whole("triangles", None, 3, most=max(len(vertices) - 1, 0))
        colors = arrays.real("colors", len(vertices), 4) if "colors" in arrays else None
        told = as_group(arrays.told("told", LONGEST_NOTES))
        notes, report = told["notes"], built(SurfaceReport, told["report"])
        if not all(isinstance(note, str) for note in notes) or not np.isfinite(vertices).all() or not len(triangles):
            return None
    except (OSError, HearsayError, KeyError, TypeError):
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    return Found(vertices, triangles, colors, [str(note) for note in notes], report)


def keep(folder: Path, digest: str, found: Found) -> None:
    """Keep a surface, and let go of the oldest that are too many. Where nothing can be written, nothing is kept."""
    path = folder / f"{digest}{ENDING}"
    arrays: dict[str, Any] = {"vertices": found.vertices, "triangles": found.triangles}
    if found.colors is not None:
        arrays["colors"] = found.colors
    arrays["told"] = np.array(json.dumps({"notes": found.notes, "report": found.report.to_dict()}))
    draft = draft_of(path, run_name())
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        # Not through whole_file's writers: a workplace that is open would claim the file as one of its results.
        try:
            with open(draft, "wb") as stream:
                np.savez(stream, **arrays)
            os.replace(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        _let_go(folder)


def _let_go(folder: Path) -> None:
    newest = sorted(folder.glob(f"*{ENDING}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    size = 0
    for number, path in enumerate(newest):
        size += path.stat().st_size
        if number and (number >= MOST_KEPT or size > LARGEST):
            path.unlink(missing_ok=True)
