"""Folded panels with what can be set: output, steering, and everything else the job knows."""

from __future__ import annotations

import bpy

from ..lipmlp_engine.job.sections import BOUNDED_FAMILIES, KEY_SETTINGS, SECTIONS
from ..lipmlp_engine.job.setting_kinds import settings_of
from ..properties import SECTION_GROUPS, LipmorphSceneSettings
from ..request import chain
from .match_panel import draw_match_button
from .panels import InMorphTab
from .shape_key_panel import draw_key_settings

STEERING = ("kind", "rigidity", "volume", "turn", "share")
OUTPUT = ("frames", "resolution", "budget", "detail", "faces", "least_part")
STORED = ("velocity", "attributes")
FIRST_OF_ADVANCED = ("device", "seed")
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "guide": STEERING,
    "training": FIRST_OF_ADVANCED,
    "extraction": (*OUTPUT, *STORED, *KEY_SETTINGS),
}
"""What other panels draw of each section; whatever else it has, a new setting too, stands under Advanced."""
ADVANCED = ("guide", "placement", "points", "sampling", "network", "training", "extraction")
SMALLEST_SHOWN = 1e-5
"""What is smaller looks like 0 in a number field of Blender's, which shows six decimals at most."""


class _FoldedPanel(InMorphTab):
    bl_parent_id = "LIPMORPH_PT_main"
    bl_options = {"DEFAULT_CLOSED"}
    manual_page = "settings"

    def draw(self, context: bpy.types.Context) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        self.draw_settings(self.layout, context)


class LIPMORPH_PT_output(_FoldedPanel, bpy.types.Panel):
    bl_label = "Output"
    manual_page = "rendering"

    def draw_settings(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        settings = context.scene.lipmorph
        chosen = settings.result
        layout.prop(chosen, "writer")
        draw_key_settings(layout, settings)
        column = layout.column(align=True)
        column.prop(chosen, "frame_start")
        column.prop(chosen, "frame_end")
        layout.prop(chosen, "easing")
        layout.prop(chosen, "hold")
        column = layout.column(heading="Options")
        column.prop(chosen, "ping_pong")
        column.prop(chosen, "subframes")
        column.prop(chosen, "smooth")
        column.prop(chosen, "blend_materials")
        column.prop(chosen, "hide_sources")
        column.prop(chosen, "preview")
        column.prop(chosen, "play_preview")
        column = layout.column()
        for name in OUTPUT:
            row = column.row()
            row.active = has_effect(settings, "extraction", name)
            # A number field has no word for what 0 means.
            automatic = name == "resolution" and not settings.extraction.resolution
            row.prop(settings.extraction, name, **({"text": "Cells (Auto)"} if automatic else {}))
        column = layout.column(heading="Store")
        for name in STORED:
            column.prop(settings.extraction, name)
        layout.prop(chosen, "model")


class LIPMORPH_UL_landmarks(bpy.types.UIList):
    """Landmarks by the object that marks them on the first shape; a warning where a shape has none."""

    def draw_item(
        self,
        _context: bpy.types.Context,
        layout: bpy.types.UILayout,
        _data: object,
        item: bpy.types.PropertyGroup,
        _icon: int,
        _active: object,
        _active_property: str,
        index: int = 0,
    ) -> None:
        names = [point.object.name for point in item.points if point.object]
        complete = len(names) == len(item.points)
        layout.label(
            text=names[0] if names else f"{index + 1}", icon="EMPTY_DATA" if complete else "ERROR", translate=False
        )


class LIPMORPH_PT_steering(_FoldedPanel, bpy.types.Panel):
    bl_label = "Steering"
    manual_page = "steering"

    def draw_settings(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        settings = context.scene.lipmorph
        layout.prop(settings.guide, STEERING[0])
        draw_match_button(layout, context)
        column = layout.column()
        column.active = settings.guide.kind != "none"
        for name in STEERING[1:]:
            column.prop(settings.guide, name)
        self._draw_landmarks(layout, context)

    def _draw_landmarks(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        settings = context.scene.lipmorph
        layout.label(text="Landmarks")
        row = layout.row()
        row.template_list(
            "LIPMORPH_UL_landmarks", "", settings, "landmarks", settings, "active_landmark", rows=3, maxrows=6
        )
        buttons = row.column(align=True)
        buttons.operator("lipmorph.add_landmark", icon="ADD", text="")
        buttons.operator("lipmorph.remove_landmark", icon="REMOVE", text="")
        buttons.separator()
        buttons.operator("lipmorph.add_vertex_landmark", icon="VERTEXSEL", text="")
        if settings.active_landmark < len(settings.landmarks):
            shapes = chain(context)
            column = layout.column(align=True)
            for index, point in enumerate(settings.landmarks[settings.active_landmark].points):
                name = shapes[index].name if index < len(shapes) else f"Shape {index + 1}"
                column.prop(point, "object", text=name, translate=False)


class LIPMORPH_PT_advanced(_FoldedPanel, bpy.types.Panel):
    bl_label = "Advanced"
    bl_idname = "LIPMORPH_PT_advanced"

    def draw_settings(self, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        for name in FIRST_OF_ADVANCED:
            layout.prop(context.scene.lipmorph.training, name)


def has_effect(settings: LipmorphSceneSettings, section: str, name: str) -> bool:
    """Whether a setting changes anything beside what else is chosen; the others are drawn grey."""
    bounded = settings.network.family in BOUNDED_FAMILIES
    return {
        ("network", "coefficient"): bounded,
        ("network", "activation"): settings.network.family != "sll",
        ("training", "smoothness"): settings.network.family != "plain",
        ("training", "safety"): settings.training.loss != "distance",
        ("extraction", "budget"): settings.extraction.resolution == 0,
        ("extraction", "detail"): settings.training.loss == "distance" and settings.guide.kind != "none",
    }.get((section, name), True)


def _shown_nowhere_else(section: str) -> list[str]:
    held = SECTION_GROUPS[section].__annotations__
    fields = [field.name for field, _ in settings_of(SECTIONS[section])]
    return [name for name in fields if name in held and name not in ELSEWHERE.get(section, ())]


def _section_panel(section: str, names: list[str]) -> type[bpy.types.Panel]:
    """A folded panel with settings of a section of the job."""

    def draw_settings(_self: object, layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
        group = getattr(context.scene.lipmorph, section)
        for name in names:
            row = layout.row()
            row.active = has_effect(context.scene.lipmorph, section, name)
            row.prop(group, name)
            value = getattr(group, name)
            if isinstance(value, float) and 0.0 < value < SMALLEST_SHOWN:
                row = layout.row()
                row.active = False
                row.alignment = "RIGHT"
                row.label(text=f"{value:.2g}", translate=False)

    values = {
        "bl_label": section.title(),
        "bl_parent_id": "LIPMORPH_PT_advanced",
        "manual_page": {"points": "scans", "placement": "steering"}.get(section, "settings"),
        "draw_settings": draw_settings,
    }
    return type(f"LIPMORPH_PT_{section}", (_FoldedPanel, bpy.types.Panel), values)


CLASSES = (
    LIPMORPH_UL_landmarks,
    LIPMORPH_PT_output,
    LIPMORPH_PT_steering,
    LIPMORPH_PT_advanced,
    *(_section_panel(section, names) for section in ADVANCED if (names := _shown_nowhere_else(section))),
)
