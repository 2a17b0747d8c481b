"""The add-on's page in Blender's preferences: the engine's state, and the settings of its set-up."""

from __future__ import annotations

import bpy

from ..engine_start import let_engine_go
from ..preferences import ADDON, EnginePreferences, python_is_given
from ..standby import IDLE_SECONDS, TYPICAL_MEGABYTES
from .engine_panel import draw_engine, draw_missing_engine, engine_is_ready


def _readiness_chosen(chosen: LipmorphPreferences, _context: bpy.types.Context) -> None:
    if not chosen.keep_ready:
        let_engine_go()


class LipmorphPreferences(EnginePreferences, bpy.types.AddonPreferences):
    bl_idname = ADDON

    keep_ready: bpy.props.BoolProperty(
        name="Keep an Engine Ready",
        description="Start the next engine before it is needed, so that a morph begins at once; while it waits it "
        f"takes about {TYPICAL_MEGABYTES} MB, and after {IDLE_SECONDS / 60:.0f} minutes without a job it leaves",
        default=True,
        update=_readiness_chosen,
    )

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        if not engine_is_ready():
            draw_missing_engine(layout, context, in_preferences=True)
        else:
            draw_engine(layout.box(), context, in_preferences=True)
        layout.use_property_split = True
        layout.use_property_decorate = False
        layout.prop(self, "engine_python")
        layout.prop(self, "keep_ready")
        column = layout.column()
        column.active = not python_is_given()
        column.prop(self, "wheels", text="Set Up from Wheels")
        column.prop(self, "setup_python")
        column.prop(self, "index")
        column.prop(self, "use_uv")


CLASSES = (LipmorphPreferences,)
