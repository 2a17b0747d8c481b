"""Properties of the scene, made from the engine's job description: nothing that it says is written here again.

Annotations are evaluated at once here (no ``from __future__``): Blender cannot evaluate comprehensions in them later.
"""

import dataclasses
import math
from typing import Any

import bpy

from .lipmlp_engine.job.description import PRESET_DESCRIPTIONS, PRESETS, Job
from .lipmlp_engine.job.sections import MAXIMUM_SHAPES, SECTIONS
from .lipmlp_engine.job.setting_kinds import Setting, settings_of
from .scene.gather import SHAPE_TYPES
from .scene.spec import EASINGS, KEY_MODES, LAST_FRAME, MODEL_PLACES, RESULTS

HIDDEN = {
    "output": {"folder", "sequence", "pictures", "film", "preview_seconds"},
    "extraction": {"start", "end", "keys"},
    "guide": {"correspondence"},
}
"""Settings that the add-on decides itself."""


def _description(setting: Setting) -> str:
    return f"{setting.description} (in {setting.unit})" if setting.unit else setting.description


def _title(word: str) -> str:
    return word.replace("_", " ").title()


def property_for(field: dataclasses.Field[Any], setting: Setting) -> Any:
    """The Blender property that shows and holds one setting of the job."""
    common = {"name": setting.label, "description": _description(setting)}
    if setting.choices is not None:
        items = [(value, _title(value), description) for value, description in setting.choices.items()]
        return bpy.props.EnumProperty(items=items, default=field.default, **common)
    if isinstance(field.default, bool):
        return bpy.props.BoolProperty(default=field.default, **common)
    if isinstance(field.default, str):
        return bpy.props.StringProperty(default=field.default, subtype="FILE_PATH", **common)
    limits = {"min": setting.minimum, "max": setting.maximum, "default": field.default}
    if isinstance(field.default, int):
        return bpy.props.IntProperty(**{key: int(value) for key, value in limits.items()}, **common)
    subtype = "FACTOR" if (setting.minimum, setting.maximum) == (0.0, 1.0) else "NONE"
    precision = 3 if subtype == "FACTOR" or field.default == 0 or field.default >= 0.01 else 6
    return bpy.props.FloatProperty(**limits, subtype=subtype, precision=precision, **common)


def _group_for(section: str, kind: type[Any]) -> type[bpy.types.PropertyGroup]:
    shown = {
        field.name: property_for(field, setting)
        for field, setting in settings_of(kind)
        if field.name not in HIDDEN.get(section, ())
    }
    name = f"LipmorphSettings{section.title()}"
    return type(name, (bpy.types.PropertyGroup,), {"__annotations__": shown, "__doc__": kind.__doc__})


SECTION_GROUPS = {name: _group_for(name, kind) for name, kind in SECTIONS.items() if name != "output"}


def apply_preset(settings: "LipmorphSceneSettings", preset: str) -> None:
    """Set whatever any preset decides, and leave the rest as the user has it."""
    for section, name in preset_settings():
        setattr(getattr(settings, section), name, preset_value(preset, section, name))


def preset_settings() -> list[tuple[str, str]]:
    """The section and name of every setting that some preset decides."""
    return sorted(
        {(section, name) for values in PRESETS.values() for section, names in values.items() for name in names}
    )


def preset_value(preset: str, section: str, name: str) -> Any:
    return getattr(getattr(Job.preset(preset), section), name)


def preset_is_changed(settings: "LipmorphSceneSettings") -> bool:
    """Whether the user has changed something since the preset was chosen."""
    for section, name in preset_settings():
        meant, value = preset_value(settings.preset, section, name), getattr(getattr(settings, section), name)
        if not _same(value, meant):
            return True
    return False


def _same(value: Any, meant: Any) -> bool:
    """Whether two values are the same to Blender's single precision."""
    if isinstance(meant, float):
        return math.isclose(value, meant, rel_tol=1e-6, abs_tol=1e-12)
    return bool(value == meant)


def _is_shape(_owner: Any, item: bpy.types.Object) -> bool:
    return item.type in SHAPE_TYPES


def _preset_chosen(settings: "LipmorphSceneSettings", _context: bpy.types.Context) -> None:
    apply_preset(settings, settings.preset)


def _end_moved(settings: "LipmorphResultSettings", _context: bpy.types.Context) -> None:
    # Assigned only where it changes something: each assignment calls the other one's update.
    if settings.frame_start >= settings.frame_end:
        settings.frame_start = settings.frame_end - 1


def _start_moved(settings: "LipmorphResultSettings", _context: bpy.types.Context) -> None:
    if settings.frame_end <= settings.frame_start:
        settings.frame_end = settings.frame_start + 1


class LipmorphShape(bpy.types.PropertyGroup):
    """One shape of the chain"""

    object: bpy.props.PointerProperty(
        type=bpy.types.Object, poll=_is_shape, name="Shape", description="Object that the morph passes through"
    )
    rest: bpy.props.IntProperty(
        name="Rest Here",
        description="Frames for which the morph rests at this shape; 0 passes it without a stop",
        default=0,
        min=0,
        soft_max=250,
    )


class LipmorphHidden(bpy.types.PropertyGroup):
    """A shape that a result has hidden; named as that result knows it, whatever it is called since"""

    object: bpy.props.PointerProperty(type=bpy.types.Object)
    mark: bpy.props.StringProperty()


