"""Which axis of a shape's file is up, and how shapes out of files of different customs come to lie alike."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ..job.sections import ShapeInput
from .shape import Shape

Y_UP_FILES = {".obj", ".glb", ".gltf"}
"""Formats in which y is up, by rule or by custom."""
Z_UP_FILES = {".npz", ".stl"}
"""Blender's own shapes, and what is printed."""
STANDARD_FILES = {".npz", ".glb", ".gltf"}
"""Formats in which the axis is no mere custom."""
_BLENDERS = {".ply": b"comment Created in Blender", ".obj": b"# Blender"}
"""What Blender writes first: its PLY have z up; scans and what others write may have any axis up."""
_TO_Z = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])
"""Turns y onto z."""


def up_of(entry: ShapeInput, base: Path) -> str:
    """``y`` or ``z``, as the job says or as the file's kind has it; nothing where that cannot be known."""
    if entry.up != "auto":
        return entry.up
    path = base / entry.path
    ending = path.suffix.lower()
    if ending in Y_UP_FILES:
        return "y"
    if ending in Z_UP_FILES or (ending == ".ply" and _is_blenders(path)):
        return "z"
    return ""


def sure_ups(entries: Sequence[ShapeInput], base: Path) -> list[str]:
    """The axis that is up for each shape of a job once they lie alike; nothing where only custom says so, or nothing.

    Published models of any format lie as their makers had them.
    """
    up = common_up(entries, base)
    return [up if entry.up != "auto" or _is_sure(base / entry.path) else "" for entry in entries]


def _is_sure(path: Path) -> bool:
    return path.suffix.lower() in STANDARD_FILES or _is_blenders(path)


def common_up(entries: Iterable[ShapeInput], base: Path) -> str:
    """The axis that is up in a job's world: that of the first shape of which it is known, else z."""
    return next(filter(None, (up_of(entry, base) for entry in entries)), "z")


def lay_alike(shapes: Sequence[Shape], entries: Sequence[ShapeInput], base: Path) -> list[Shape]:
    """The shapes with one axis up; those of which it is not known stay as they lie."""
    wanted = common_up(entries, base)
    return [
        _turned(shape, up, wanted) if (up := up_of(entry, base)) not in ("", wanted) else shape
        for shape, entry in zip(shapes, entries, strict=True)
    ]


def _turned(shape: Shape, up: str, wanted: str) -> Shape:
    turn = np.eye(4)
    turn[:3, :3] = _TO_Z if wanted == "z" else _TO_Z.T
    note = f"turned so that its {up} axis, which is up in such files, is the first shape's {wanted} axis"
    return dataclasses.replace(
        shape,
        vertices=shape.vertices @ turn[:3, :3].T,
        matrix=turn @ shape.matrix,
        notes=[*shape.notes, f"{note} (its entry up, or --up, says otherwise)"],
    )


def _is_blenders(path: Path) -> bool:
    mark = _BLENDERS.get(path.suffix.lower())
    if mark is None:
        return False
    try:
        with open(path, "rb") as stream:
            return mark in stream.read(400)
    except OSError:
        return False
