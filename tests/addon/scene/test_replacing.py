"""Re-Extract and Convert take the old result's place and leave alone what an artist has made of it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from tests.addon.trainings import fake, names, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]
ARTISTS_KEYS = [(1.0, 0.0), (60.0, 0.3), (100.0, 1.0)]
KINDS = ["SEQUENCE", "VISIBILITY", "SHAPE_KEYS", "RELATIVE"]


def trained(kind: str) -> bpy.types.Object:
    result = bpy.context.scene.lipmorph.result
    result.writer = "SHAPE_KEYS" if kind == "RELATIVE" else kind
    result.key_mode = "RELATIVE" if kind == "RELATIVE" else "ABSOLUTE"
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    return bpy.context.object


def timeline(item: bpy.types.Object) -> Any:
    return part("scene.timeline").Timeline.of(item)


def retime(item: bpy.types.Object) -> None:
    """Key it as no range could, each key in a way of its own."""
    line = timeline(item)
    points = line.curve.keyframe_points
    while len(points) < 3:
        points.add(1)
    for point, (frame, value) in zip(points, ARTISTS_KEYS, strict=True):
        point.interpolation = "BEZIER" if frame == 60 else "LINEAR"
        point.handle_left_type = point.handle_right_type = "FREE"
        point.handle_left, point.handle_right = (
            (frame - 7, (value - 0.1) * line.full),
            (frame + 7, (value + 0.2) * line.full),
        )
        point.co = (frame, value * line.full)
    line.curve.update()


def assert_retimed(item: bpy.types.Object) -> None:
    line = timeline(item)
    points = list(line.curve.keyframe_points)
    assert [tuple(point.co) for point in points] == [
        pytest.approx((frame, value * line.full), abs=1e-4) for frame, value in ARTISTS_KEYS
    ]
    assert [point.interpolation for point in points] == ["LINEAR", "BEZIER", "LINEAR"]
    assert tuple(points[1].handle_right) == pytest.approx((67, 0.5 * line.full), rel=1e-4)
    assert points[1].handle_left_type == "FREE"


def dress(item: bpy.types.Object) -> dict[str, bpy.types.Object]:
    """Do to a result all that an artist may do to an object."""
    scene = bpy.context.scene
    hero = bpy.data.collections.new("Hero")
    scene.collection.children.link(hero)
    for collection in item.users_collection:
        if collection == scene.collection:
            collection.objects.unlink(item)
    hero.objects.link(item)
    made = {name: bpy.data.objects.new(name, None) for name in ("Rig", "Aim", "Child", "Follower")}
    for other in made.values():
        scene.collection.objects.link(other)
    made["Rig"].location = (0, 0, 3)
    item.parent = made["Rig"]
    item.location, item.rotation_euler, item.scale = (1, 0, 0), (0, 0, 1), (2, 2, 2)
    made["Child"].parent, made["Child"].location = item, (0, 1, 0)
    made["Follower"].constraints.new("COPY_LOCATION").target = item
    driver = made["Follower"].driver_add("location", 1).driver
    driver.type = "AVERAGE"
    variable = driver.variables.new()
    variable.targets[0].id = item
    variable.targets[0].data_path = part("scene.replace")._object_path(item)
    item.constraints.new("TRACK_TO").target = made["Aim"]
    item.constraints[0].influence = 0.0
    if item.type == "MESH":
        item.modifiers.new("Finer", "SUBSURF").levels = 1
    item["note"], item.pass_index, item.hide_select = "mine", 7, False
    item.keyframe_insert("location", index=2, frame=5)
    bpy.context.view_layer.update()
    return made


def assert_dressed(item: bpy.types.Object, made: dict[str, bpy.types.Object]) -> None:
    assert "Hero" in [collection.name for collection in item.users_collection]
    assert item.name not in bpy.context.scene.collection.objects
    assert item.parent == made["Rig"] and made["Child"].parent == item
    assert made["Follower"].constraints[0].target == item
    assert tuple(item.location) == pytest.approx((1, 0, 0))
    assert [constraint.target for constraint in item.constraints] == [made["Aim"]]
    assert item["note"] == "mine" and item.pass_index == 7
    assert part("compat").find_fcurve(item, "location") is not None
    target = made["Follower"].animation_data.drivers[0].driver.variables[0].targets[0]
    assert target.id == item and item.path_resolve(target.data_path) is not None
    bpy.context.scene.frame_set(60)
    follower = made["Follower"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert follower.location.y == pytest.approx(0.3, abs=1e-4)


def seen(item: bpy.types.Object, frame: int) -> np.ndarray:
    """The places in the world of all vertices that the result shows at a frame."""
    bpy.context.scene.frame_set(frame)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    shown = [item] if item.type == "MESH" else [child for child in item.children if child.type == "MESH"]
    places = []
    for part_of_it in shown:
        evaluated = part_of_it.evaluated_get(depsgraph)
        if part_of_it != item and evaluated.hide_render:
            continue
        mesh = evaluated.to_mesh()
        found = np.empty((len(mesh.vertices), 3), np.float32)
        mesh.vertices.foreach_get("co", found.ravel())
        matrix = np.array(evaluated.matrix_world)
        places.append(found @ matrix[:3, :3].T + matrix[:3, 3])
    return np.concatenate(places)


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_artist_has_made_of_a_result_stays_when_other_frames_are_taken(
    fake: Callable[[str], None], two_objects: Pair, kind: str
) -> None:
    item = trained(kind)
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
        assert [modifier.name for modifier in again.modifiers] == ["Morph", "Finer"]
    if kind == "VISIBILITY":
        shown = [
            [child.name for child in again.children if child.name.startswith("Morph 0") and not child.hide_render]
            for frame in (1, 60, 100)
            if bpy.context.scene.frame_set(frame) is None
        ]
        assert shown == [["Morph 0000"], ["Morph 0002"], ["Morph 0005"]]
    bpy.ops.lipmorph.remove_morph()
    assert names() == {"Ball", "Ring", *made} and not bpy.data.objects["Ball"].hide_get()


@pytest.mark.parametrize("kind", KINDS)
def test_another_range_brings_keys_of_its_own(fake: Callable[[str], None], two_objects: Pair, kind: str) -> None:
    item = trained(kind)
    retime(item)
    assert bpy.ops.lipmorph.re_extract(frames=3, frame_start=10, frame_end=20) == {"FINISHED"}
    line = timeline(bpy.context.object)
    assert [tuple(point.co) for point in line.curve.keyframe_points] == [(10.0, 0.0), (20.0, line.full)]


def test_a_range_without_room_is_refused_before_the_engine_is_asked(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    bpy.context.scene.lipmorph.result.hold = 5
    item = trained("SEQUENCE")
    with pytest.raises(RuntimeError, match="no room for the morph"):
        bpy.ops.lipmorph.re_extract(frames=3, frame_start=1, frame_end=4)
    assert len(part("scene.remove").parts_of(item)[0]) == 4
    folder = part("operators.results").folder_of(item)
    assert len(list((folder / "frames").iterdir())) == 4


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
    item = trained(kind)
    retime(item)
    made = dress(item)
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


def turned_source(ball: bpy.types.Object, mirrored: bool) -> None:
    ball.rotation_euler, ball.location = (0.3, 0.2, 0.9), (0.4, 0, 0)
    ball.scale = (-1.5 if mirrored else 1.5, 1.5, 1.5)
    bpy.context.view_layer.update()


def volume(item: bpy.types.Object) -> float:
    """Negative where the faces look inwards, as they are stored: a mirrored object turns them over by itself."""
    evaluated = item.evaluated_get(bpy.context.evaluated_depsgraph_get())
    mesh = evaluated.to_mesh()
    mesh.calc_loop_triangles()
    corners = [[np.array(mesh.vertices[index].co) for index in face.vertices] for face in mesh.loop_triangles]
    return sum(float(np.dot(a, np.cross(b, c))) for a, b, c in corners) / 6


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("keyed", [False, True])
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


def test_a_driver_goes_on_to_play_another_kind(fake: Callable[[str], None], two_objects: Pair) -> None:
    item = trained("SEQUENCE")
    line = timeline(item)
    line.clear()
    empty = bpy.data.objects.new("Slider", None)
    bpy.context.scene.collection.objects.link(empty)
    empty.location.x = 0.25
    curve = item.driver_add(line.path)
    for modifier in list(curve.modifiers):
        curve.modifiers.remove(modifier)
    curve.driver.type = "AVERAGE"
    variable = curve.driver.variables.new()
    variable.targets[0].id, variable.targets[0].data_path = empty, "location.x"
    bpy.ops.lipmorph.re_extract(frames=5)
    assert timeline(bpy.context.object).curve is None and timeline(bpy.context.object).driver is not None
    for target, full in (("SHAPE_KEYS", 100), ("SEQUENCE", 1)):
        assert bpy.ops.lipmorph.convert(target=target) == {"FINISHED"}
        line = timeline(bpy.context.object)
        assert line.curve is None and line.driver is not None and line.full == full
        for place in (0.25, 0.5):
            empty.location.x = place
            bpy.context.view_layer.update()
            evaluated = line.owner.evaluated_get(bpy.context.evaluated_depsgraph_get())
            assert evaluated.path_resolve(line.path) == pytest.approx(full * place)


def test_a_value_without_keys_stays_a_value(fake: Callable[[str], None], two_objects: Pair) -> None:
    item = trained("SEQUENCE")
    line = timeline(item)
    line.clear()
    line.set(0.4)
    for target in ("SHAPE_KEYS", "SEQUENCE"):
        assert bpy.ops.lipmorph.convert(target=target) == {"FINISHED"}
        line = timeline(bpy.context.object)
        assert line.curve is None and line.owner.path_resolve(line.path) == pytest.approx(0.4 * line.full)


def test_a_property_that_was_deleted_is_made_anew(fake: Callable[[str], None], two_objects: Pair) -> None:
    item = trained("VISIBILITY")
    timeline(item).clear()
    del item["morph"]
    assert bpy.ops.lipmorph.re_extract(frames=3) == {"FINISHED"}
    assert bpy.context.object == item and item["morph"] == 0.0
    assert bpy.ops.lipmorph.convert(target="SEQUENCE") == {"FINISHED"}


def test_a_copy_goes_on_to_play_what_it_did(fake: Callable[[str], None], two_objects: Pair) -> None:
    item = trained("SEQUENCE")
    twin = item.copy()
    bpy.context.scene.collection.objects.link(twin)
    assert twin.animation_data.action == item.animation_data.action
    before = seen(twin, 48)
    assert bpy.ops.lipmorph.re_extract(frames=6, frame_start=1, frame_end=9) == {"FINISHED"}
    assert bpy.context.object == item and {f"Morph {index:04}" for index in range(4)} <= names()
    assert [point.co.x for point in timeline(item).curve.keyframe_points] == [1, 9]
    assert [point.co.x for point in timeline(twin).curve.keyframe_points] == [1, 48]
    np.testing.assert_allclose(seen(twin, 48), before)
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    assert bpy.data.objects["Ball"].hide_get()
    np.testing.assert_allclose(seen(twin, 48), before)
    part("scene.remove").remove_morph(twin)
    assert names() == {"Ball", "Ring"} and not bpy.data.objects["Ball"].hide_get()


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
    sequence = part("scene.sequence")
    load, met = sequence.load_frame, []

    def breaks(path: Any) -> Any:
        met.append(path)
        if len(met) == 3:
            raise part("scene.errors").BrokenFrameError("It is broken.")
        return load(path)

    monkeypatch.setattr(sequence, "load_frame", breaks)
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
        bpy.context, part("request").spec_from(part("job_queue").read_order(folder), [], None, folder), "SHAPE_KEYS"
    )
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    with pytest.raises(part("scene.errors").SceneError, match="'Morph' is being edited"):
        part("scene.replace").replace_morph(item, other)
    bpy.ops.object.mode_set(mode="OBJECT")
    assert names() == before and len(item.data.vertices) == count and bpy.data.objects["Ball"].hide_get()


def test_long_names_are_played_in_order(fake: Callable[[str], None], two_objects: Pair) -> None:
    bpy.context.scene.lipmorph.extraction.frames = 12
    item = trained("SEQUENCE")
    item.name = "Verwandlung_des_Drachen_Übergang_Einstellung_0100_endgültig_abgenommen"[:62]
    bpy.ops.lipmorph.re_extract(frames=12)
    item = bpy.context.object
    frames = sorted(part("scene.remove").parts_of(item)[0], key=lambda frame: frame.name)
    assert [frame.name[-4:] for frame in frames] == [f"{index:04}" for index in range(12)]
    assert [frame.data.name for frame in frames] == [frame.name for frame in frames]


def test_what_is_overridden_is_replaced_by_an_object_of_this_file(
    fake: Callable[[str], None], two_objects: Pair, tmp_path: Path
) -> None:
    trained("SEQUENCE")
    library = tmp_path / "library.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(library))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, chosen):
        chosen.objects = ["Morph"]
    bpy.context.scene.collection.objects.link(chosen.objects[0])
    item = chosen.objects[0].override_create(remap_local_usages=True)
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
