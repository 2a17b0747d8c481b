"""A pose space becomes sliders and native shape keys that keep lengths and play without the add-on."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import bpy
import numpy as np
import pytest

STEPS = 60
_LOOK = """
import bpy, sys, numpy as np
assert "bl_ext.user_default.lipmlp_blender" not in bpy.context.preferences.addons
bpy.context.preferences.filepaths.use_scripts_auto_execute = False
bpy.ops.wm.open_mainfile(filepath=sys.argv[-2], use_scripts=False)
item = next(item for item in bpy.data.objects if "Pose 1" in item)
places = []
for frame in (1, 10, 20):
    bpy.context.scene.frame_set(frame)
    mesh = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    found = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", found)
    places.append(found.reshape(-1, 3))
np.save(sys.argv[-1], places)
"""


def bent(places: np.ndarray, angle: float, about: float = 0.0) -> np.ndarray:
    """A bar along z whose far part, from ``about`` on, has turned by so many degrees along a smooth bend."""
    way = np.linspace(-2.2, 2.2, 400)
    turns = np.radians(angle) * np.clip(way - about + 0.5, 0, 1)
    line = np.cumsum(np.stack([np.sin(turns), np.cos(turns)], 1), axis=0) * (way[1] - way[0])
    line -= [np.interp(-2, way, line[:, 0]), np.interp(-2, way, line[:, 1]) + 2]
    middle = np.stack([np.interp(places[:, 2], way, line[:, k]) for k in range(2)], 1)
    turn = np.interp(places[:, 2], way, turns)
    moved = places.copy()
    moved[:, 0] = middle[:, 0] + places[:, 0] * np.cos(turn)
    moved[:, 2] = middle[:, 1] - places[:, 0] * np.sin(turn)
    return moved


@pytest.fixture
def bar(lipmorph: ModuleType) -> bpy.types.Object:
    """A bar with two keys beside its basis: bent one way, and the other."""
    bpy.ops.mesh.primitive_cylinder_add(radius=0.1, depth=4, vertices=8)
    item = bpy.context.active_object
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide(number_cuts=7)
    bpy.ops.object.mode_set(mode="OBJECT")
    item.name = "Bar"
    item.shape_key_add(name="Basis")
    rest = seen(item)
    for name, angle in (("Left", 120), ("Right", -120)):
        item.shape_key_add(name=name).data.foreach_set("co", bent(rest, angle).astype(np.float32).ravel())
    return item


def seen(item: bpy.types.Object) -> np.ndarray:
    mesh = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    places = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", places)
    return places.reshape(-1, 3).astype(np.float64)


def key_places(item: bpy.types.Object, name: str) -> np.ndarray:
    places = np.empty(3 * len(item.data.vertices), np.float32)
    item.data.shape_keys.key_blocks[name].data.foreach_get("co", places)
    return places.reshape(-1, 3).astype(np.float64)


def edge_lengths(item: bpy.types.Object, places: np.ndarray) -> np.ndarray:
    ends = np.empty(2 * len(item.data.edges), np.int32)
    item.data.edges.foreach_get("vertices", ends)
    ends = ends.reshape(-1, 2)
    return np.linalg.norm(places[ends[:, 0]] - places[ends[:, 1]], axis=1)


def require_sliders(bar: bpy.types.Object, made: bpy.types.Object) -> None:
    """One slider between the bar's two keys, which keeps lengths."""
    left = key_places(bar, "Left")
    assert made.name == "Bar Poses" and bar.hide_render and len(bar.data.shape_keys.key_blocks) == 3
    keys = made.data.shape_keys
    assert len(keys.key_blocks) == 17 and len(keys.animation_data.drivers) == 16
    assert all(curve.driver.is_simple_expression for curve in keys.animation_data.drivers)
    for index, name in ((1, "Left"), (2, "Right")):
        assert bpy.ops.lipmorph.go_to_pose(index=index) == {"FINISHED"}
        assert np.linalg.norm(seen(made) - key_places(bar, name), axis=1).max() < 0.12
    rest = edge_lengths(bar, key_places(bar, "Basis")).sum()
    straight = edge_lengths(bar, (left + key_places(bar, "Basis")) / 2).sum() / rest
    codes = np.array([_code(made, index) for index in range(3)])
    made["Pose 1"] = float((codes[0, 0] + codes[1, 0]) / 2)
    made.update_tag()
    between = edge_lengths(bar, seen(made)).sum() / rest
    assert abs(between - 1) < 0.4 * abs(straight - 1)


@pytest.mark.any_blender
def test_a_space_is_learned_whose_slider_bends_a_bar_without_shrinking_it(bar: bpy.types.Object) -> None:
    assert bpy.ops.lipmorph.learn_pose_space(pose=1, steps=STEPS) == {"FINISHED"}
    require_sliders(bar, bpy.context.active_object)


