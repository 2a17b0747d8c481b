"""Makes and removes landmarks: points, one on each shape, that must travel into each other."""

from __future__ import annotations

import bpy
from mathutils import Vector

from ..request import chain

MARK_SHARE = 0.1
"""Drawn size of a new landmark, of the shape's largest dimension."""


class LIPMORPH_OT_add_landmark(bpy.types.Operator):
    """Add a landmark: from the selected empties, one for each shape, the active one last, or as new empties to move"""

    bl_idname = "lipmorph.add_landmark"
    bl_label = "Add Landmark"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        # Selected empties must not hide the shapes, so the list is what counts once there is one.
        enough = len(chain(context)) >= 2
        if not enough:
            cls.poll_message_set("Add two or more shapes to the list first")
        return enough

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.lipmorph
        shapes = chain(context)
        empties = _selected_empties(context)
        points = empties if len(empties) == len(shapes) else _new_empties(context, shapes, len(settings.landmarks) + 1)
        landmark = settings.landmarks.add()
        for point in points:
            landmark.points.add().object = point
        settings.active_landmark = len(settings.landmarks) - 1
        return {"FINISHED"}


class LIPMORPH_OT_remove_landmark(bpy.types.Operator):
    """Remove the landmark; its empties stay in the scene"""

    bl_idname = "lipmorph.remove_landmark"
    bl_label = "Remove Landmark"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        settings = context.scene.lipmorph
        if settings.active_landmark < len(settings.landmarks):
            return True
        cls.poll_message_set("There is no landmark")
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        settings = context.scene.lipmorph
        settings.landmarks.remove(settings.active_landmark)
        settings.active_landmark = max(0, min(settings.active_landmark, len(settings.landmarks) - 1))
        return {"FINISHED"}


def _selected_empties(context: bpy.types.Context) -> list[bpy.types.Object]:
    active = context.view_layer.objects.active
    empties = [item for item in context.selected_objects if item.type == "EMPTY"]
    return sorted(empties, key=lambda item: (item == active, item.name))


def _new_empties(context: bpy.types.Context, shapes: list[bpy.types.Object], number: int) -> list[bpy.types.Object]:
    """One empty on top of each shape, ready to be moved."""
    empties = []
    for shape in shapes:
        corners = [shape.matrix_world @ Vector(corner) for corner in shape.bound_box]
        centre = sum(corners, Vector()) / len(corners)
        centre.z = max(corner.z for corner in corners)
        empty = bpy.data.objects.new(f"Landmark {number} {shape.name}", None)
        empty.empty_display_type = "SPHERE"
        empty.empty_display_size = MARK_SHARE * max(shape.dimensions) or MARK_SHARE
        empty.show_in_front = True
        empty.location = centre
        context.scene.collection.objects.link(empty)
        empties.append(empty)
    return empties


CLASSES = (LIPMORPH_OT_add_landmark, LIPMORPH_OT_remove_landmark)
