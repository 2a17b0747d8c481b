"""Turns what the user has chosen in the scene into a job for the engine and an order for the writers."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import bpy

from .lipmlp_engine.job.description import Job
from .lipmlp_engine.job.sections import MAXIMUM_SHAPES, SECTIONS, ShapeInput
from .lipmlp_engine.job.setting_kinds import settings_of
from .order_reading import folders_beside
from .preferences import user_folder
from .properties import SECTION_GROUPS, LipmorphResultSettings, LipmorphSceneSettings
from .scene.called import called
from .scene.file_mark import file_mark
from .scene.footprint import NORMALS, foreseen_bytes, in_words
from .scene.gather import SHAPE_TYPES, ShapeSlots
from .scene.gather_layers import titles_of
from .scene.key_source import why_no_keys
from .scene.left_out import left_out
from .scene.matching_faces import share_faces, share_triangles
from .scene.ownership import is_morph
from .scene.sculpted import why_not_whole
from .scene.spec import AUTOMATIC, LAST_FRAME, ResultSpec
from .scene.timing import morph_keys
from .strange_paths import may_be_followed

PREVIEW_SECONDS = 2.0


class RequestError(Exception):
    """What the user has to choose differently, in one sentence."""


def chain(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The shapes of the morph in their order: those of the list, else the selected ones with the active one last."""
    listed = [entry.object for entry in context.scene.lipmorph.shapes if entry.object is not None]
    return listed or selected_shapes(context)


def selected_shapes(context: bpy.types.Context) -> list[bpy.types.Object]:
    """The selected objects that can become a mesh, the active one last; results of ours are taken only when listed."""
    shapes = [item for item in context.selected_objects if item.type in SHAPE_TYPES and not is_morph(item)]
    active = context.active_object  # which a script may override, and not the view layer's
    return sorted(shapes, key=lambda item: (item == active, item.name))


def not_taken(context: bpy.types.Context) -> str:
    """Which of the selected objects are no part of the morph, or nothing; with a list, the selection plays no part."""
    if any(entry.object is not None for entry in context.scene.lipmorph.shapes):
        return ""
    return left_out(sorted(context.selected_objects, key=lambda item: item.name))


def why_not(context: bpy.types.Context) -> str:
    """Why these shapes cannot be morphed, or nothing."""
    shapes = chain(context)
    if len(shapes) < 2:
        others = not_taken(context)
        return f"Select two or more objects, or add them to the list{f'. {others}' if others else ''}"
    return why_not_these(context, shapes)


def why_not_these(context: bpy.types.Context, shapes: Sequence[bpy.types.Object]) -> str:
    """Why two or more objects of the scene cannot be morphed, or nothing; however they were chosen."""
    if len(shapes) > MAXIMUM_SHAPES:
        return f"A morph takes at most {MAXIMUM_SHAPES} shapes"
    if repeated := why_repeated(shapes):
        return repeated
    for item in shapes:
        if reason := why_not_whole(item):
            return reason
        if called(bpy.data.objects, item) != item.name:
            return f"'{item.name}' is linked, and another object has its name: rename that one, or make this one local"
    missing = [item.name for item in shapes if item.name not in context.scene.objects]
    if missing:
        return f"'{missing[0]}' is not in this scene"
    return ""


def why_repeated(shapes: Sequence[bpy.types.Object]) -> str:
    """Why there is nothing to morph between two neighbours that are one, or nothing."""
    twice = [one.name for one, other in pairwise(shapes) if one == other]
    return f"'{twice[0]}' follows itself: between it and itself there is nothing to morph" if twice else ""


def title_of(shapes: Sequence[bpy.types.Object]) -> str:
    return " → ".join(item.name for item in shapes)


