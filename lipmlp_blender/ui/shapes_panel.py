"""Draws the list of shapes."""

from __future__ import annotations

import bpy

from ..hidden_sources import hidden_in_vain
from ..request import chain, not_taken, selected_shapes
from ..scene.gather_points import count_points, has_normals
from .sentences import draw_sentence


class LIPMORPH_UL_shapes(bpy.types.UIList):
    """The chain of shapes, first to last."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: bpy.types.PropertyGroup,
        _icon: int,
        _active: object,
        _active_property: str,
        index: int = 0,
    ) -> None:
        row = layout.split(factor=0.1, align=True)
        row.label(text=str(index + 1), translate=False)
        row.prop(item, "object", text="", emboss=False, icon="ERROR" if item.object is None else "NONE")


def draw_shapes(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list with its buttons, or what the selection would make of it while it is empty."""
    settings = context.scene.lipmorph
    _draw_points(layout, context)
    if not settings.shapes:
        _draw_selection(layout, context)
        return
    row = layout.row()
    row.template_list("LIPMORPH_UL_shapes", "", settings, "shapes", settings, "active_shape", rows=4)
    buttons = row.column(align=True)
    buttons.operator("lipmorph.add_shapes", icon="ADD", text="")
    buttons.operator("lipmorph.remove_shape", icon="REMOVE", text="")
    buttons.separator()
    buttons.operator("lipmorph.move_shape", icon="TRIA_UP", text="").direction = "UP"
    buttons.operator("lipmorph.move_shape", icon="TRIA_DOWN", text="").direction = "DOWN"
    if 0 < settings.active_shape < len(settings.shapes) - 1:
        layout.prop(settings.shapes[settings.active_shape], "rest")


def _draw_points(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is known of shapes that are points, and the button that shows the surface through the active one's."""
    for shape in chain(context):
        count = count_points(shape)
        if not count:
            continue
        # A line each: the sidebar is too narrow for an object's name and all that is said of it.
        column = layout.column(align=True)
        column.label(text=f"{shape.name}: {count:,} points", icon="POINTCLOUD_DATA", translate=False)
        said = column.row()
        said.active = False
        said.label(text="Brings its normals" if has_normals(shape) else "Normals are made", icon="BLANK1")
        if shape == context.active_object:
            column.operator("lipmorph.surface_from_points", text="Show Surface")


def draw_hidden(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Shapes that a morph has hidden which was deleted, and not removed by its button."""
    hidden = hidden_in_vain(context.scene)
    if hidden:
        box = layout.box()
        names = ", ".join(f"'{item.name}'" for item in hidden)
        draw_sentence(box, context, f"Hidden by a morph that is gone: {names}.", icon="HIDE_ON")
        box.operator("lipmorph.show_hidden", icon="HIDE_OFF")


def _draw_selection(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    shapes = selected_shapes(context)
    box = layout.box().column(align=True)
    for number, shape in enumerate(shapes):
        target = number == len(shapes) - 1 and number > 0
        row = box.row()
        row.label(text=shape.name, icon="TRACKING_FORWARDS_SINGLE" if target else "OBJECT_DATA", translate=False)
        hint = row.row()
        hint.alignment = "RIGHT"
        hint.active = False
        hint.label(text="Target" if target else "Source" if number == 0 else "")
    if len(shapes) < 2:
        wanted = "Select another object" if shapes else "Select two or more objects"
        box.label(text=wanted, icon="RESTRICT_SELECT_OFF")
        box.label(text="The active one becomes the target", icon="BLANK1")
    others = not_taken(context)
    if others:
        draw_sentence(layout, context, others, icon="INFO")
    if shapes:
        layout.operator("lipmorph.add_shapes", icon="ADD", text="List and Order Shapes")


CLASSES = (LIPMORPH_UL_shapes,)
