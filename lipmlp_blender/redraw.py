"""Asks Blender to draw our panels and the status bar again, and nothing else."""

from __future__ import annotations

import bpy


def redraw_panels() -> None:
    """Draw the sidebars of the 3D views, the preferences and the status bar again."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "VIEW_3D":
                for region in area.regions:
                    if region.type == "UI":
                        region.tag_redraw()
            elif area.type == "PREFERENCES":
                area.tag_redraw()
        if all(operator.bl_idname.startswith("LIPMORPH_") for operator in window.modal_operators):
            # The status bar is none of the screen's areas; clearing its text is what makes it draw again. A tool that
            # is running has its keys written there.
            window.workspace.status_text_set(None)
