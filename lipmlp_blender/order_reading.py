"""Reads what was wanted of a result out of its order, and knows whether that means the file which is open now.

An order goes by names, and every file has a 'Cube' of a 'Material': in another one these are others.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy

from .lipmlp_engine.files.results_folder import ResultsFolder
from .lipmlp_engine.job.description import Job
from .lipmlp_engine.job.errors import EngineError
from .lipmlp_engine.job.hearsay import HearsayError, built
from .scene.errors import SceneError
from .scene.file_mark import is_of_this_file
from .scene.kept_materials import name_kept_materials
from .scene.ownership import story_of
from .scene.remove import sources_called
from .scene.spec import AUTOMATIC, EASINGS, LAST_FRAME, ResultSpec

ELSEWHERE = " (of another file)"
"""Put behind the name of a source that is not in the file; chosen to be read in a sentence."""
SPEC_NAMES = {entry.name for entry in dataclasses.fields(ResultSpec)} - {
    *("frame_paths", "keys_path", "job_folder", "model_path")
}
"""What an order says of a result; where its files lie is not the order's to say."""


def spec_from(order: dict[str, Any], frames: Sequence[Path], model: Path | None, folder: Path) -> ResultSpec:
    """The order with the files that the engine has made; what other versions wrote into it is left out.

    Raises SceneError where the order, which lies in a folder and may come out of a stranger's .blend, cannot be one.
    """
    try:
        spec = built(ResultSpec, {key: value for key, value in order.get("spec", {}).items() if key in SPEC_NAMES})
    except HearsayError as error:
        raise SceneError(f"What was wanted of the result cannot be read: {error}.") from error
    reach = [spec.frame_start, spec.frame_end, spec.hold, *spec.rests]
    sized = all(_is_matrix(s.matrix, 4, 4) and _is_matrix(s.bounds, 2, 3) for s in spec.slots)
    if spec.easing not in EASINGS or not sized or any(abs(frame) > LAST_FRAME for frame in reach):
        raise SceneError("What was wanted of the result cannot be read: it holds values that cannot be.")
    keys = ResultsFolder(folder).keys
    return dataclasses.replace(
        spec,
        frame_paths=list(frames),
        keys_path=keys if keys.is_file() else None,
        job_folder=folder,
        model_path=model,
    )


def _is_matrix(rows: list[list[float]], height: int, width: int) -> bool:
    return not rows or (len(rows) == height and all(len(row) == width for row in rows))


def folders_beside(blend: str) -> Path:
    """The folder in which the morphs of a saved .blend lie, each in one of its own."""
    return Path(blend).with_name(f"{Path(blend).stem}_morphs")


def is_for_this_file(order: dict[str, Any], folder: Path) -> bool:
    """Whether the order was made in the file that is open now, be it saved under another name since, or moved."""
    mark, made_in, opened = order.get("file", ""), order.get("blend", ""), bpy.data.filepath
    if mark and is_of_this_file(mark):
        return True
    if not opened:
        return False
    beside = folder.parent.absolute() == folders_beside(opened).absolute()
    return beside or (bool(made_in) and _is_one_file(made_in, opened))


def _is_one_file(one: str, other: str) -> bool:
    with suppress(OSError):
        return Path(one).samefile(other)
    return one == other


def disown(order: dict[str, Any], folder: Path) -> None:
    """Let the order mean nothing of the file that is open now: its names are those of another one.

    Raises SceneError where it cannot be read.
    """
    spec = spec_from(order, [], None, folder)
    order["file"] = ""
    order["spec"]["sources"] = [name.removesuffix(ELSEWHERE) + ELSEWHERE for name in spec.sources]
    for slot in order["spec"].get("slots", []):
        slot["materials"] = [None] * len(slot.get("materials", []))


def welcome(order: dict[str, Any], folder: Path) -> str:
    """Let a result that is fetched mean its own sources; returns what to say where those are in another file.

    Raises SceneError where the order cannot be read.
    """
    if is_for_this_file(order, folder):
        return ""
    disown(order, folder)
    home = Path(order.get("blend", "")).name
    sentence = (
        f"The morph was made in {repr(home) if home else 'a file that was not saved'}: what has the names of its "
        "shapes and materials here is left alone. Give it materials, or add it there and append it from there."
    )
    if order.get("writer") in (AUTOMATIC, "SHAPE_KEYS") and _keys_need_source(folder):
        order["writer"] = "SEQUENCE"
        sentence += " It is a sequence, as shape keys are made on a copy of the first shape."
    order["spec"]["notes"] = [sentence]
    return sentence


def mean_own(order: dict[str, Any], folder: Path, morph: bpy.types.Object) -> None:
    """Let an order about a morph that is there mean that morph's sources and materials, and no others of their names.

    After it was laid down: in the file in which the morph was made, the order in the folder means what it says.
    """
    story = story_of(morph)
    if not is_of_this_file(story.file) or any(name.endswith(ELSEWHERE) for name in story.sources):
        disown(order, folder)
    else:
        spec_from(order, [], None, folder)
        order["spec"]["sources"] = [_called_now(morph, name) for name in story.sources]
    name_kept_materials(morph, order)


def _called_now(morph: bpy.types.Object, name: str) -> str:
    return next((source.name for source in sources_called(morph, name)), name)


def _keys_need_source(folder: Path) -> bool:
    with suppress(EngineError, OSError, ValueError):
        return Job.read(ResultsFolder(folder).job).extraction.template == "source"
    return True
