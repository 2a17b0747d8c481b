"""Draws the result that is selected: its Morph value, what was measured and proved, and what can be done with it."""

from __future__ import annotations

import bpy

from .. import compat
from ..certificate_summary import certificate_of
from ..operators.results import folder_of
from ..report_summary import calm_frames, summary_of
from ..scene.ownership import story_of
from .sentences import draw_sentence
from .shape_key_panel import draw_conversion, draw_keys
from .storage_panel import draw_storage

CERTIFICATE_FOLDED = True
"""Until somebody has opened it, whether the certificate is folded away."""


def draw_result(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    morph = context.active_object
    player = next((m for m in morph.modifiers if m.type == "NODES" and compat.has_input(m, "Morph")), None)
    if player is not None:
        column = layout.column()
        column.use_property_split = True
        compat.draw_input(column, player, "Morph", "Morph")
    draw_keys(layout, context, morph)
    for icon, sentence in summary_of(folder_of(morph), frames=story_of(morph).writer != "SHAPE_KEYS"):
        draw_sentence(layout, context, sentence, icon=icon)
    for sentence in story_of(morph).notes:
        draw_sentence(layout, context, sentence, icon="INFO")
    calm = 0 if story_of(morph).writer == "SHAPE_KEYS" else calm_frames(folder_of(morph))
    if calm:
        text = bpy.app.translations.pgettext_iface("Take {count} Frames").format(count=calm)
        layout.operator("lipmorph.re_extract", text=text, translate=False, icon="FILE_REFRESH").frames = calm
    _draw_certificate(layout, context, certificate_of(folder_of(morph)))
    draw_storage(layout, morph)
    draw_conversion(layout, context, morph)
    layout.operator("lipmorph.re_extract", icon="FILE_REFRESH")
    row = layout.row(align=True)
    row.operator("lipmorph.open_report", icon="TEXT")
    row.operator("lipmorph.show_contact_sheet", icon="IMAGE_DATA")
    row.operator("lipmorph.open_folder", icon="FILE_FOLDER", text="")
    layout.operator("lipmorph.export", icon="EXPORT")
    layout.operator("lipmorph.remove_morph", icon="TRASH")


def _draw_certificate(layout: bpy.types.UILayout, context: bpy.types.Context, lines: list[tuple[str, str]]) -> None:
    """What is certified and what was only sampled, folded away until it is wanted."""
    header, body = layout.panel("lipmorph_certificate", default_closed=CERTIFICATE_FOLDED)
    header.label(text="Certificate")
    if body is None:
        return
    for icon, sentence in lines:
        draw_sentence(body, context, sentence, icon=icon)
    body.operator("lipmorph.certify", icon="FAKE_USER_ON")
