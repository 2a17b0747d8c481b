"""Hands a file over to trimesh, text as text in whatever encoding it is; knows nothing of what becomes of the scene."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from trimesh.resolvers import FilePathResolver

from ..job.errors import ShapeError
from ..shapes.polygons import bent, triangulate
from .cloud_files import POINT_FILES

_TEXTS = {"obj", "off"}
OF_BLENDER = {"blend", "fbx", "dae", "abc", "usd", "usda", "usdc", "usdz", "3mf", "x3d", "wrl", "3ds", "lwo"}
"""Endings of files with shapes that Blender opens, itself or by an extension, and trimesh does not. Chosen."""


def require_known(path: Path) -> None:
    """Refuse what is no kind of file that is read here."""
    ending, formats = path.suffix.lower().lstrip("."), trimesh.available_formats()
    if ending in formats:
        return
    if ending in OF_BLENDER:
        raise ShapeError(
            f"{path.name} is of a kind that is read by Blender alone: open or import it there, and morph it with the "
            "extension, or export it as GLB."
        )
    known = sorted({*formats, *(other[1:] for other in POINT_FILES)})
    raise ShapeError(f"{path.name} is of no known kind; use one of {', '.join(known)} or npz.")


def loaded(path: Path) -> Any:
    """The scene in a file; raises whatever trimesh and its readers raise."""
    ending = path.suffix.lower().lstrip(".")
    if ending not in _TEXTS:
        return trimesh.load_scene(str(path), process=False)
    text = text_of(path.read_bytes())
    stream = io.StringIO(plain_obj(text) if ending == "obj" else text)
    return trimesh.load_scene(stream, file_type=ending, resolver=_Beside(str(path)), process=False)


def text_of(data: bytes) -> str:
    """Text in UTF-8, or else in the code that Western programs wrote before; names may come out wrong, numbers not."""
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def plain_obj(text: str) -> str:
    """An OBJ as trimesh can read it: no comments behind numbers, and no polygon whose fan leaves its outline.

    trimesh cuts every polygon into a fan; those that must be cut otherwise are cut here.
    """
    lines = text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines()
    if "#" in text:
        lines = [line.partition("#")[0] if line.startswith(("v", "f ")) else line for line in lines]
    faces = [number for number, line in enumerate(lines) if line.startswith("f ")]
    try:
        places = np.array([line.split()[1:4] for line in lines if line.startswith("v ")], np.float64).reshape(-1, 3)
        words = [lines[number].split()[1:] for number in faces]
        corners = np.array(re.sub(r"/\S*", "", " ".join(map(" ".join, words))).split(), np.int64)
        offsets = np.cumsum([0, *map(len, words)])
        if corners.min(initial=1) < 0:
            before = np.cumsum([line.startswith("v ") for line in lines])[faces]
            corners = np.where(corners < 0, corners + np.repeat(before, np.diff(offsets)) + 1, corners)
        wrong = bent(places, offsets, corners - 1) if corners.max(initial=0) <= len(places) else np.zeros(0, np.int64)
        for face in wrong.tolist():
            ring = places[corners[offsets[face] : offsets[face + 1]] - 1]
            triangles, _ = triangulate(ring, np.array([0, len(ring)]), np.arange(len(ring)))
            cut = [" ".join(words[face][corner] for corner in triangle) for triangle in triangles.tolist()]
            lines[faces[face]] = "\n".join(f"f {piece}" for piece in cut)
    except (ValueError, IndexError):
        pass  # trimesh says what is wrong with it
    return "\n".join(lines) + "\n"


class _Beside(FilePathResolver):
    """The files beside a shape, those of text in UTF-8."""

    def get(self, name: str) -> bytes:
        data: bytes = super().get(name)
        return text_of(data).encode() if name.lower().endswith(".mtl") else data