def begin_with_scene(scene: bpy.types.Scene) -> str:
    """Let a morph whose frames nobody has chosen begin with its scene, where it would begin outside; says if it does.

    In a scene of frames 1001 to 1100 all would see its last shape and nothing else.
    """
    chosen, names = scene.lipmorph.result, ("frame_start", "frame_end")
    untouched = not any(chosen.is_property_set(name) for name in names)
    if not untouched or scene.frame_start <= chosen.frame_start <= scene.frame_end:
        return ""
    length = chosen.frame_end - chosen.frame_start
    first = min(scene.frame_start, LAST_FRAME - length)
    # The end first, as a start beyond it would push it along; where it pushes the start along, that is said next.
    chosen.frame_end, chosen.frame_start = first + length, first
    return f"The morph plays from frame {first} to {first + length}: the scene begins there"


def job_from(
    settings: LipmorphSceneSettings, shapes: list[ShapeInput], landmarks: list[Any], order: dict[str, Any] | None = None
) -> Job:
    """The job that the settings describe; refused in a sentence where they contradict each other.

    The order, where there is one, says what was found out about the shapes.
    """
    order = order or {}
    sections: dict[str, Any] = {}
    for name, kind in SECTIONS.items():
        if name not in SECTION_GROUPS:
            continue
        group = getattr(settings, name)
        shown = SECTION_GROUPS[name].__annotations__
        values = {}
        for field, setting in settings_of(kind):
            if field.name in shown:
                values[field.name] = _exact(getattr(group, field.name), field.default, setting)
        sections[name] = kind(**values)
    job = Job(shapes=shapes, landmarks=landmarks, **sections)
    job.training.start_from = bpy.path.abspath(job.training.start_from)
    if job.training.start_from and not may_be_followed(job.training.start_from, bpy.data.filepath):
        raise RequestError(
            "The model to start from lies on another machine or is not named in full; copy it here first."
        )
    job.output.folder = "."
    job.extraction.keys = "none" if order.get("why_no_keys") else keys_wanted(settings.result)
    job.guide.correspondence = "auto" if settings.result.match_vertices else "none"
    if order.get("match_vertices"):
        job.guide.correspondence = "vertices"
    if settings.result.preview and not bpy.app.background:
        job.output.preview_seconds = PREVIEW_SECONDS
    job.check()
    return job


def keys_wanted(chosen: LipmorphResultSettings) -> str:
    """What the engine is told about shape keys."""
    if chosen.writer not in ("SHAPE_KEYS", AUTOMATIC):
        return "none"
    return "always" if chosen.writer == "SHAPE_KEYS" and chosen.keys_anyway else "auto"


def _exact(value: Any, default: Any, setting: Any) -> Any:
    """Blender keeps numbers in single precision: take the shortest decimal that means the same, within the range."""
    if isinstance(default, float):
        return min(max(float(f"{value:.7g}"), setting.minimum), setting.maximum)
    return value


def landmarks_of(settings: LipmorphSceneSettings, shapes: Sequence[bpy.types.Object]) -> list[list[list[float] | None]]:
    """World-space points of every landmark, one for each shape."""
    rows: list[list[list[float] | None]] = []
    if settings.landmarks:
        bpy.context.view_layer.update()  # marks that follow vertices have moved with them
    for number, landmark in enumerate(settings.landmarks, start=1):
        objects = [point.object for point in landmark.points][: len(shapes)]
        objects += [None] * (len(shapes) - len(objects))
        row = [None if item is None else list(item.matrix_world.translation) for item in objects]
        if sum(point is not None for point in row) < 2:
            raise RequestError(f"Landmark {number} needs a point on at least two shapes.")
        rows.append(row)
    return rows


def let_vertices_match(order: dict[str, Any], folder: Path, shapes: Sequence[ShapeInput]) -> None:
    """Make gathered shapes with the same faces ones with the same triangles, where that is wanted; raises OSError."""
    if order["match_vertices"]:
        share_triangles([folder / shape.path for shape in shapes])


