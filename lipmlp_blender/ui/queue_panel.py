"""Draws what the queue is doing, and how jobs ended that need attention."""

from __future__ import annotations

import bpy

from ..job_queue import JobState, MorphJob
from ..runtime import runtime
from .sentences import draw_sentence
from .shape_key_panel import draw_refused

GUIDE_SHOWN = "The guide's preview: coarse, untrained. It follows the steering and the landmarks."


def draw_queue(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The job that runs, those that wait, and those that ended badly or were kept."""
    _draw_guide(layout, context)
    for index, job in enumerate(runtime.queue.jobs):
        if job.state in {JobState.RUNNING, JobState.CANCELLING}:
            _draw_running(layout, context, job, index)
        elif job.state is JobState.WAITING:
            row = layout.row(align=True)
            row.label(text=job.title, icon="SORTTIME", translate=False)
            row.operator("lipmorph.cancel", icon="X", text="").index = index
        else:
            _draw_over(layout, context, job, index)


def _draw_guide(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The guide's own preview, while it is shown and nothing newer is on its way."""
    if not runtime.showing.shows_guide or runtime.queue.busy:
        return
    box = layout.box()
    row = box.row(align=True)
    row.label(text=runtime.showing.job.title, icon="CURVE_PATH", translate=False)
    row.operator("screen.animation_play", icon="PAUSE" if context.screen.is_animation_playing else "PLAY", text="")
    row.operator("lipmorph.hide_guide", icon="X", text="")
    draw_sentence(box, context, GUIDE_SHOWN)


def _draw_running(layout: bpy.types.UILayout, context: bpy.types.Context, job: MorphJob, index: int) -> None:
    box = layout.box()
    box.label(text=job.title, icon="MOD_SIMPLEDEFORM", translate=False)
    row = box.row(align=True)
    row.progress(factor=job.fraction, text=f"{100 * job.fraction:.0f} %", type="BAR")
    if job.state is JobState.RUNNING:
        row.operator("lipmorph.cancel", icon="X", text="").index = index
    column = box.column(align=True)
    column.label(text=job.headline)
    figures = []
    if job.end_error is not None:
        figures.append(f"end error {job.end_error:.2g} %")
    elif job.loss is not None:
        figures.append(f"loss {job.loss:.2g}")
    if job.device:
        figures.append(job.device)
    if figures:
        row = column.row()
        row.active = False
        row.label(text=", ".join(figures), translate=False)
    if job.shown:
        draw_sentence(box, context, job.shown, icon="HIDE_OFF")
    for notice in job.notices[-3:]:
        draw_sentence(box, context, notice, icon="INFO")


def _draw_over(layout: bpy.types.UILayout, context: bpy.types.Context, job: MorphJob, index: int) -> None:
    if runtime.writing is not None and runtime.writing.job is job:
        box = layout.box()
        if runtime.writing.waits_for:
            draw_sentence(box, context, f"{job.title}: {runtime.writing.waits_for}.", icon="INFO")
            return
        box.label(text="Adding the result to the scene")
        box.progress(factor=runtime.writing.fraction, text=f"{100 * runtime.writing.fraction:.0f} %", type="BAR")
        return
    if job.state is JobState.FINISHED:
        if runtime.is_at_home(job) or not job.for_scene:
            return
        box = layout.box()
        draw_sentence(box, context, f"{job.title} was finished for another file.", icon="INFO")
        row = box.row(align=True)
        row.operator("lipmorph.bring_in", icon="IMPORT").index = index
        row.operator("lipmorph.dismiss", icon="X", text="").index = index
        return
    if job.keys_refused:
        draw_refused(layout, context, job, index)
        return
    box = layout.box()
    row = box.row(align=True)
    row.label(text=job.title, icon="ERROR" if job.state is JobState.FAILED else "CANCEL", translate=False)
    row.operator("lipmorph.open_log", icon="TEXT", text="").index = index
    row.operator("lipmorph.dismiss", icon="X", text="").index = index
    draw_sentence(box, context, job.sentence)
