"""Makes and removes landmarks: points, one on each shape, that must travel into each other."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
from mathutils import Vector

from ..properties import LipmorphSceneSettings
from ..request import chain
from ..scene.vertex_mark import chosen_vertex, mark_vertex

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
        _add_landmark(settings, points)
        return {"FINISHED"}


class LIPMORPH_OT_add_vertex_landmark(bpy.types.Operator):
    """Add a landmark from the vertex that is selected on each shape, the active one where there are several.

    It follows the vertex through modifiers and shape keys; Edit Mode is left"""

    bl_idname = "lipmorph.add_vertex_landmark"
    bl_label = "Add Landmark from Vertices"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        shapes = chain(context)
        reason = "" if len(shapes) >= 2 else "Add two or more shapes to the list, or edit two or more meshes together"
        if not reason and sum(item.type == "MESH" for item in shapes) < 2:
            reason = "Only meshes have vertices; use empties for other shapes"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def execute(self, context: bpy.types.Context) -> set[str]:
        shapes = chain(context)
        chosen = [chosen_vertex(item) for item in shapes]
        if sum(vertex is not None for vertex in chosen) < 2:
            self.report({"ERROR"}, "Select one vertex on each of two or more shapes in Edit Mode.")
            return {"CANCELLED"}
        if context.mode == "EDIT_MESH":
            # The undo steps of Edit Mode hold meshes only, and no empties.
            bpy.ops.object.mode_set(mode="OBJECT")
        settings = context.scene.lipmorph
        number = len(settings.landmarks) + 1
        points = []
        for item, vertex in zip(shapes, chosen, strict=True):
            empty = None if vertex is None else _new_empty(context, item, number)
            if empty is not None:
                mark_vertex(context, empty, item, vertex)
            points.append(empty)
        _add_landmark(settings, points)
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


def _add_landmark(settings: LipmorphSceneSettings, points: Sequence[bpy.types.Object | None]) -> None:
    landmark = settings.landmarks.add()
    for point in points:
        landmark.points.add().object = point
    settings.active_landmark = len(settings.landmarks) - 1


def _new_empties(context: bpy.types.Context, shapes: list[bpy.types.Object], number: int) -> list[bpy.types.Object]:
    """One empty on top of each shape, ready to be moved."""
    empties = []
    for shape in shapes:
        corners = [shape.matrix_world @ Vector(corner) for corner in shape.bound_box]
        centre = sum(corners, Vector()) / len(corners)
        centre.z = max(corner.z for corner in corners)
        empty = _new_empty(context, shape, number)
        empty.location = centre
        empties.append(empty)
    return empties


def _new_empty(context: bpy.types.Context, shape: bpy.types.Object, number: int) -> bpy.types.Object:
    empty = bpy.data.objects.new(f"Landmark {number} {shape.name}", None)
    empty.empty_display_type = "SPHERE"
    empty.empty_display_size = MARK_SHARE * max(shape.dimensions) or MARK_SHARE
    empty.show_in_front = True
    context.scene.collection.objects.link(empty)
    return empty


CLASSES = (LIPMORPH_OT_add_landmark, LIPMORPH_OT_add_vertex_landmark, LIPMORPH_OT_remove_landmark)