def order_from(context: bpy.types.Context, name: str, sources: list[str], slots: list[ShapeSlots]) -> dict[str, Any]:
    """What the scene wants of the result, as JSON values; raises SceneError where that cannot be."""
    chosen, marked = context.scene.lipmorph.result, len(context.scene.lipmorph.landmarks) > 0
    spec = ResultSpec(
        name=name,
        frame_start=chosen.frame_start,
        frame_end=chosen.frame_end,
        easing=chosen.easing,
        hold=chosen.hold,
        rests=_rests(context, sources),
        ping_pong=chosen.ping_pong,
        sources=sources,
        slots=slots,
        smooth=chosen.smooth,
        velocity=context.scene.lipmorph.extraction.velocity,
        subframes=chosen.subframes,
        hide_sources=chosen.hide_sources,
        blend_materials=chosen.blend_materials,
        relative_keys=chosen.key_mode == "RELATIVE",
        pack_model=chosen.model == "PACKED",
    )
    morph_keys(spec)  # rests that leave the morph no frames are refused before anything is trained
    objects = [bpy.data.objects[source] for source in sources]
    return {
        "scene": context.scene.name,
        "blend": bpy.data.filepath,
        "file": file_mark(),
        "writer": chosen.writer,
        "anyway": keys_wanted(chosen) == "always",
        "why_no_keys": why_not_these_keys(context, objects[0]),
        # Of a mesh that is marked as well, the marks say more: the engine's own choice.
        "match_vertices": chosen.match_vertices and not marked and share_faces(context, objects),
        "spec": {key: value for key, value in asdict(spec).items() if not isinstance(value, Path)},
    }


def why_not_these_keys(context: bpy.types.Context, source: bpy.types.Object) -> str:
    """Why there will be no shape keys on the source's own mesh; where nothing else will do, it is refused at once."""
    settings = context.scene.lipmorph
    if keys_wanted(settings.result) == "none" or settings.extraction.template != "source":
        return ""
    reason = why_no_keys(context, source, settings.extraction.key_vertices)
    if reason and settings.result.writer == "SHAPE_KEYS":
        raise RequestError(reason)
    return reason


def _rests(context: bpy.types.Context, sources: list[str]) -> list[int]:
    """Frames to rest at the inner shapes; shapes that are morphed without being listed are passed."""
    listed = [entry for entry in context.scene.lipmorph.shapes if entry.object is not None]
    if [entry.object.name for entry in listed] != sources:
        return []
    return [entry.rest for entry in listed[1:-1]]


def expected_size(context: bpy.types.Context) -> str:
    """About how much the result will add to the .blend, in words; nothing where that cannot be told before."""
    settings = context.scene.lipmorph
    if settings.result.writer == "SHAPE_KEYS":
        return ""
    extraction = settings.extraction
    colored = extraction.attributes and any(
        item.type == "MESH" and item.data.color_attributes for item in chain(context)
    )
    cells = extraction.resolution, extraction.budget
    titles = _largest_look(chain(context)) if extraction.attributes else []
    size = foreseen_bytes(extraction.frames, *cells, extraction.faces, extraction.velocity, colored, titles)
    return f"{extraction.frames} frames, up to about {in_words(size)} in the .blend"


def _largest_look(shapes: Sequence[bpy.types.Object]) -> list[Sequence[str]]:
    """What lies on two neighbours of the chain, and the normals; of what modifiers add nothing is known yet."""
    looks = [titles_of(item.data, item) if item.type == "MESH" else [] for item in shapes]
    pairs = [[*first, *second] for first, second in pairwise(looks)]
    return [NORMALS, *max(pairs, key=len, default=[])]


def new_folder(title: str) -> Path:
    """A folder for the job: beside the saved .blend, else in the user's folder of the add-on."""
    words = re.sub(r"[^\w-]+", "_", title).strip("_")[:60]
    blend = bpy.data.filepath
    place = folders_beside(blend) if blend else user_folder() / "jobs"
    stamp = time.strftime("%Y%m%d-%H%M%S")
    folder = place / f"{words}_{stamp}"
    number = 2
    while folder.exists():
        folder, number = place / f"{words}_{stamp}_{number}", number + 1
    return folder
