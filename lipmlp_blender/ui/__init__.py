"""Draws; changes nothing."""

from __future__ import annotations

import bpy

from ..manual_pages import manual_map
from . import menus, panels, poses_panel, preferences_page, settings_panels, shapes_panel, status_bar

CLASSES = (
    *preferences_page.CLASSES,
    *shapes_panel.CLASSES,
    *panels.CLASSES,
    *settings_panels.CLASSES,
    *poses_panel.CLASSES,
)


def register() -> None:
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    status_bar.register()
    menus.register()
    bpy.utils.register_manual_map(manual_map)


def unregister() -> None:
    bpy.utils.unregister_manual_map(manual_map)
    menus.unregister()
    status_bar.unregister()
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
