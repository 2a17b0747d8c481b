"""Draws what concerns shape keys: their settings, their value on a result, why there are none, and the ways on."""

from __future__ import annotations

import bpy

from ..job_queue import MorphJob
from ..lipmlp_engine.job.sections import KEY_SETTINGS, Extraction
from ..lipmlp_engine.job.setting_kinds import settings_of
from ..operators.results import folder_of
from ..properties import LipmorphSceneSettings
from ..report_summary import tracking_of
from ..request import chain, keys_wanted
from ..scene.frame_mesh import MORPH
from ..scene.matching_faces import share_faces
from ..scene.ownership import story_of
from ..scene.shape_keys import TROUBLE
from .sentences import draw_sentence


def draw_key_settings(layout: bpy.types.UILayout, settings: LipmorphSceneSettings) -> None:
    """What can be set of shape keys, where some are wanted."""
    if keys_wanted(settings.result) == "none":
        return
    column = layout.column()
    if settings.result.writer == "SHAPE_KEYS":
        column.prop(settings.result, "keys_anyway")
    column.prop(settings.result, "key_mode")
    for field, setting in settings_of(Extraction):
        if field.name in KEY_SETTINGS:
            column.prop(settings.extraction, field.name, text=setting.label.removeprefix("Shape Key "))


def draw_matching(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """Whether the shapes' vertices are taken as they correspond, where they have the same faces."""
    settings = context.scene.lipmorph
    if not share_faces(context, chain(context)):
        return
    row = layout.row()
    row.active = not settings.landmarks
    title = "Matching Vertices: the landmarks count" if settings.landmarks else "Use Matching Vertices"
    row.prop(settings.result, "match_vertices", text=title)


def draw_keys(layout: bpy.types.UILayout, context: bpy.types.Context, morph: bpy.types.Object) -> None:
    """The value that plays a result's shape keys, and where they fare badly."""
    keys = getattr(morph.data, "shape_keys", None)
    if keys is None:
        return
    column = layout.column()
    column.use_property_split = True
    if keys.use_relative:
        column.prop(morph, f'["{MORPH}"]', text="Morph")
    else:
        column.prop(keys, "eval_time", text="Morph %")
    tracking = tracking_of(folder_of(morph))
    if tracking.tried:
        draw_sentence(layout, context, tracking.sentence, icon="CHECKMARK" if not tracking.troubled else "INFO")
    if TROUBLE in morph.vertex_groups:
        sentence = f"{tracking.troubled:,} of {len(morph.data.vertices):,} vertices fare badly: vertex group {TROUBLE}."
        draw_sentence(layout, context, sentence, icon="GROUP_VERTEX")


def draw_conversion(layout: bpy.types.UILayout, context: bpy.types.Context, morph: bpy.types.Object) -> None:
    """The buttons that make another kind of result of this one, and why shape keys were refused."""
    if story_of(morph).writer == "SHAPE_KEYS":
        layout.operator("lipmorph.convert", text="Convert to Sequence", icon="SEQUENCE").target = "SEQUENCE"
        return
    tracking = tracking_of(folder_of(morph))
    if tracking.tried and not tracking.kept:
        draw_sentence(layout, context, tracking.sentence, icon="SHAPEKEY_DATA")
        operator = layout.operator("lipmorph.convert", text="Shape Keys Anyway", icon="SHAPEKEY_DATA")
        operator.target, operator.anyway = "SHAPE_KEYS", True
        return
    layout.operator("lipmorph.convert", text="Convert to Shape Keys", icon="SHAPEKEY_DATA").target = "SHAPE_KEYS"


def draw_refused(layout: bpy.types.UILayout, context: bpy.types.Context, job: MorphJob, index: int) -> None:
    """A job whose shape keys do not hold: why, and what can be had instead."""
    box = layout.box()
    row = box.row(align=True)
    row.label(text=job.title, icon="SHAPEKEY_DATA", translate=False)
    row.operator("lipmorph.dismiss", icon="X", text="").index = index
    draw_sentence(box, context, job.sentence)
    column = box.column(align=True)
    if "replaces" not in job.order:
        sequence = column.operator("lipmorph.settle_keys", text="Use Sequence", icon="SEQUENCE")
        sequence.index, sequence.anyway = index, False
    if not job.order.get("anyway"):
        keys = column.operator("lipmorph.settle_keys", text="Shape Keys Anyway", icon="SHAPEKEY_DATA")
        keys.index, keys.anyway = index, True
