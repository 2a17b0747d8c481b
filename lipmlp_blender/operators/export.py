"""Writes a morph to a file through Blender's own exporters."""

from __future__ import annotations

import math
from pathlib import Path

import bpy
from bpy_extras.io_utils import ExportHelper

from ..lipmlp_engine.job.hearsay import shown
from ..scene.errors import SceneError
from ..scene.exporters import FORMATS, export_morph
from ..scene.timeline import Timeline
from .results import needs_morph

FILTER = ";".join(f"*{suffix}" for suffix in FORMATS)


class LIPMORPH_OT_export(ExportHelper, bpy.types.Operator):
    """Write the morph to Alembic, USD or, where it consists of shape keys, glTF or FBX"""

    bl_idname = "lipmorph.export"
    bl_label = "Export Morph"
    bl_options = {"REGISTER"}

    filename_ext = ".abc"
    check_extension = None
    filter_glob: bpy.props.StringProperty(default=FILTER, options={"HIDDEN"})
    frame_start: bpy.props.IntProperty(name="Start", description="First frame to write", default=1)
    frame_end: bpy.props.IntProperty(name="End", description="Last frame to write", default=48)

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return needs_morph(cls, context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        chosen = context.scene.lipmorph.result
        self.frame_start, self.frame_end = keyed_span(context.active_object) or (chosen.frame_start, chosen.frame_end)
        return super().invoke(context, event)

    def execute(self, context: bpy.types.Context) -> set[str]:
        path = Path(bpy.path.abspath(self.filepath))
        if not path.suffix:
            path = path.with_suffix(self.filename_ext)
        try:
            export_morph(context, context.active_object, path, self.frame_start, self.frame_end)
        except SceneError as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        self.report({"INFO"}, shown(f"Exported {path.name}"))
        return {"FINISHED"}


def keyed_span(morph: bpy.types.Object) -> tuple[int, int] | None:
    """The frames over which the morph's own keys reach, wherever they have been moved to."""
    curve = Timeline.of(morph).curve
    if curve is None or len(curve.keyframe_points) < 2:
        return None
    first, last = curve.range()
    return math.floor(first), math.ceil(last)


CLASSES = (LIPMORPH_OT_export,)
