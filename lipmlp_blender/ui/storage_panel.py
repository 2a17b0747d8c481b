"""Draws what a result takes in the .blend, and where its trained model is kept."""

from __future__ import annotations

import bpy

from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..operators.results import folder_of
from ..scene.footprint import in_words
from ..scene.ownership import story_of
from ..scene.packed_model import is_packed, packed_bytes


def draw_storage(layout: bpy.types.UILayout, morph: bpy.types.Object) -> None:
    """The sizes, and the button that packs the model or takes it out again."""
    packed = is_packed(morph)
    row = layout.row(align=True)
    label = row.row()
    label.active = False
    label.label(text=_what_it_takes(morph), translate=False)
    row.operator(
        "lipmorph.unpack_model" if packed else "lipmorph.pack_model",
        icon="PACKAGE" if packed else "UGLYPACKAGE",
        text="",
    )


def _what_it_takes(morph: bpy.types.Object) -> str:
    model = packed_bytes(morph)
    taken = f"Takes {in_words(story_of(morph).mesh_bytes + model)}"
    if model:
        return f"{taken}, of it the model {in_words(model)}"
    there = ResultsFolder(folder_of(morph)).model.is_file()
    return f"{taken}; model {'in its folder' if there else 'missing'}"
