"""The question mark in a panel's title, which opens the manual's page for what the panel shows."""

from __future__ import annotations

from collections.abc import Callable

import bpy

Page = str | Callable[[bpy.types.Context], str]
"""A page of the manual, or what finds out which one fits."""


def draw_help(layout: bpy.types.UILayout, context: bpy.types.Context, page: Page) -> None:
    button = layout.operator("lipmorph.open_manual", text="", icon="QUESTION", emboss=False)
    button.page = page if isinstance(page, str) else page(context)


class HasHelp:
    """For panels: names the page, and gets the question mark."""

    manual_page: Page = "index"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        draw_help(self.layout, context, type(self).manual_page)  # of the class, where a function is no method
