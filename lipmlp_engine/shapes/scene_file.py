"""Hands a file over to trimesh, text as text in whatever encoding it is; knows nothing of what becomes of the scene."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import trimesh
from trimesh.resolvers import FilePathResolver

from .polygons import triangulate

_TEXTS = {"obj", "off"}


def loaded(path: Path) -> Any:
    """The scene in a file; raises whatever trimesh and its readers raise."""
    ending = path.suffix.lower().lstrip(".")
    if ending not in _TEXTS:
        return trimesh.load_scene(str(path), process=False)
    text = text_of(path.read_bytes())
    stream = io.StringIO(with_triangles(text) if ending == "obj" else text)
    return trimesh.load_scene(stream, file_type=ending, resolver=_Beside(str(path)), process=False)


def text_of(data: bytes) -> str:
    """Text in UTF-8, or else in the code that Western programs wrote before; names may come out wrong, numbers not."""
    for encoding in ("utf-16",) if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def with_triangles(text: str) -> str:
    """An OBJ whose polygons are cut into triangles within their outlines, which trimesh's fans may leave."""
    lines = text.replace("\\\r\n", " ").replace("\\\n", " ").splitlines()
    places: list[list[str]] = []
    faces: list[tuple[int, list[str]]] = []
    corners: list[int] = []
    try:
        for number, line in enumerate(lines):
            if line.startswith("v "):
                places.append(line.split()[1:4])
            elif line.startswith("f ") and len(words := line.partition("#")[0].split()[1:]) > 3:
                faces.append((number, words))
                indices = [int(word.partition("/")[0]) for word in words]
                corners += [index - 1 if index > 0 else len(places) + index for index in indices]
        if not faces:
            return text
        points = np.array(places, np.float64)[corners]
    except (ValueError, IndexError):
        return text  # trimesh says what is wrong with it
    offsets = np.cumsum([0, *(len(words) for _, words in faces)])
    every = [word for _, words in faces for word in words]
    triangles, owners = triangulate(points, offsets, np.arange(len(every)))
    cut: list[list[str]] = [[] for _ in faces]
    for owner, triangle in zip(owners.tolist(), triangles.tolist(), strict=True):
        cut[owner].append("f " + " ".join(every[corner] for corner in triangle))
    for (number, _), pieces in zip(faces, cut, strict=True):
        lines[number] = "\n".join(pieces)
    return "\n".join(lines) + "\n"


class _Beside(FilePathResolver):
    """The files beside a shape, those of text in UTF-8."""

    def get(self, name: str) -> bytes:
        data: bytes = super().get(name)
        return text_of(data).encode() if name.lower().endswith(".mtl") else data
