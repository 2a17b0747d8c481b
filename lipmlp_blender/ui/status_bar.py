"""Draws the running job's progress into Blender's status bar."""

from __future__ import annotations

import bpy

from ..job_queue import JobState
from ..runtime import runtime


def draw_status(header: bpy.types.Header, _context: bpy.types.Context) -> None:
    job = runtime.queue.current
    layout = header.layout
    if job is not None:
        row = layout.row(align=True)
        row.label(text=f"Morph: {job.headline}", icon="MOD_SIMPLEDEFORM", translate=False)
        row.progress(factor=job.fraction, text=f"{100 * job.fraction:.0f} %", type="BAR")
        if job.state is JobState.RUNNING:
            row.operator("lipmorph.cancel", icon="X", text="", emboss=False).index = runtime.queue.jobs.index(job)
    elif runtime.setup is not None and runtime.setup.running:
        row = layout.row(align=True)
        row.label(text=f"Morph engine: {runtime.setup.step}", translate=False)
        row.progress(factor=runtime.setup.fraction, text=f"{100 * runtime.setup.fraction:.0f} %", type="BAR")


def register() -> None:
    bpy.types.STATUSBAR_HT_header.append(draw_status)


def unregister() -> None:
    bpy.types.STATUSBAR_HT_header.remove(draw_status)
