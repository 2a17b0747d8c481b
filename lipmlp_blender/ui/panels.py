"""The sidebar's tab: what is missing, the shapes, the button, the progress, and the result."""

from __future__ import annotations

import bpy

from ..job_queue import JobState
from ..preferences import chosen_python
from ..properties import preset_is_changed
from ..request import chain, expected_size, why_not
from ..runtime import runtime
from ..scene.ownership import is_morph, story_of
from .engine_panel import draw_engine, draw_missing_engine, engine_is_ready
from .manual_button import HasHelp
from .match_panel import draw_match
from .queue_panel import draw_queue
from .result_panel import draw_result
from .sentences import draw_sentence
from .shape_key_panel import draw_matching
from .shapes_panel import draw_hidden, draw_shapes


class InMorphTab(HasHelp):
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Morph"


def main_page(_context: bpy.types.Context) -> str:
    """What the first panel is about just now."""
    if not engine_is_ready():
        return "install"
    failed = any(job.state is JobState.FAILED for job in runtime.queue.jobs)
    return "troubleshooting" if failed else "first-morph"


def result_page(context: bpy.types.Context) -> str:
    return "shape-keys" if story_of(context.active_object).writer == "SHAPE_KEYS" else "rendering"


class LIPMORPH_PT_main(InMorphTab, bpy.types.Panel):
    bl_idname = "LIPMORPH_PT_main"
    bl_label = "Lipschitz Morph"
    manual_page = main_page

    def draw(self, context: bpy.types.Context) -> None:
        layout = self.layout
        settings = context.scene.lipmorph
        if not engine_is_ready():
            draw_missing_engine(layout, context)
        draw_hidden(layout, context)
        draw_shapes(layout, context)
        draw_matching(layout, context)
        draw_match(layout, context)
        column = layout.column(align=True)
        column.row(align=True).prop(settings, "preset", expand=True)
        if preset_is_changed(settings):
            row = column.row()
            row.active = False
            row.label(text="Changed under Advanced or Output")
        size = expected_size(context)
        if size:
            row = column.column()
            row.active = False
            draw_sentence(row, context, size)
        button = layout.column()
        button.scale_y = 1.6
        button.operator("lipmorph.train", icon="PLAY")
        layout.operator("lipmorph.preview_guide", icon="CURVE_PATH")
        if engine_is_ready() and not why_not(context):
            runtime.is_looked_at(tuple(item.name for item in chain(context)))
        draw_queue(layout, context)


class LIPMORPH_PT_result(InMorphTab, bpy.types.Panel):
    bl_label = "Result"
    manual_page = result_page

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        return is_morph(context.active_object)

    def draw(self, context: bpy.types.Context) -> None:
        draw_result(self.layout, context)


class LIPMORPH_PT_engine(InMorphTab, bpy.types.Panel):
    bl_label = "Engine"
    manual_page = "install"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 10

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        return chosen_python().path is not None

    def draw(self, context: bpy.types.Context) -> None:
        draw_engine(self.layout, context)


CLASSES = (LIPMORPH_PT_main, LIPMORPH_PT_result, LIPMORPH_PT_engine)
