"""A square to drag in: two sliders of a pose space at once, with the learned poses as points in it."""

from __future__ import annotations

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ..scene.pose_space import is_space, key_sliders, set_code, story_of

SIDE = 200
MARGIN = 50
DOT = 4
"""Pixels at a resolution scale of 1."""
PAPER, LINE, POSE, HERE = (0.1, 0.1, 0.1, 0.75), (0.55, 0.55, 0.55, 1), (0.85, 0.85, 0.85, 1), (1, 0.55, 0.2, 1)

Point = tuple[float, float]


class LIPMORPH_OT_pose_pad(bpy.types.Operator):
    """Drag in a square in the viewport to move the first two sliders at once; Enter or right click closes it"""

    bl_idname = "lipmorph.pose_pad"
    bl_label = "Pose Pad"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        item = context.active_object
        reason = "" if is_space(item) and len(story_of(item).sliders) > 1 else "Choose a pose space of two sliders"
        if not reason and (bpy.app.background or context.area is None or context.area.type != "VIEW_3D"):
            reason = "The pad is drawn in a 3D viewport"
        if reason:
            cls.poll_message_set(reason)
        return not reason

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        self._region = next(region for region in context.area.regions if region.type == "WINDOW")
        self._area = context.area
        self._item = context.active_object
        self._story = story_of(self._item)
        self._before = [self._item[name] for name in self._story.sliders]
        self._dragging = False
        self._handle = bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        context.window_manager.modal_handler_add(self)
        context.workspace.status_text_set("Pose Pad: drag in the square · Enter or right click: close · Esc: take back")
        self._area.tag_redraw()
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        if not self._is_there():
            return self._close(context, "CANCELLED")
        if event.type == "ESC":
            set_code(self._item, self._before)
            return self._close(context, "CANCELLED")
        inside = self._dragging or self._holds(event)
        if event.type in {"RET", "NUMPAD_ENTER"} or (event.type == "RIGHTMOUSE" and event.value == "PRESS"):
            return self._close(context, "FINISHED")
        if event.type == "LEFTMOUSE" and inside:
            self._dragging = event.value == "PRESS"
            if self._dragging:
                self._follow(event)
            else:
                self._key(context)
            return {"RUNNING_MODAL"}
        if event.type == "MOUSEMOVE" and self._dragging:
            self._follow(event)
            return {"RUNNING_MODAL"}
        return {"PASS_THROUGH"}

    def _is_there(self) -> bool:
        """Whether the sliders have not been deleted meanwhile, or undone."""
        try:
            return all(self._item.get(name) is not None for name in self._story.sliders)
        except ReferenceError:
            return False

    def _follow(self, event: bpy.types.Event) -> None:
        x, y = self._at(event)
        low, side = self._corner()
        rest = [self._item[name] for name in self._story.sliders[2:]]
        set_code(self._item, [2 * (x - low) / side - 1, 2 * (y - low) / side - 1, *rest])
        self._area.tag_redraw()

    def _key(self, context: bpy.types.Context) -> None:
        if context.scene.tool_settings.use_keyframe_insert_auto:
            key_sliders(self._item, self._story.sliders[:2])

    def _close(self, context: bpy.types.Context, how: str) -> set[str]:
        bpy.types.SpaceView3D.draw_handler_remove(self._handle, "WINDOW")
        context.workspace.status_text_set(None)
        self._area.tag_redraw()
        return {how}

    def _at(self, event: bpy.types.Event) -> Point:
        return event.mouse_x - self._region.x, event.mouse_y - self._region.y

    def _holds(self, event: bpy.types.Event) -> bool:
        low, side = self._corner()
        return all(low <= place <= low + side for place in self._at(event))

    def _corner(self) -> Point:
        """Where the square begins, along both axes, and how long its sides are."""
        scale = bpy.context.preferences.system.ui_scale
        return MARGIN * scale, SIDE * scale

    def _draw(self) -> None:
        if bpy.context.region != self._region or not self._is_there():
            return
        low, side = self._corner()
        high, scale = low + side, side / SIDE
        gpu.state.blend_set("ALPHA")
        _fill(low, low, high, high, PAPER)
        middle = (low + high) / 2
        _lines([(low, low), (high, low), (high, high), (low, high)], LINE)
        _lines([(low, middle), (high, middle)], LINE)
        _lines([(middle, low), (middle, high)], LINE)
        for code in self._story.codes:
            _dot(low + side * (code[0] + 1) / 2, low + side * (code[1] + 1) / 2, DOT * scale, POSE)
        x, y = (low + side * (self._item[name] + 1) / 2 for name in self._story.sliders[:2])
        _dot(x, y, 1.6 * DOT * scale, HERE)
        nearest = self._nearest()
        if nearest:
            blf.size(0, 12 * scale)
            blf.color(0, *POSE)
            blf.position(0, low, high + 6 * scale, 0)
            blf.draw(0, nearest)
        gpu.state.blend_set("NONE")

    def _nearest(self) -> str:
        """The name of the pose that is nearest to where the sliders are."""
        if not self._story.codes:
            return ""
        here = [self._item[name] for name in self._story.sliders]
        off = [sum((a - b) ** 2 for a, b in zip(code, here, strict=True)) for code in self._story.codes]
        return self._story.names[off.index(min(off))]


def _fill(left: float, bottom: float, right: float, top: float, color: tuple[float, ...]) -> None:
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    _draw_batch("TRIS", corners, color, [(0, 1, 2), (0, 2, 3)])


def _dot(x: float, y: float, radius: float, color: tuple[float, ...]) -> None:
    _fill(x - radius, y - radius, x + radius, y + radius, color)


def _lines(points: list[Point], color: tuple[float, ...]) -> None:
    count = len(points)
    _draw_batch("LINES", points, color, [(k, (k + 1) % count) for k in range(count)])


def _draw_batch(kind: str, points: list[Point], color: tuple[float, ...], indices: list[tuple[int, ...]]) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("color", color)
    batch_for_shader(shader, kind, {"pos": [(x, y, 0) for x, y in points]}, indices=indices).draw(shader)


CLASSES = (LIPMORPH_OT_pose_pad,)
