"""A learned space of poses as native data: shape keys on a grid, and drivers that mix them. Knows no engine.

Each slider is a custom property; each crossing of the grid is a shape key whose driver is a product of hats, so that
the keys about a place mix linearly. Blender evaluates such expressions itself, with scripts switched off too.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path

import bpy
import numpy as np
from numpy.typing import NDArray

from ..lipmlp_engine.files.array_file import ArrayFile
from ..lipmlp_engine.job.hearsay import HearsayError, built, parsed_group
from .errors import BrokenFrameError, ChangedSourceError
from .showing import show_in

STORY = "lipmlp_pose_space"
VARIABLES = "abc"
MOST_KEYS = 5000


@dataclass
class SpaceStory:
    """What a pose space remembers of the poses that it was learned from; the sliders need none of it."""

    sliders: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    codes: list[list[float]] = field(default_factory=list)


@dataclass
class SpaceGrid:
    """The engine's file."""

    positions: NDArray[np.float32]
    """(crossings, n, 3)"""
    nodes: NDArray[np.float64]
    """(numbers, nodes)"""
    codes: NDArray[np.float64]
    names: list[str]
    pose_size: int

    @classmethod
    def read(cls, path: Path) -> SpaceGrid:
        try:
            stored = ArrayFile(path)
            nodes = stored.double("nodes", None, None)
            codes = stored.double("codes", None, len(nodes))
            names = [row[0] for row in stored.titles("names", 1)]
            crossings = nodes.shape[1] ** len(nodes)
            fits = 1 <= len(nodes) <= len(VARIABLES) and nodes.shape[1] > 1 and crossings <= MOST_KEYS
            if not fits or len(names) != len(codes):
                raise HearsayError("its sizes are not those of a grid")
            positions = stored.real("positions", crossings, None, 3)
            if not (np.isfinite(positions).all() and np.isfinite(nodes).all() and np.isfinite(codes).all()):
                raise HearsayError("it holds numbers that are not finite")
            return cls(positions, nodes, codes, names, stored.count("pose_size", len(nodes)))
        except (OSError, ValueError) as error:
            raise BrokenFrameError(f"{path} holds no pose space ({error}); learn it again.") from error


def write_space_in_slices(
    context: bpy.types.Context, path: Path, source: str
) -> Generator[float, None, bpy.types.Object]:
    """A copy of the source with the space's keys and sliders, in its place; returns the copy."""
    grid = SpaceGrid.read(path)
    item = bpy.data.objects.get(source)
    if item is None or item.type != "MESH":
        raise ChangedSourceError(f"'{source}' is gone; learn the pose space again.")
    copy = _bare_copy(context, item, grid.positions.shape[1])
    mesh = copy.data
    try:
        yield from _learn_sliders(copy, grid)
        _bring_forward(context, copy, item)
    except BaseException as error:
        # An undo takes the copy away by itself.
        for made, kind in ((copy, bpy.data.objects), (mesh, bpy.data.meshes)):
            with suppress(ReferenceError):
                kind.remove(made)
        if isinstance(error, ReferenceError):
            raise ChangedSourceError(f"'{source}' is gone; learn the pose space again.") from error
        raise
    return copy


def _learn_sliders(copy: bpy.types.Object, grid: SpaceGrid) -> Generator[float, None, None]:
    """Give the copy the space's keys and sliders."""
    yield 0.1
    sliders = _add_sliders(copy, len(grid.nodes), grid.pose_size)
    middle = len(grid.positions) // 2
    copy.shape_key_add(name="Basis", from_mix=False).data.foreach_set("co", grid.positions[middle].ravel())
    numbers = range(grid.nodes.shape[1])
    for index, crossing in enumerate(product(numbers, repeat=len(grid.nodes))):
        # The hats of all crossings add up to 1, so that the middle one, being the basis, needs no key.
        if index != middle:
            key = copy.shape_key_add(name="Pose " + " ".join(str(node + 1) for node in crossing), from_mix=False)
            key.data.foreach_set("co", grid.positions[index].ravel())
            _drive(key, copy, sliders, crossing, grid.nodes.shape[1])
        yield 0.1 + 0.8 * (index + 1) / len(grid.positions)
    copy.data.vertices.foreach_set("co", grid.positions[middle].ravel())
    names = grid.names
    copy[STORY] = json.dumps(asdict(SpaceStory(sliders, names, np.round(grid.codes, 6).tolist())))
    set_code(copy, grid.codes[0].tolist())