class LipmorphLandmarkPoint(bpy.types.PropertyGroup):
    """Where a landmark lies on one shape of the chain"""

    object: bpy.props.PointerProperty(
        type=bpy.types.Object, name="Point", description="Object whose origin marks the landmark on this shape"
    )


class LipmorphLandmark(bpy.types.PropertyGroup):
    """Points, one on each shape, that must travel into each other"""

    points: bpy.props.CollectionProperty(type=LipmorphLandmarkPoint)


class LipmorphResultSettings(bpy.types.PropertyGroup):
    """What the result is to be in the scene; says for the writers what the job says for the engine"""

    writer: bpy.props.EnumProperty(
        name="Result",
        description="What the morph becomes in the scene",
        items=[(value, _title(value.lower()), description) for value, description in RESULTS.items()],
        default="SEQUENCE",
    )
    keys_anyway: bpy.props.BoolProperty(
        name="Shape Keys Anyway",
        description="Make shape keys even where the morph's topology changes; the vertex group Morph Trouble marks "
        "where they fail",
    )
    key_mode: bpy.props.EnumProperty(
        name="Keys",
        description="What plays the shape keys",
        items=[(value, _title(value.lower()), description) for value, description in KEY_MODES.items()],
        default="ABSOLUTE",
    )
    match_vertices: bpy.props.BoolProperty(
        name="Use Matching Vertices",
        description="Let each vertex become the vertex of the same number, as the shapes have the same faces: "
        "limbs swing, and nothing has to be found out",
        default=True,
    )
    frame_start: bpy.props.IntProperty(
        name="Start",
        description="Frame at which the morph starts",
        default=1,
        min=-LAST_FRAME,
        max=LAST_FRAME - 1,
        update=_start_moved,
    )
    frame_end: bpy.props.IntProperty(
        name="End",
        description="Frame at which the morph ends",
        default=48,
        min=1 - LAST_FRAME,
        max=LAST_FRAME,
        update=_end_moved,
    )
    easing: bpy.props.EnumProperty(
        name="Easing",
        description="How the morph gathers and loses speed",
        items=[(value, _title(value.lower()), description) for value, description in EASINGS.items()],
        default="EASE",
    )
    hold: bpy.props.IntProperty(
        name="Hold", description="Rest at either end within the range (in frames)", default=0, min=0, soft_max=250
    )
    ping_pong: bpy.props.BoolProperty(name="Ping-Pong", description="Return to the first shape within the range")
    subframes: bpy.props.BoolProperty(
        name="Smooth Playback",
        description="Move the vertices along their velocity between two stored frames",
        default=True,
    )
    smooth: bpy.props.BoolProperty(name="Smooth Shading", description="Shade the surface smoothly", default=True)
    blend_materials: bpy.props.BoolProperty(
        name="Blend Materials",
        description="Mix the materials and colours of both ends as the morph goes; off keeps the first shape's",
        default=True,
    )
    hide_sources: bpy.props.BoolProperty(
        name="Hide Sources", description="Hide the shapes once the morph is there; they are not changed", default=True
    )
    model: bpy.props.EnumProperty(
        name="Model",
        description="Where the trained model is kept, from which Re-Extract takes other frames",
        items=[(value, _title(value.lower()), description) for value, description in MODEL_PLACES.items()],
        default="BESIDE_FILE",
    )
    preview: bpy.props.BoolProperty(
        name="Live Preview",
        description="Show the whole morph in the viewport while it is trained, coarse: at first as its guide has it",
        default=True,
    )
    play_preview: bpy.props.BoolProperty(
        name="Play Preview",
        description="Start the timeline as soon as a preview is there, and stop it when the preview goes",
        default=True,
    )


class LipmorphSceneSettings(bpy.types.PropertyGroup):
    """What the user has chosen in this scene"""

    preset: bpy.props.EnumProperty(
        name="Preset",
        description="How much work goes into the morph",
        items=[(name, _title(name), description) for name, description in PRESET_DESCRIPTIONS.items()],
        default="standard",
        update=_preset_chosen,
    )
    shapes: bpy.props.CollectionProperty(type=LipmorphShape)
    hidden: bpy.props.CollectionProperty(type=LipmorphHidden)
    active_shape: bpy.props.IntProperty(name="Active Shape", min=0, max=MAXIMUM_SHAPES)
    landmarks: bpy.props.CollectionProperty(type=LipmorphLandmark)
    active_landmark: bpy.props.IntProperty(name="Active Landmark", min=0)
    result: bpy.props.PointerProperty(type=LipmorphResultSettings)
    placement: bpy.props.PointerProperty(type=SECTION_GROUPS["placement"])
    points: bpy.props.PointerProperty(type=SECTION_GROUPS["points"])
    sampling: bpy.props.PointerProperty(type=SECTION_GROUPS["sampling"])
    network: bpy.props.PointerProperty(type=SECTION_GROUPS["network"])
    guide: bpy.props.PointerProperty(type=SECTION_GROUPS["guide"])
    training: bpy.props.PointerProperty(type=SECTION_GROUPS["training"])
    extraction: bpy.props.PointerProperty(type=SECTION_GROUPS["extraction"])


CLASSES = (
    *SECTION_GROUPS.values(),
    LipmorphShape,
    LipmorphHidden,
    LipmorphLandmarkPoint,
    LipmorphLandmark,
    LipmorphResultSettings,
    LipmorphSceneSettings,
)


def register() -> None:
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.Scene.lipmorph = bpy.props.PointerProperty(type=LipmorphSceneSettings)


def unregister() -> None:
    del bpy.types.Scene.lipmorph
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
