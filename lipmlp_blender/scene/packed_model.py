"""Keeps what Re-Extract needs inside the .blend: model, job and shapes as bytes on the morph's object.

They are an ID property, and no text, image or sound that pretends to be one: Blender keeps it through saving, linking,
appending, overriding and copying the object, without the add-on too, and it lengthens none of the user's lists.
"""

from __future__ import annotations

import dataclasses
import io
import re
import stat
import zipfile
import zlib
from pathlib import Path

import bpy

from ..job_folder import settled_in
from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..lipmlp_engine.job.hearsay import shown
from .errors import PackedModelError
from .ownership import portable_path, story_of, tell_story

_PROPERTY = "lipmlp_morph_model"
_ARCHIVE = "zip"
"""The bytes lie in a group of properties, because the Custom Properties panel would draw them as a text."""
_BELONGS = re.compile(r"model\.safetensors|(job|order|report)\.json|shapes/[\w.-]{1,80}\.npz")
_BEGINS = {
    **{".json": re.compile(rb"\s*\{"), ".npz": re.compile(rb"PK")},
    ".safetensors": re.compile(rb".{8}\{", re.DOTALL),
}
"""How files of each kind begin."""
_MOST_FILES = 64
_LARGEST = 2 << 30


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
            name = path.relative_to(folder).as_posix()
            if _BELONGS.fullmatch(name):
                archive.write(path, name)
    item[_PROPERTY] = {_ARCHIVE: buffer.getvalue()}


def lay_out_model(item: bpy.types.Object, folder: Path) -> None:
    """Write the packed model into a folder, which becomes the one that the object remembers; raises OSError.

    The bytes may be a stranger's: nothing is written but files of the names, the kinds and the sizes that a model has.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(_archive_of(item))) as archive:
            contents = {entry.filename: archive.read(entry) for entry in _entries_of(archive)}
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError, RuntimeError, EOFError) as error:
        reason = shown(error, 200)
        raise PackedModelError(f"The model that is packed in '{item.name}' cannot be read: {reason}.") from error
    manifest = settled_in(folder)
    manifest.claim(*(folder / name for name in contents))
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    model = portable_path(ResultsFolder(folder).model)
    moved = {"job_folder": portable_path(folder), "model_path": model, "made_in": str(folder)}
    tell_story(item, dataclasses.replace(story_of(item), **moved))


def _entries_of(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files in the archive; refused before anything is written where one of them belongs to no model."""
    entries = archive.infolist()
    if len(entries) > _MOST_FILES or len({entry.filename.lower() for entry in entries}) < len(entries):
        raise ValueError("it holds too many files, or one twice")
    if sum(entry.file_size for entry in entries) > _LARGEST:
        raise ValueError(f"it would take more than {_LARGEST >> 30} GB")
    for entry in entries:
        if not _BELONGS.fullmatch(entry.filename) or entry.is_dir() or stat.S_ISLNK(entry.external_attr >> 16):
            raise ValueError(f"it holds {entry.filename!r}, which belongs to no model")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"{entry.filename} is packed in no way that we use")
        with archive.open(entry) as stream:
            if not _BEGINS[Path(entry.filename).suffix].match(stream.read(16)):
                raise ValueError(f"{entry.filename} is of another kind than its name says")
    return entries


def drop_packed_model(item: bpy.types.Object) -> None:
    """Take the packed model out of the object."""
    if is_packed(item):
        del item[_PROPERTY]


def _archive_of(item: bpy.types.Object) -> bytes:
    """The bytes, or none where somebody has put something else there."""
    group = item.get(_PROPERTY)
    data = group.get(_ARCHIVE) if hasattr(group, "get") else None
    return data if isinstance(data, bytes) else b""
