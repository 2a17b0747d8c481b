"""Frames without a surface, as where shapes that lie apart are morphed without a guide: empty, no reason to refuse."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import part, write_frames

WRITERS = ("SEQUENCE", "VISIBILITY")


def emptied(paths: list[Path], *places: int) -> list[Path]:
    """The frames with nothing in those places."""
    kind = part("lipmlp_engine.files.mesh_frame").MeshFrame
    for place in places:
        nothing = np.zeros((0, 3), np.float32)
        time = kind.load(paths[place]).time
        kind(time, nothing, np.zeros((0, 4), np.int32), nothing, nothing).save(paths[place])
    return paths


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("places", [(2,), (0,), (1, 4)])
def test_a_frame_without_a_surface_is_empty_and_the_others_are_there(
    write: ModuleType, tmp_path: Path, writer: str, places: tuple[int, ...]
) -> None:
    paths = emptied(write_frames(tmp_path / "f", 5, colors=True, materials=True), *places)
    spec = write.ResultSpec(frame_paths=paths, frame_start=1, frame_end=5, easing="LINEAR")
    item = write.write_result(bpy.context, spec, writer)
    assert [vertices_seen(frame) == 0 for frame in range(1, 6)] == [index in places for index in range(5)]
    (note,) = part("scene.ownership").story_of(item).notes
    assert note.startswith(f"{len(places)} of 5 frames are empty") and f"{places[0] / 4:.2f}" in note


@pytest.mark.parametrize("writer", WRITERS)
def test_nothing_but_empty_frames_is_refused(write: ModuleType, tmp_path: Path, writer: str) -> None:
    paths = emptied(write_frames(tmp_path / "f", 3), 0, 1, 2)
    before = set(bpy.data.objects), set(bpy.data.meshes), set(bpy.data.collections)
    with pytest.raises(part("scene.errors").SceneError, match="no surface at any time"):
        write.write_result(bpy.context, write.ResultSpec(frame_paths=paths), writer)
    assert (set(bpy.data.objects), set(bpy.data.meshes), set(bpy.data.collections)) == before


def vertices_seen(frame: int) -> int:
    bpy.context.scene.frame_set(frame)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    shown = [entry.object for entry in depsgraph.object_instances if entry.show_self and entry.object.type == "MESH"]
    return sum(len(item.data.vertices) for item in shown)