def test_sliders_play_without_the_add_on(lipmorph: ModuleType, bar: bpy.types.Object, tmp_path: Path) -> None:
    space = importlib.import_module(f"{lipmorph.__name__}.scene.pose_space")
    nodes = np.linspace(-1, 1, 17)
    positions = np.stack([bent(key_places(bar, "Basis"), 120 * node) for node in nodes]).astype(np.float32)
    np.savez(
        tmp_path / "grid.npz",
        positions=positions,
        nodes=nodes[None],
        codes=np.array([[0.0], [1.0], [-1.0]]),
        names=np.array(json.dumps([["Basis"], ["Left"], ["Right"]])),
        pose_size=np.array(1),
    )
    for _share in space.write_space_in_slices(bpy.context, tmp_path / "grid.npz", "Bar"):
        pass
    made = bpy.context.active_object
    require_sliders(bar, made)
    for value in (0.53, -0.97):
        made["Pose 1"] = value
        made.update_tag()
        below, share = divmod((value + 1) * 8, 1)
        mixed = (1 - share) * positions[int(below)] + share * positions[int(below) + 1]
        assert np.allclose(seen(made), mixed, atol=1e-4)

    for frame, index in ((1, 1), (20, 2)):
        bpy.context.scene.frame_set(frame)
        bpy.ops.lipmorph.go_to_pose(index=index)
        assert bpy.ops.lipmorph.key_pose() == {"FINISHED"}
    frames = []
    for frame in (1, 10, 20):
        bpy.context.scene.frame_set(frame)
        frames.append(seen(made))
    assert np.abs(frames[0] - frames[1]).max() > 0.3
    blend, found = tmp_path / "poses.blend", tmp_path / "places.npy"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    (tmp_path / "look.py").write_text(_LOOK)
    command = [sys.executable, str(tmp_path / "look.py"), str(blend), str(found)]
    subprocess.run(command, check=True, env={"BLENDER_USER_RESOURCES": str(tmp_path / "nobody"), "PATH": ""})
    assert np.allclose(np.load(found), frames, atol=1e-5)


def _code(item: bpy.types.Object, index: int) -> list[float]:
    bpy.ops.lipmorph.go_to_pose(index=index)
    return [item["Pose 1"]]


@pytest.mark.any_blender
def test_several_meshes_of_one_topology_are_poses_too_and_make_a_pad(bar: bpy.types.Object) -> None:
    rest = key_places(bar, "Basis")
    bar.shape_key_clear()
    for angle, about in ((100, 1.0), (100, -1.0)):
        other = bar.copy()
        other.data = bar.data.copy()
        other.location.x = 5
        other.data.vertices.foreach_set("co", bent(rest, angle, about).astype(np.float32).ravel())
        bpy.context.collection.objects.link(other)
        other.select_set(True)
    bpy.context.view_layer.update()
    assert bpy.ops.lipmorph.learn_pose_space(pose=2, steps=STEPS) == {"FINISHED"}
    made = bpy.context.active_object
    assert [made.get(f"Pose {k}") is not None for k in (1, 2, 3)] == [True, True, False]
    assert len(made.data.shape_keys.key_blocks) == 81
    bpy.ops.lipmorph.go_to_pose(index=0)
    assert np.linalg.norm(seen(made) - rest, axis=1).max() < 0.12


@pytest.mark.any_blender
def test_the_mesh_is_hidden_in_every_view_layer(lipmorph: ModuleType, bar: bpy.types.Object) -> None:
    """It was hidden in the current one alone, and lay in the way of its sliders in all others."""
    space = importlib.import_module(f"{lipmorph.__name__}.scene.pose_space")
    other = bpy.context.scene.view_layers.new("Other")
    copy = bar.copy()
    bpy.context.scene.collection.objects.link(copy)
    space._bring_forward(bpy.context, copy, bar)
    assert bar.hide_render and all(bar.hide_get(view_layer=layer) for layer in bpy.context.scene.view_layers)
    assert not copy.hide_get(view_layer=other)


def test_what_holds_no_poses_is_refused(bar: bpy.types.Object) -> None:
    bar.shape_key_clear()
    assert not bpy.ops.lipmorph.learn_pose_space.poll()
    bpy.ops.mesh.primitive_cube_add()
    bar.select_set(True)
    assert not bpy.ops.lipmorph.learn_pose_space.poll()


@pytest.mark.any_blender
def test_poses_that_are_all_the_same_are_refused_by_the_engine(bar: bpy.types.Object) -> None:
    bar.shape_key_clear()
    bar.shape_key_add(name="Basis")
    bar.shape_key_add(name="Same")
    with pytest.raises(RuntimeError, match="All poses are the same"):
        bpy.ops.lipmorph.learn_pose_space(steps=10)
    assert "Bar Poses" not in bpy.data.objects


def test_a_strangers_story_is_not_believed(bar: bpy.types.Object) -> None:
    for said in ("{}", "[1]", '{"sliders": ["a"]}', '{"sliders": ["Pose 1"], "names": ["a"], "codes": [[1, 2]]}'):
        bar["lipmlp_pose_space"] = said
        assert bpy.ops.lipmorph.go_to_pose.poll() is False or bpy.ops.lipmorph.go_to_pose.poll() is None


@pytest.mark.any_blender
def test_a_mesh_that_is_deleted_while_its_sliders_are_made_ends_in_a_sentence(
    lipmorph: ModuleType, bar: bpy.types.Object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = importlib.import_module(f"{lipmorph.__name__}.scene.pose_space")
    errors = importlib.import_module(f"{lipmorph.__name__}.scene.errors")
    count = len(bar.data.vertices)
    grid = space.SpaceGrid(
        np.zeros((3, count, 3), np.float32), np.array([[-1.0, 0, 1]]), np.zeros((2, 1)), ["a", "b"], 1
    )
    monkeypatch.setattr(space.SpaceGrid, "read", lambda _path: grid)
    slices = space.write_space_in_slices(bpy.context, tmp_path / "none", "Bar")
    next(slices)
    next(slices)
    bpy.data.objects.remove(bar)
    with pytest.raises(errors.ChangedSourceError, match="'Bar' is gone"):
        list(slices)
    assert not bpy.data.objects
