"""Keeps what Re-Extract needs inside the .blend: model, job and shapes as bytes on the morph's object.

They are an ID property, and no text, image or sound that pretends to be one: Blender keeps it through saving, linking,
appending, overriding and copying the object, without the add-on too, and it lengthens none of the user's lists.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from pathlib import Path

import bpy

from ..lipmlp_engine.results import ResultsFolder
from .errors import PackedModelError
from .ownership import portable_path, story_of, tell_story

_PROPERTY = "lipmlp_morph_model"
_ARCHIVE = "zip"
"""The bytes lie in a group of properties, because the Custom Properties panel would draw them as a text."""


def is_packed(item: bpy.types.Object) -> bool:
    """Whether the object carries its model."""
    return _PROPERTY in item


def packed_bytes(item: bpy.types.Object) -> int:
    """What the packed model takes in the .blend."""
    return len(_archive_of(item)) if is_packed(item) else 0


def pack_model(item: bpy.types.Object, folder: Path) -> None:
    """Take the model of a results' folder, with what belongs to it, into the object; raises OSError."""
    results = ResultsFolder(folder)
    if not results.model.is_file():
        raise PackedModelError(f"There is no trained model in {folder} to pack.")
    buffer = io.BytesIO()
    # Weights and coordinates hardly shrink, and Blender compresses a .blend itself where it is asked to.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in [results.model, *sorted(folder.glob("*.json")), *sorted((folder / "shapes").glob("*.npz"))]:
            archive.write(path, path.relative_to(folder).as_posix())
    item[_PROPERTY] = {_ARCHIVE: buffer.getvalue()}


def lay_out_model(item: bpy.types.Object, folder: Path) -> None:
    """Write the packed model into a folder, which becomes the one that the object remembers; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(io.BytesIO(_archive_of(item))) as archive:
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise PackedModelError(f"The model that is packed in '{item.name}' cannot be read: {error}.") from error
    model = portable_path(ResultsFolder(folder).model)
    moved = {"job_folder": portable_path(folder), "model_path": model, "made_in": str(folder)}
    tell_story(item, dataclasses.replace(story_of(item), **moved))


def drop_packed_model(item: bpy.types.Object) -> None:
    """Take the packed model out of the object."""
    if is_packed(item):
        del item[_PROPERTY]


def _archive_of(item: bpy.types.Object) -> bytes:
    return bytes(item[_PROPERTY][_ARCHIVE])
