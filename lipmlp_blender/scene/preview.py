"""Shows a whole morph before it is done: coarse surfaces, played as a result is, that never reach a saved file.

What is shown is remembered here, and the datablocks are made anew from it wherever saving, undo or the user took them
away. Knows no jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from .. import compat
from ..lipmlp_engine.files.mesh_frame import MeshFrame
from .animation import animate
from .errors import SceneError
from .frame_mesh import build_mesh, fill_mesh, load_frame
from .ownership import Datablock, Making
from .player_nodes import FRAMES_INPUT, MORPH_INPUT, SUBFRAMES_INPUT, VELOCITY_INPUT, build_player
from .spec import ResultSpec

PREVIEW = "lipmlp_preview"
"""Marks what is the preview's; a surface's mark is its place in the row, the object's that plays them none."""
PLAYER = -1
NAME = "Morph Preview"
RESTORE_SECONDS = 0.1
_KINDS = ("objects", "collections", "meshes", "node_groups", "actions")


@dataclass
class _Shown:
    """What is to be seen."""

    scene: str
    stations: int
    spec: ResultSpec | None
    """When the morph is where on the timeline."""
    surfaces: dict[int, MeshFrame] = field(default_factory=dict)

    def nearest(self, station: int) -> int:
        """The surface that stands for a place in the row."""
        return min(self.surfaces, key=lambda known: (abs(known - station), known))


_shown: _Shown | None = None


class _Preview(Making):
    """Marks datablocks as the preview's, so that nothing takes them for a result."""

    def own(self, datablock: Datablock) -> Datablock:
        datablock[PREVIEW] = PLAYER
        return datablock


def show_preview(
    context: bpy.types.Context, frame_path: Path, station: int = 0, stations: int = 1, spec: ResultSpec | None = None
) -> bpy.types.Object:
    """Put a surface into its place in the row; the object that plays them is made where it is not there."""
    global _shown
    frame = load_frame(frame_path)
    shown, scene = _shown, context.scene.name
    if shown is None or (shown.scene, shown.stations, shown.spec) != (scene, stations, spec):
        clear_preview()
        shown = _shown = _Shown(scene, stations, spec)
    station = min(max(station, 0), stations - 1)
    shown.surfaces[station] = frame
    item = _player()
    if item is None:
        return _build(context.scene, shown)
    if item.name not in context.scene.collection.objects:
        for collection in item.users_collection:
            collection.objects.unlink(item)
        context.scene.collection.objects.link(item)
    _fill(shown, station)
    return item


def is_whole() -> bool:
    """Whether every surface of the morph that is shown has come."""
    return _shown is not None and len(_shown.surfaces) == _shown.stations


def restore_preview() -> None:
    """Make what is to be seen anew, where something took it away."""
    if _shown is None or not _shown.surfaces or _player() is not None:
        return
    scene = bpy.data.scenes.get(_shown.scene)
    if scene is None:
        clear_preview()
        return
    with suppress(SceneError):
        _build(scene, _shown)


def clear_preview() -> None:
    """Remove every trace of the preview."""
    global _shown
    _shown = None
    _remove()


def register() -> None:
    """Keep previews out of saved files, and out of what undo and redo bring back."""
    handlers = bpy.app.handlers
    for list_ in (handlers.save_pre, handlers.undo_post, handlers.redo_post):
        list_.append(_take_away)
    handlers.load_post.append(_forget)


def unregister() -> None:
    """Remove the preview and stop watching."""
    handlers = bpy.app.handlers
    for list_ in (handlers.save_pre, handlers.undo_post, handlers.redo_post, handlers.load_post):
        for ours in (_take_away, _forget):
            if ours in list_:
                list_.remove(ours)
    if bpy.app.timers.is_registered(restore_preview):
        bpy.app.timers.unregister(restore_preview)
    clear_preview()


@persistent
def _take_away(*_: object) -> None:
    _remove()
    if _shown is not None and not bpy.app.background and not bpy.app.timers.is_registered(restore_preview):
        bpy.app.timers.register(restore_preview, first_interval=RESTORE_SECONDS)


@persistent
def _forget(*_: object) -> None:
    clear_preview()


def _marked() -> Iterator[bpy.types.ID]:
    for kind in _KINDS:
        for datablock in getattr(bpy.data, kind):
            if datablock.library is None and PREVIEW in datablock:
                yield datablock


def _remove() -> None:
    marked = list(_marked())
    if marked:
        bpy.data.batch_remove(marked)


def _player() -> bpy.types.Object | None:
    return next((item for item in bpy.data.objects if item.library is None and item.get(PREVIEW) == PLAYER), None)


def _places() -> dict[int, bpy.types.Object]:
    """The objects that hold the surfaces, by their places in the row."""
    return {item[PREVIEW]: item for item in bpy.data.objects if item.library is None and item.get(PREVIEW, PLAYER) >= 0}


def _build(scene: bpy.types.Scene, shown: _Shown) -> bpy.types.Object:
    """The player over a row of objects; nothing is left where that fails."""
    _remove()
    making = _Preview()
    try:
        frames = making.own(bpy.data.collections.new(f"{NAME} Frames"))
        meshes = {known: _mesh_of(shown, known) for known in shown.surfaces}
        for station in range(shown.stations):
            place = bpy.data.objects.new(f"{NAME} {station:04}", meshes[shown.nearest(station)])
            place[PREVIEW] = station
            frames.objects.link(place)
        item = making.own(bpy.data.objects.new(NAME, making.own(bpy.data.meshes.new(NAME))))
        item.hide_select = item.hide_render = True
        # The shapes lie where the preview moves, and are not to be touched.
        item.show_in_front = True
        render = scene.render
        player = making.own(build_player(f"{NAME} Player", 1.0, False, render.fps / render.fps_base))
        modifier = item.modifiers.new("Morph", "NODES")
        modifier.node_group = player
        for name, value in ((FRAMES_INPUT, frames), (SUBFRAMES_INPUT, False), (VELOCITY_INPUT, False)):
            compat.set_input(modifier, name, value)
        compat.set_input(modifier, MORPH_INPUT, 0.5)
        if shown.spec is not None and shown.stations > 1:
            animate(item, compat.input_path(modifier, MORPH_INPUT), shown.spec, making)
        scene.collection.objects.link(item)
    except BaseException:
        _remove()
        raise
    return item


def _mesh_of(shown: _Shown, station: int) -> bpy.types.Mesh:
    surface = shown.surfaces[station]
    mesh = build_mesh(NAME, surface.vertices, surface.faces)
    mesh[PREVIEW] = station
    return mesh


def _fill(shown: _Shown, station: int) -> None:
    """Show a new surface in its place, and in those that it is the nearest one to."""
    places = _places()
    if places[station].data[PREVIEW] == station:
        fill_mesh(places[station].data, shown.surfaces[station].vertices, shown.surfaces[station].faces)
        return
    mesh = _mesh_of(shown, station)
    for number, place in places.items():
        if shown.nearest(number) == station:
            place.data = mesh
