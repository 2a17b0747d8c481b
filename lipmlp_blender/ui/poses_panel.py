"""Draws a pose space: how it is learned, its sliders, and the poses that it was learned from."""

from __future__ import annotations

import bpy

from ..scene.pose_sources import why_no_poses
from ..scene.pose_space import is_space, slider_path, story_of
from .panels import InMorphTab

MOST_SHOWN = 40
"""Poses in the menu."""


class LIPMORPH_MT_learned_poses(bpy.types.Menu):
    bl_label = "Go to Pose"

    def draw(self, context: bpy.types.Context) -> None:
        for index, name in enumerate(story_of(context.active_object).names[:MOST_SHOWN]):
            entry = self.layout.operator("lipmorph.go_to_pose", text=name, translate=False)
            entry.index = index


class LIPMORPH_PT_poses(InMorphTab, bpy.types.Panel):
    bl_label = "Pose Space"
    bl_order = 5
    manual_page = "shape-keys"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return is_space(context.active_object) or not why_no_poses(context)

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        item = context.active_object
        if not is_space(item):
            layout.operator("lipmorph.learn_pose_space", icon="POSE_HLT")
            return
        story = story_of(item)
        column = layout.column(align=True)
        for name in story.sliders:
            column.prop(item, slider_path(name), text=name, slider=True)
        row = layout.row(align=True)
        row.operator("lipmorph.key_pose", icon="KEY_HLT")
        if len(story.sliders) > 1:
            row.operator("lipmorph.pose_pad", icon="PIVOT_CURSOR")
        if story.names:
            layout.menu("LIPMORPH_MT_learned_poses", icon="POSE_HLT")


CLASSES = (LIPMORPH_MT_learned_poses, LIPMORPH_PT_poses)
