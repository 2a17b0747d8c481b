"""Listens for Esc while jobs run, and reports how they ended."""

from __future__ import annotations

import bpy

from ..lipmlp_engine.job.hearsay import shown
from ..runtime import runtime

REPORT_SECONDS = 0.2


class LIPMORPH_OT_watch(bpy.types.Operator):
    """Listen for Esc while a morph is trained"""

    bl_idname = "lipmorph.watch"
    bl_label = "Watch Lipschitz Morph"
    bl_options = {"INTERNAL"}

    _timer: bpy.types.Timer | None = None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        runtime.watched = True
        self._timer = context.window_manager.event_timer_add(REPORT_SECONDS, window=context.window)
        context.window_manager.modal_handler_add(self)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if event.type == "TIMER":
            for kind, sentence in runtime.announcements:
                self.report({kind}, shown(sentence))
            runtime.announcements.clear()
            if not runtime.active:
                self.cancel(context)
                return {"FINISHED"}
        elif event.type == "ESC" and event.value == "PRESS" and _is_ours(context, event):
            job = runtime.queue.current
            if job is not None:
                runtime.queue.cancel(job)
                return {"RUNNING_MODAL"}
        return {"PASS_THROUGH"}

    def cancel(self, context: bpy.types.Context) -> None:
        runtime.watched = False
        if self._timer is not None:
            context.window_manager.event_timer_remove(self._timer)
            self._timer = None


def _is_ours(context: bpy.types.Context, event: bpy.types.Event) -> bool:
    """Whether the mouse is over a 3D view: Esc elsewhere means something else, and it stops a timeline that plays."""
    if any(window.screen.is_animation_playing for window in context.window_manager.windows):
        return False
    return any(
        area.type == "VIEW_3D"
        and area.x <= event.mouse_x < area.x + area.width
        and area.y <= event.mouse_y < area.y + area.height
        for area in context.window.screen.areas
    )


CLASSES = (LIPMORPH_OT_watch,)
