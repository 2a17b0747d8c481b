"""Show Match colours two poses alike before any training, and takes every trace of it away again."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

PREVIEW = "Lipschitz Match"


def snake(name: str, bend: float, place: float) -> bpy.types.Object:
    """A tapering bar with a knob that tells its sides apart, bent by an angle along its length."""
    bpy.ops.mesh.primitive_cylinder_add(radius=0.3, depth=4, vertices=16, end_fill_type="TRIFAN")
    item = bpy.context.active_object
    item.name = name
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide(number_cuts=5)
    bpy.ops.object.mode_set(mode="OBJECT")
    places = np.array([vertex.co for vertex in item.data.vertices], np.float64)
    places[:, :2] *= (1.0 - 0.15 * places[:, 2:3]) * np.where(places[:, 1:2] > 0, 1.5, 1.0)
    knob = np.exp(-((places[:, 2] - 0.8) ** 2) / 0.02) * (places[:, 0] > 0.1)
    places[:, 0] += 0.35 * knob
    step = np.linspace(-2.2, 2.2, 600)
    turns = bend * (step + 2) / 4
    way = np.cumsum(np.stack([np.sin(turns), np.cos(turns)], 1), axis=0) * (step[1] - step[0])
    middle = np.stack([np.interp(places[:, 2], step, way[:, k]) for k in range(2)], 1)
    turn = np.interp(places[:, 2], step, turns)
    bent = places.copy()
    bent[:, 0] = middle[:, 0] + places[:, 0] * np.cos(turn)
    bent[:, 2] = middle[:, 1] - places[:, 0] * np.sin(turn)
    item.data.vertices.foreach_set("co", bent.astype(np.float32).ravel())
    item.data.update()
    item.location.x = place
    bpy.context.view_layer.update()
    return item


def selected(*items: bpy.types.Object) -> None:
    for item in bpy.context.view_layer.objects:
        item.select_set(item in items)
    bpy.context.view_layer.objects.active = items[-1]


@pytest.mark.any_blender
def test_poses_are_coloured_alike_and_the_colours_go_without_a_trace(lipmorph: ModuleType) -> None:
    first, second = snake("Straight", 0.1, 0), snake("Bent", 1.4, 5)
    second.display_type = "WIRE"
    selected(first, second)
    before = {kind: len(getattr(bpy.data, kind)) for kind in ("objects", "meshes", "collections", "materials")}
    assert bpy.ops.lipmorph.show_match() == {"FINISHED"}
    copies = bpy.data.collections[PREVIEW].objects
    assert len(copies) == 2 and first.display_type == second.display_type == "BOUNDS"
    ends = []
    for item, copy in zip((first, second), sorted(copies, key=lambda copy: copy.location.x), strict=True):
        colors = np.empty(4 * len(copy.data.vertices), np.float32)
        copy.data.attributes["Match"].data.foreach_get("color", colors)
        places = np.array([copy.matrix_world @ vertex.co for vertex in copy.data.vertices])
        own = np.array([item.matrix_world @ vertex.co for vertex in item.data.vertices])
        assert np.allclose(places.min(0), own.min(0), atol=1e-3) and np.allclose(places.max(0), own.max(0), atol=1e-3)
        # The wide end is the one that begins the bend.
        wide = np.linalg.norm(places - own[own[:, 2].argmin()], axis=1) < 0.5
        ends.append(colors.reshape(-1, 4)[wide].mean(0))
    assert np.abs(ends[0] - ends[1]).max() < 0.15
    assert first.select_get() and second.select_get()
    assert bpy.ops.lipmorph.hide_match() == {"FINISHED"}
    assert before == {kind: len(getattr(bpy.data, kind)) for kind in before}
    assert (first.display_type, second.display_type) == ("TEXTURED", "WIRE")
    assert not bpy.ops.lipmorph.hide_match.poll()


def test_one_shape_alone_has_no_match(lipmorph: ModuleType) -> None:
    bpy.ops.mesh.primitive_cube_add()
    selected(bpy.context.active_object)
    assert not bpy.ops.lipmorph.show_match.poll()


@pytest.mark.any_blender
def test_shapes_in_several_parts_are_told_so_and_stay_grey_a_second_time_too(lipmorph: ModuleType) -> None:
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.active_object
    bpy.ops.mesh.primitive_cube_add(location=(4, 0, 0))
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.primitive_cube_add(location=(8, 0, 0))
    bpy.ops.object.mode_set(mode="OBJECT")
    selected(cube, bpy.context.active_object)
    for _ in range(2):
        assert bpy.ops.lipmorph.show_match() == {"FINISHED"} and len(bpy.data.collections[PREVIEW].objects) == 2
    preview = bpy.data.collections[PREVIEW]
    assert "several parts" in str(preview["lipmlp_match"])
    colors = np.array([entry.color for entry in preview.objects[0].data.attributes["Match"].data])
    assert np.ptp(colors[:, :3]) == pytest.approx(0, abs=1e-6)


def test_a_saved_file_has_no_colours_in_it(lipmorph: ModuleType, tmp_path: Path) -> None:
    """Nobody without the add-on could take them away, and the objects would stay boxes."""
    first, second = snake("Straight", 0.1, 0), snake("Bent", 1.4, 5)
    for index, item in enumerate((first, second)):
        item.data.calc_loop_triangles()
        np.savez(
            tmp_path / f"{index}.npz",
            vertices=np.array([item.matrix_world @ vertex.co for vertex in item.data.vertices], np.float32),
            triangles=np.array([list(face.vertices) for face in item.data.loop_triangles], np.int32),
            colors=np.full((len(item.data.vertices), 4), 0.5, np.float32),
        )
    preview = importlib.import_module(f"{lipmorph.__name__}.scene.match_preview")
    preview.show_match(bpy.context, tmp_path, [first, second], ["A sentence."])
    assert preview.sentences_of(bpy.data.collections[PREVIEW]) == ["A sentence."]
    assert len(bpy.data.collections[PREVIEW].objects) == 2 and first.display_type == "BOUNDS"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"))
    assert PREVIEW not in bpy.data.collections
    assert {bpy.data.objects[name].display_type for name in ("Straight", "Bent")} == {"TEXTURED"}


@pytest.mark.any_blender
def test_shapes_that_are_deleted_meanwhile_are_told_of(lipmorph: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = snake("Straight", 0.1, 0), snake("Bent", 1.4, 5)
    selected(first, second)
    asking, wait, done = importlib.import_module(f"{lipmorph.__name__}.operators.asking"), time.sleep, []

    def sleep(seconds: float) -> None:
        if not done:
            done.append(bpy.data.objects.remove(first))
        wait(seconds)

    monkeypatch.setattr(asking.time, "sleep", sleep)
    with pytest.raises(RuntimeError, match="The shapes are not there any more") as caught:
        bpy.ops.lipmorph.show_match()
    assert "Traceback" not in str(caught.value) and PREVIEW not in bpy.data.collections
