"""Draws the button that shows a match in colours, and what is said of the match that is shown."""

from __future__ import annotations

import bpy

from ..scene.match_preview import match_shown, sentences_of
from .sentences import draw_sentence


def draw_match_button(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Beside the choice of the guide, where that looks for poses."""
    if context.scene.lipmorph.guide.kind in ("auto", "poses"):
        layout.operator("lipmorph.show_match", icon="COLOR")


def draw_match(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """What is said of the match while its colours are shown, and the way to take them away."""
    preview = match_shown(context)
    if preview is None:
        return
    box = layout.box()
    for sentence in sentences_of(preview):
        draw_sentence(box, context, sentence, icon="COLOR")
    box.operator("lipmorph.hide_match", icon="HIDE_ON")
