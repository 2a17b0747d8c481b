"""Draws the button that shows a match in colours, and what is said of the match that is shown."""

from __future__ import annotations

import bpy

from ..request import chain
from ..scene.match_preview import match_shown, sentences_of
from .sentences import draw_sentence


def draw_match(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Nothing where no poses are looked for or too few shapes are chosen."""
    preview = match_shown(context)
    if preview is not None:
        box = layout.box()
        for sentence in sentences_of(preview):
            draw_sentence(box, context, sentence, icon="INFO")
        row = box.row(align=True)
        row.operator("lipmorph.hide_match", icon="HIDE_ON")
        row.operator("lipmorph.show_match", icon="FILE_REFRESH", text="")
    elif context.scene.lipmorph.guide.kind in ("auto", "poses") and len(chain(context)) > 1:
        layout.operator("lipmorph.show_match", icon="COLOR")
