"""Preserve Lengths adds native corrective keys that keep a turning limb as long as it is."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable
from types import ModuleType

import bpy
import numpy as np
import pytest


def bar_with_turned_key() -> bpy.types.Object:
    """A long bar whose key turns its far half by 150°, gently about the middle."""
    bpy.ops.mesh.primitive_cylinder_add(radius=0.1, depth=4, vertices=12)
    item = bpy.context.active_object
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.subdivide(number_cuts=15)
    bpy.ops.object.mode_set(mode="OBJECT")
    item.shape_key_add(name="Basis")
    key = item.shape_key_add(name="Raised")
    places = np.empty(3 * len(key.data), np.float32)
    key.data.foreach_get("co", places)
    places = places.reshape(-1, 3)
    step = np.linspace(-2.2, 2.2, 500)
    turns = np.radians(150) * np.clip((step + 0.5), 0, 1)
    way = np.cumsum(np.stack([np.sin(turns), np.cos(turns)], 1), axis=0) * (step[1] - step[0])
    middle = np.stack([np.interp(places[:, 2], step, way[:, k]) for k in range(2)], 1)
    turn = np.interp(places[:, 2], step, turns)
    bent = places.copy()
    bent[:, 0] = middle[:, 0] + places[:, 0] * np.cos(turn)
    bent[:, 2] = middle[:, 1] - places[:, 0] * np.sin(turn)
    key.data.foreach_set("co", bent.ravel())
    item.active_shape_key_index = 1
    return item


def length(item: bpy.types.Object, value: float) -> float:
    """Of the far half, from the middle of its end to where the bend is over, at a value of the key."""
    item.data.shape_keys.key_blocks["Raised"].value = value
    bpy.context.view_layer.update()
    seen = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    rest = np.array([entry.co for entry in item.data.shape_keys.key_blocks["Basis"].data])
    now = np.array([vertex.co for vertex in seen.data.vertices])
    ends = [now[np.abs(rest[:, 2] - height) < 0.05].mean(0) for height in (0.75, 2.0)]
    return float(np.linalg.norm(ends[1] - ends[0]))


def test_a_turning_limb_keeps_its_length(lipmorph: ModuleType) -> None:
    item = bar_with_turned_key()
    whole, shrunk = length(item, 0.0), length(item, 0.5)
    assert shrunk < 0.6 * whole
    assert bpy.ops.lipmorph.preserve_lengths(count=7) == {"FINISHED"}
    for value in (0.25, 0.5, 0.75):
        assert length(item, value) == pytest.approx(whole, rel=0.03)
    assert length(item, 1.0) == pytest.approx(whole, rel=0.01)
    keys = item.data.shape_keys
    assert len(keys.key_blocks) == 9 and len(keys.animation_data.drivers) == 7


def test_a_second_time_the_keys_are_replaced(lipmorph: ModuleType) -> None:
    item = bar_with_turned_key()
    bpy.ops.lipmorph.preserve_lengths(count=2)
    item.active_shape_key_index = 1
    bpy.ops.lipmorph.preserve_lengths(count=3)
    assert [key.name for key in item.data.shape_keys.key_blocks[2:]] == [f"Raised lengths {n}" for n in (25, 50, 75)]
    assert len(item.data.shape_keys.animation_data.drivers) == 3


@pytest.mark.any_blender
def test_the_basis_and_a_corrective_key_are_refused(lipmorph: ModuleType) -> None:
    item = bar_with_turned_key()
    item.active_shape_key_index = 0
    assert not bpy.ops.lipmorph.preserve_lengths.poll()
    item.active_shape_key_index = 1
    bpy.ops.lipmorph.preserve_lengths(count=1)
    item.active_shape_key_index = 2
    assert not bpy.ops.lipmorph.preserve_lengths.poll()


def meanwhile(monkeypatch: pytest.MonkeyPatch, lipmorph: ModuleType, happens: Callable[[], object]) -> None:
    """Let something happen once while the engine is waited for."""
    asking, wait, done = importlib.import_module(f"{lipmorph.__name__}.operators.asking"), time.sleep, []

    def sleep(seconds: float) -> None:
        if not done:
            done.append(happens())
        wait(seconds)

    monkeypatch.setattr(asking.time, "sleep", sleep)


@pytest.mark.any_blender
def test_a_mesh_that_is_deleted_meanwhile_is_told_of(lipmorph: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    item = bar_with_turned_key()
    meanwhile(monkeypatch, lipmorph, lambda: bpy.data.objects.remove(item))
    with pytest.raises(RuntimeError, match="deleted meanwhile; no keys were added") as caught:
        bpy.ops.lipmorph.preserve_lengths(count=2)
    assert "Traceback" not in str(caught.value)


def test_a_mesh_that_is_renamed_or_undone_meanwhile_gets_its_keys(
    lipmorph: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = bar_with_turned_key()
    item.name = "Arm"
    bpy.ops.ed.undo_push(message="one")
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="two")
    bpy.context.view_layer.objects.active = item

    def undo() -> None:
        bpy.ops.ed.undo()
        bpy.data.objects["Arm"].name = "Limb"

    meanwhile(monkeypatch, lipmorph, undo)
    assert bpy.ops.lipmorph.preserve_lengths(count=2) == {"FINISHED"}
    assert len(bpy.data.objects["Limb"].data.shape_keys.key_blocks) == 4


def test_a_mesh_that_is_edited_meanwhile_is_left_alone(lipmorph: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    item = bar_with_turned_key()
    meanwhile(monkeypatch, lipmorph, lambda: bpy.ops.object.mode_set(mode="EDIT"))
    with pytest.raises(RuntimeError, match="is being edited"):
        bpy.ops.lipmorph.preserve_lengths(count=2)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(item.data.shape_keys.key_blocks) == 2


@pytest.mark.any_blender
def test_whatever_else_is_deleted_meanwhile_ends_in_a_sentence(
    lipmorph: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    bar_with_turned_key()
    lengths = importlib.import_module(f"{lipmorph.__name__}.operators.lengths")

    def gone(*_arguments: object) -> None:
        raise ReferenceError("StructRNA of type Object has been removed")

    monkeypatch.setattr(lengths, "add_length_keys", gone)
    with pytest.raises(RuntimeError, match="deleted meanwhile") as caught:
        bpy.ops.lipmorph.preserve_lengths(count=1)
    assert "Traceback" not in str(caught.value)
