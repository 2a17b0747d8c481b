"""Moves a morph's trained model into the .blend and out of it again."""

from __future__ import annotations

from pathlib import Path

import bpy

from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..lipmlp_engine.job.hearsay import shown
from ..redraw import redraw_panels
from ..request import new_folder
from ..scene.errors import SceneError
from ..scene.ownership import story_of
from ..scene.packed_model import drop_packed_model, is_packed, lay_out_model, pack_model
from .results import folder_of, needs_morph, why_not_changed


def folder_with_model(morph: bpy.types.Object) -> Path:
    """The folder that holds the morph's model, laid out anew where only the packed one is left.

    Raises SceneError or OSError.
    """
    folder = folder_of(morph)
    if not ResultsFolder(folder).model.is_file() and is_packed(morph):
        folder = new_folder("_".join(story_of(morph).sources) or morph.name)
        lay_out_model(morph, folder)
    return folder


class _OfLocalMorph:
    """Operators that change what a morph of this file carries."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        if not needs_morph(cls, context):
            return False
        reason = why_not_changed(context.active_object) or cls.why_not(context.active_object)
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            self.move(context.active_object)
        except (SceneError, OSError) as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        redraw_panels()
        return {"FINISHED"}


class LIPMORPH_OT_pack_model(_OfLocalMorph, bpy.types.Operator):
    """Keep the trained model in the .blend as well, so that frames can be taken out of it wherever the file goes"""

    bl_idname = "lipmorph.pack_model"
    bl_label = "Pack Model"
    bl_options = {"REGISTER", "UNDO"}

    @staticmethod
    def why_not(morph: bpy.types.Object) -> str:
        if is_packed(morph):
            return "The model is packed already"
        folder = folder_of(morph)
        return "" if ResultsFolder(folder).model.is_file() else f"The trained model is not in {folder} any more"

    def move(self, morph: bpy.types.Object) -> None:
        pack_model(morph, folder_of(morph))


class LIPMORPH_OT_unpack_model(_OfLocalMorph, bpy.types.Operator):
    """Take the trained model out of the .blend; where its folder is gone, it is written beside the .blend again"""

    bl_idname = "lipmorph.unpack_model"
    bl_label = "Unpack Model"
    bl_options = {"REGISTER", "UNDO"}

    @staticmethod
    def why_not(morph: bpy.types.Object) -> str:
        return "" if is_packed(morph) else "The model is not packed"

    def move(self, morph: bpy.types.Object) -> None:
        folder_with_model(morph)
        drop_packed_model(morph)


CLASSES = (LIPMORPH_OT_pack_model, LIPMORPH_OT_unpack_model)
