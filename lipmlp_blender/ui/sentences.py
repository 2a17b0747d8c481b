"""Fits sentences into a panel, which Blender's labels cannot do by themselves."""

from __future__ import annotations

import blf
import bpy

FONT = 0
MARGIN = 95
ICON = 22
"""Pixels of the region, at a scale of 1, that the tabs, a panel and a box around the text take, and an icon."""
SMALLEST = 120


def draw_sentence(
    layout: bpy.types.UILayout, context: bpy.types.Context, sentence: str, icon: str = "NONE", *, margin: int = MARGIN
) -> None:
    """Draw a sentence over as many lines as it needs, its icon before the first."""
    scale = context.preferences.system.ui_scale
    taken = margin + (ICON if icon != "NONE" else 0)
    width = max(SMALLEST, context.region.width - taken * scale)
    column = layout.column(align=True)
    column.scale_y = 0.8
    blank = "BLANK1" if icon != "NONE" else "NONE"
    for number, line in enumerate(_lines(bpy.app.translations.pgettext_iface(sentence), width, scale)):
        column.label(text=line, icon=icon if number == 0 else blank, translate=False)


def _lines(sentence: str, width: float, scale: float) -> list[str]:
    blf.size(FONT, 11 * scale)
    lines = [""]
    for word in sentence.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and blf.dimensions(FONT, longer)[0] > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
