"""Shows what the engine has written beside a result: the report, the contact sheet, the log."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import bpy

from ..lipmlp_engine.files.results_folder import ResultsFolder
from ..lipmlp_engine.job.hearsay import shown
from ..preferences import engine_home
from ..runtime import runtime
from ..scene.contact_sheet import show_contact_sheet
from ..scene.errors import SceneError
from ..strange_paths import why_file_is_not_opened, why_folder_is_not_opened
from .results import folder_of, needs_morph


def _open_outside(operator: bpy.types.Operator, path: Path, why_not: Callable[[Path], str]) -> set[str]:
    reason = why_not(path)
    if reason:
        operator.report({"ERROR"}, shown(reason))
        return {"CANCELLED"}
    if bpy.app.background:
        operator.report({"INFO"}, shown(path))
        return {"FINISHED"}
    # With the separator at its end, Windows does not take "results" for "results.exe" beside it.
    bpy.ops.wm.path_open(filepath=f"{path}{os.sep}" if path.is_dir() else str(path))
    return {"FINISHED"}


class LIPMORPH_OT_open_report(bpy.types.Operator):
    """Open the figures that the engine has measured (report.json)"""

    bl_idname = "lipmorph.open_report"
    bl_label = "Open Report"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return needs_morph(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return _open_outside(self, ResultsFolder(folder_of(context.active_object)).report, why_file_is_not_opened)


class LIPMORPH_OT_open_folder(bpy.types.Operator):
    """Open the folder with the morph's model, frames and report"""

    bl_idname = "lipmorph.open_folder"
    bl_label = "Open Folder"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return needs_morph(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        return _open_outside(self, folder_of(context.active_object), why_folder_is_not_opened)


class LIPMORPH_OT_show_contact_sheet(bpy.types.Operator):
    """Show the morph's stages side by side in an image editor"""

    bl_idname = "lipmorph.show_contact_sheet"
    bl_label = "Contact Sheet"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return needs_morph(cls, context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        try:
            show_contact_sheet(context, ResultsFolder(folder_of(context.active_object)).contact_sheet)
        except SceneError as error:
            self.report({"ERROR"}, shown(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class LIPMORPH_OT_open_log(bpy.types.Operator):
    """Open the log of the engine's set-up or of a job"""

    bl_idname = "lipmorph.open_log"
    bl_label = "Open Log"
    bl_options = {"INTERNAL"}

    index: bpy.props.IntProperty(name="Job", description="Which job of the queue", default=-1, options={"HIDDEN"})

    def execute(self, _context: bpy.types.Context) -> set[str]:
        jobs = runtime.queue.jobs
        log = jobs[self.index].results.log if 0 <= self.index < len(jobs) else engine_home().log
        return _open_outside(self, log, why_file_is_not_opened)


CLASSES = (
    LIPMORPH_OT_open_report,
    LIPMORPH_OT_open_folder,
    LIPMORPH_OT_show_contact_sheet,
    LIPMORPH_OT_open_log,
)