def is_space(item: bpy.types.Object | None) -> bool:
    return item is not None and isinstance(item.get(STORY), str)


def story_of(item: bpy.types.Object) -> SpaceStory:
    """What the object says of itself, as far as it can be true: sliders that are there, and codes that fit them."""
    try:
        story = built(SpaceStory, parsed_group(item[STORY]))
    except HearsayError:
        return SpaceStory()
    sliders = [name for name in story.sliders[: len(VARIABLES)] if isinstance(item.get(name), float)]
    fits = len(sliders) == len(story.sliders) and all(len(code) == len(sliders) for code in story.codes)
    if not fits or len(story.codes) != len(story.names):
        return SpaceStory(sliders)
    return story


def set_code(item: bpy.types.Object, code: list[float]) -> None:
    """Move the sliders."""
    for name, value in zip(story_of(item).sliders, code, strict=True):
        item[name] = float(min(max(value, -1.0), 1.0))
    item.update_tag()


def key_sliders(item: bpy.types.Object, sliders: list[str]) -> None:
    """Key them at the current frame."""
    for name in sliders:
        item.keyframe_insert(slider_path(name), group="Pose Space")


def slider_path(name: str) -> str:
    return f'["{bpy.utils.escape_identifier(name)}"]'


def _bare_copy(context: bpy.types.Context, item: bpy.types.Object, vertices: int) -> bpy.types.Object:
    """The object without animation and without keys; without modifiers, where these made its vertices."""
    copy = item.copy()
    if len(item.data.vertices) == vertices:
        copy.data = item.data.copy()
    else:
        depsgraph = context.evaluated_depsgraph_get()
        copy.data = bpy.data.meshes.new_from_object(item.evaluated_get(depsgraph), depsgraph=depsgraph)
        if len(copy.data.vertices) != vertices:
            bpy.data.meshes.remove(copy.data)
            raise ChangedSourceError(f"'{item.name}' has changed since; learn the pose space again.")
    copy.name = copy.data.name = f"{item.name} Poses"
    copy.shape_key_clear()
    copy.animation_data_clear()
    for collection in item.users_collection or (context.scene.collection,):
        collection.objects.link(copy)
    return copy


def _add_sliders(item: bpy.types.Object, count: int, pose_size: int) -> list[str]:
    names = [f"Pose {k + 1}" if k < pose_size else f"Shape {k - pose_size + 1}" for k in range(count)]
    for name in names:
        item[name] = 0.0
        about = "Moves the mesh through the poses that it has learned"
        item.id_properties_ui(name).update(min=-1.0, max=1.0, soft_min=-1.0, soft_max=1.0, description=about)
        item.property_overridable_library_set(slider_path(name), True)
    return names


def _drive(
    key: bpy.types.ShapeKey, item: bpy.types.Object, sliders: list[str], crossing: tuple[int, ...], nodes: int
) -> None:
    driver = key.driver_add("value").driver
    half = (nodes - 1) / 2
    hats = []
    for letter, name, node in zip(VARIABLES, sliders, crossing, strict=False):
        variable = driver.variables.new()
        variable.name = letter
        variable.targets[0].id = item
        variable.targets[0].data_path = slider_path(name)
        hats.append(f"max(0,1-abs({half:g}*max(-1,min(1,{letter}))-{node - half:g}))")
    driver.expression = "*".join(hats)


def _bring_forward(context: bpy.types.Context, copy: bpy.types.Object, source: bpy.types.Object) -> None:
    """Show the copy instead of the source, which is only hidden."""
    context.view_layer.update()  # without it, objects that were just removed are still among them, as None
    for other in context.view_layer.objects:
        other.select_set(False)
    show_in(context.scene, source, seen=False)
    copy.select_set(True)
    context.view_layer.objects.active = copy
