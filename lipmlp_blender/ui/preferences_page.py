"""The add-on's page in Blender's preferences: the engine's state, and the settings of its set-up."""

from __future__ import annotations

import bpy

from ..preferences import ADDON, EnginePreferences, python_is_given
from .engine import draw_engine, draw_missing_engine, engine_is_ready


class LipmorphPreferences(EnginePreferences, bpy.types.AddonPreferences):
    bl_idname = ADDON

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        if not engine_is_ready():
            draw_missing_engine(layout, context, in_preferences=True)
        else:
            draw_engine(layout.box(), context, in_preferences=True)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "engine_python")
        column = layout.column()
        column.active = not python_is_given()
        column.prop(self, "wheels", text="Set Up from Wheels")
        column.prop(self, "setup_python")
        column.prop(self, "index")
        column.prop(self, "use_uv")


CLASSES = (LipmorphPreferences,)
