"""Re-Extract and Convert take the old result's place and leave alone what an artist has made of it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.addon.dressed_results import (
    assert_colors_follow,
    assert_dressed,
    assert_retimed,
    dress,
    give_colors,
    retime,
    seen,
    trained,
    turned_source,
    volume,
)
from tests.addon.overrides import overridden_from
from tests.addon.trainings import fake, names, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]
KINDS = ["SEQUENCE", "VISIBILITY", "SHAPE_KEYS", "RELATIVE"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_artist_has_made_of_a_result_stays_when_other_frames_are_taken(
    fake: Callable[[str], None], two_objects: Pair, kind: str
) -> None:
    give_colors(*two_objects)
    item = trained(kind)
    if kind == "SEQUENCE":
        item.modifiers["Morph"].name = "My Player"
    retime(item)
    made = dress(item)
    uid, before, meshes = item.session_uid, names(), len(bpy.data.meshes)
    assert bpy.ops.lipmorph.re_extract(frames=6) == {"FINISHED"}
    again = bpy.context.object
    assert again.session_uid == uid and again.name == "Morph" and again.select_get()
    assert_retimed(again)
    assert_dressed(again, made)
    frames = 0 if again.data and again.data.shape_keys else 6
    assert names() == {name for name in before if not name.startswith("Morph 0")} | {
        f"Morph {index:04}" for index in range(frames)
    }
    assert len(bpy.data.meshes) == meshes + (2 if frames else 0)
    for collection in (bpy.data.meshes, bpy.data.collections, bpy.data.node_groups, bpy.data.materials):
        assert not [entry.name for entry in collection if ".0" in entry.name]
    if kind == "SEQUENCE":
        assert [modifier.name for modifier in again.modifiers] == ["My Player", "Finer"]
    if frames:
        assert_colors_follow(again)
    if kind == "VISIBILITY":
        shown = [
            [child.name for child in again.children if child.name.startswith("Morph 0") and not child.hide_render]
            for frame in (1, 60, 100)
            if bpy.context.scene.frame_set(frame) is None
        ]
        assert shown == [["Morph 0000"], ["Morph 0002"], ["Morph 0005"]]
    bpy.ops.lipmorph.remove_morph()
    assert names() == {"Ball", "Ring", *made} and not bpy.data.objects["Ball"].hide_get()


@pytest.mark.parametrize(
    ("kind", "becomes"),
    [
        ("SEQUENCE", "SHAPE_KEYS"),
        ("SEQUENCE", "RELATIVE"),
        ("SHAPE_KEYS", "SEQUENCE"),
        ("RELATIVE", "SEQUENCE"),
        ("RELATIVE", "SHAPE_KEYS"),
        ("SHAPE_KEYS", "RELATIVE"),
        ("VISIBILITY", "SEQUENCE"),
        ("VISIBILITY", "SHAPE_KEYS"),
    ],
)
def test_what_the_artist_has_made_of_a_result_stays_when_it_becomes_another_kind(
    fake: Callable[[str], None], two_objects: Pair, kind: str, becomes: str
) -> None:
    give_colors(*two_objects)
    item = trained(kind)
    retime(item)
    made = dress(item)
    if kind == "SEQUENCE":
        item.modifiers["Morph"].name = "My Player"
    bpy.context.scene.lipmorph.result.key_mode = "RELATIVE" if becomes == "RELATIVE" else "ABSOLUTE"
    target = "SEQUENCE" if becomes == "SEQUENCE" else "SHAPE_KEYS"
    assert bpy.ops.lipmorph.convert(target=target) == {"FINISHED"}
    again = bpy.context.object
    assert again.name == "Morph"
    assert_retimed(again)
    assert_dressed(again, made)
    players = [modifier.name for modifier in again.modifiers if modifier.type == "NODES"]
    assert players == (["Morph"] if target == "SEQUENCE" else [])
    if kind != "VISIBILITY":
        assert "Finer" in again.modifiers
    if players:
        assert_colors_follow(again)
        assert again.modifiers[0].name == "Morph" and "morph" not in again
    else:
        assert "Frames" not in "".join(collection.name for collection in bpy.data.collections)
        keys = again.data.shape_keys
        assert keys.use_relative == (becomes == "RELATIVE")
        bpy.context.scene.frame_set(60)
        assert again.evaluated_get(bpy.context.evaluated_depsgraph_get())["morph"] == pytest.approx(0.3, abs=1e-3)
    animation = again.animation_data
    for curve in [*part("compat").fcurves_of(again), *(animation.drivers if animation else [])]:
        assert again.path_resolve(curve.data_path) is not None
    bpy.ops.lipmorph.remove_morph()
    assert names() == {"Ball", "Ring", *made}
    assert not bpy.data.actions or all("note" not in action for action in bpy.data.actions)


@pytest.mark.parametrize(
    ("keyed", "mirrored"),
    [
        (False, False),
        (True, True),
        pytest.param(False, True, marks=pytest.mark.any_blender),
        pytest.param(True, False, marks=pytest.mark.any_blender),
    ],
)
@pytest.mark.parametrize(("kind", "target"), [("SEQUENCE", "SHAPE_KEYS"), ("SHAPE_KEYS", "SEQUENCE")])
def test_another_kind_lies_where_the_artist_has_put_the_first_one(
    fake: Callable[[str], None], two_objects: Pair, kind: str, target: str, keyed: bool, mirrored: bool
) -> None:
    turned_source(two_objects[0], mirrored)
    item = trained(kind)
    assert volume(item) > 0
    places = np.concatenate([seen(item, frame) for frame in (1, 48)])
    assert bpy.ops.lipmorph.convert(target=target) == {"FINISHED"}
    other = bpy.context.object
    there = np.concatenate([seen(other, frame) for frame in (1, 48)])
    assert bpy.ops.lipmorph.convert(target=kind) == {"FINISHED"}
    item = bpy.context.object
    np.testing.assert_allclose(np.concatenate([seen(item, frame) for frame in (1, 48)]), places, atol=2e-4)

    move = Matrix.Translation((3, 1, 0)) @ Matrix.Rotation(0.7, 4, "Z")
    item.matrix_basis = move @ item.matrix_basis
    child = bpy.data.objects.new("Child", None)
    bpy.context.scene.collection.objects.link(child)
    child.parent, child.location = item, (0.5, 0.2, 1)
    if keyed:
        item.keyframe_insert("rotation_euler", frame=1)
    bpy.context.view_layer.update()
    held = child.matrix_world.copy()
    basis = item.matrix_basis.copy()
    assert bpy.ops.lipmorph.convert(target=target) == {"FINISHED"}
    item = bpy.context.object
    bpy.context.view_layer.update()
    if keyed:
        np.testing.assert_allclose(np.array(item.matrix_basis), np.array(basis), atol=1e-5)
    np.testing.assert_allclose(np.array(child.matrix_world), np.array(held), atol=1e-4)
    assert volume(item) > 0
    item.matrix_basis = move.inverted() @ item.matrix_basis
    if keyed:
        part("compat").remove_fcurves(item, "rotation_euler")
    np.testing.assert_allclose(np.concatenate([seen(item, frame) for frame in (1, 48)]), there, atol=5e-4)


def test_undo_brings_the_old_result_back_and_redo_the_new_one(fake: Callable[[str], None], two_objects: Pair) -> None:
    item = trained("SEQUENCE")
    retime(item)
    made = dress(item)
    bpy.ops.ed.undo_push(message="before")
    before = sorted(names())
    assert bpy.ops.lipmorph.convert(target="SHAPE_KEYS") == {"FINISHED"}
    after = sorted(names())
    bpy.ops.ed.undo()
    item, made = bpy.data.objects["Morph"], {name: bpy.data.objects[name] for name in made}
    assert sorted(names()) == before and [modifier.name for modifier in item.modifiers] == ["Morph", "Finer"]
    assert_retimed(item)
    assert_dressed(item, made)
    bpy.ops.ed.redo()
    item, made = bpy.data.objects["Morph"], {name: bpy.data.objects[name] for name in made}
    assert sorted(names()) == after and item.data.shape_keys is not None
    assert_retimed(item)
    assert_dressed(item, made)


def test_a_failed_writing_leaves_the_old_result_alone(
    fake: Callable[[str], None], two_objects: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = trained("SEQUENCE")
    retime(item)
    made = dress(item)
    before, shown = names(), seen(item, 60)
    shown_frames = part("scene.shown_frames")
    load, met = shown_frames.load_frame, []

    def breaks(path: Any, **wishes: Any) -> Any:
        met.append(path)
        if len(met) == 3:
            raise part("scene.errors").BrokenFrameError("It is broken.")
        return load(path, **wishes)

    monkeypatch.setattr(shown_frames, "load_frame", breaks)
    with pytest.raises(RuntimeError, match="It is broken"):
        bpy.ops.lipmorph.re_extract(frames=6)
    assert names() == before and len(met) == 3
    assert_retimed(item)
    assert_dressed(item, made)
    np.testing.assert_allclose(seen(item, 60), shown)


def test_a_result_that_is_being_edited_is_left_alone(fake: Callable[[str], None], two_objects: Pair) -> None:
    item = trained("SHAPE_KEYS")
    before, count = names(), len(item.data.vertices)
    folder = part("operators.results").folder_of(item)
    other = part("scene.write").write_result(
        bpy.context,
        part("order_reading").spec_from(part("job_queue").read_order(folder), [], None, folder),
        "SHAPE_KEYS",
    )
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(part("scene.errors").SceneError, match="'Morph' is being edited"):
        part("scene.replace").replace_morph(item, other)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert names() == before and len(item.data.vertices) == count and bpy.data.objects["Ball"].hide_get()


def test_what_is_overridden_is_replaced_by_an_object_of_this_file(
    fake: Callable[[str], None], two_objects: Pair, tmp_path: Path
) -> None:
    trained("SEQUENCE")
    item = overridden_from(tmp_path / "library.blend")
    item["note"], item.location.x = "mine", 5.0
    child = bpy.data.objects.new("Child", None)
    bpy.context.scene.collection.objects.link(child)
    child.parent = item
    bpy.context.view_layer.objects.active = item
    assert bpy.ops.lipmorph.re_extract(frames=3) == {"FINISHED"}
    again = bpy.context.object
    assert again.library is None and again.override_library is None and again.name == "Morph"
    assert again["note"] == "mine" and again.location.x == 5.0 and child.parent == again
    assert len(part("scene.remove").parts_of(again)[0]) == 3
    assert not [other for other in bpy.context.scene.objects if other.override_library is not None]
