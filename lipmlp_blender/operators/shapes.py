"""Fills and orders the list of shapes."""

from __future__ import annotations

import bpy

from ..lipmlp_engine.job.hearsay import shown
from ..lipmlp_engine.job.sections import MAXIMUM_SHAPES
from ..request import not_taken, selected_shapes


class LIPMORPH_OT_add_shapes(bpy.types.Operator):
    """Add the selected objects to the chain, the active one last"""

    bl_idname = "lipmorph.add_shapes"
    bl_label = "Add Selected Shapes"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        reason = "" if selected_shapes(context) else "Select objects that can become a mesh"
        if len(context.scene.lipmorph.shapes) >= MAXIMUM_SHAPES:
            reason = f"A morph takes at most {MAXIMUM_SHAPES} shapes"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.lipmorph
        listed = {entry.object for entry in settings.shapes}
        others = not_taken(context)
        new = [item for item in selected_shapes(context) if item not in listed]
        for item in new[: MAXIMUM_SHAPES - len(settings.shapes)]:
            settings.shapes.add().object = item
        settings.active_shape = max(0, len(settings.shapes) - 1)
        if others:
            self.report({"INFO"}, shown(others))
        if not new:
            self.report({"INFO"}, "The selected shapes are in the list already")
        return {"FINISHED"}


class LIPMORPH_OT_remove_shape(bpy.types.Operator):
    """Take the shape out of the chain"""

    bl_idname = "lipmorph.remove_shape"
    bl_label = "Remove Shape"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _has_active(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.lipmorph
        settings.shapes.remove(settings.active_shape)
        settings.active_shape = min(settings.active_shape, max(0, len(settings.shapes) - 1))
        return {"FINISHED"}


class LIPMORPH_OT_move_shape(bpy.types.Operator):
    """Let the morph pass through this shape earlier or later"""

    bl_idname = "lipmorph.move_shape"
    bl_label = "Move Shape"
    bl_options = {"REGISTER", "UNDO"}

    direction: bpy.props.EnumProperty(
        name="Direction", items=[("UP", "Up", "Earlier in the chain"), ("DOWN", "Down", "Later in the chain")]
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return _has_active(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.lipmorph
        place = settings.active_shape + (-1 if self.direction == "UP" else 1)
        if not 0 <= place < len(settings.shapes):
            return {"CANCELLED"}
        settings.shapes.move(settings.active_shape, place)
        settings.active_shape = place
        return {"FINISHED"}


def _has_active(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    settings = context.scene.lipmorph
    if settings.active_shape < len(settings.shapes):
        return True
    operator.poll_message_set("The list of shapes is empty")
    return False


CLASSES = (LIPMORPH_OT_add_shapes, LIPMORPH_OT_remove_shape, LIPMORPH_OT_move_shape)
