"""What an artist has copied out of a result stays when that goes, and sources stay hidden while a result needs it."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import bpy
import pytest

from tests.addon.morph_frames import write_frames
from tests.addon.scene_contents import datablocks
from tests.addon.trainings import fake, names, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]
MARK = "lipmlp_morph"


def trained(writer: str = "SEQUENCE") -> bpy.types.Object:
    bpy.context.scene.lipmorph.result.writer = writer
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    return bpy.context.object


def remove(item: bpy.types.Object) -> None:
    part("scene.remove").remove_morph(item)


def copied(item: bpy.types.Object, name: str) -> bpy.types.Object:
    copy = item.copy()
    copy.data, copy.name = item.data.copy(), name
    for collection in item.users_collection:
        collection.objects.link(copy)
    return copy


def move_out(item: bpy.types.Object) -> None:
    for collection in item.users_collection:
        collection.objects.unlink(item)
    bpy.context.scene.collection.objects.link(item)


def hidden(*sources: bpy.types.Object) -> list[bool]:
    bpy.context.view_layer.update()
    return [source.hide_render and source.hide_get() for source in sources]


@pytest.mark.parametrize("writer", ["SEQUENCE", "VISIBILITY"])
def test_a_frame_that_was_copied_out_stays_and_is_the_artists(
    fake: Callable[[str], None], two_objects: Pair, writer: str
) -> None:
    for item in two_objects:
        item.data.materials.append(bpy.data.materials.new(f"Skin of {item.name}"))
    morph = trained(writer)
    statue = copied(bpy.data.objects["Morph 0002"], "StatueForSet")
    if writer == "SEQUENCE":
        move_out(statue)
    bpy.context.view_layer.update()
    place, count = statue.matrix_world.copy(), len(statue.data.vertices)
    material = statue.data.materials[0]
    remove(morph)
    bpy.context.view_layer.update()
    assert names() == {"Ball", "Ring", "StatueForSet"}
    assert statue.matrix_world == place and len(statue.data.vertices) == count
    assert statue.data.materials[0] == material and statue.name in bpy.context.view_layer.objects
    assert not any(MARK in datablock for datablock in (statue, statue.data, material))
    drivers = material.animation_data.drivers if material.animation_data is not None else []
    assert not [driver for driver in drivers if driver.data_path == "diffuse_color"]
    assert not bpy.data.collections and not bpy.data.node_groups


def test_what_hangs_on_a_result_stays_in_its_place(fake: Callable[[str], None], two_objects: Pair) -> None:
    morph = trained()
    lamp = bpy.data.objects.new("Lamp", bpy.data.lights.new("Lamp", "POINT"))
    bpy.context.scene.collection.objects.link(lamp)
    morph.location, lamp.parent, lamp.location = (1, 2, 3), morph, (0, 0, 1)
    bpy.context.view_layer.update()
    remove(morph)
    bpy.context.view_layer.update()
    assert tuple(lamp.matrix_world.translation) == (1, 2, 4)


def test_a_frame_that_was_taken_elsewhere_itself_stays_too(fake: Callable[[str], None], two_objects: Pair) -> None:
    morph = trained()
    bpy.context.scene.collection.objects.link(bpy.data.objects["Morph 0001"])
    remove(morph)
    assert names() == {"Ball", "Ring", "Morph 0001"}


def test_a_copy_that_was_made_a_plain_mesh_is_no_morph_and_keeps_nothing(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    morph = trained()
    baked = copied(morph, "Baked")
    bpy.ops.object.select_all(action="DESELECT")
    baked.select_set(True)
    bpy.context.view_layer.objects.active = baked
    assert part("scene.ownership").is_morph(baked)
    bpy.ops.object.convert(target="MESH")
    assert not part("scene.ownership").is_morph(baked) and not bpy.ops.lipmorph.re_extract.poll()
    count = len(baked.data.vertices)
    remove(morph)
    assert names() == {"Ball", "Ring", "Baked"} and len(baked.data.vertices) == count > 0
    assert hidden(*two_objects) == [False, False]
    assert [mesh.name for mesh in bpy.data.meshes if mesh.users and mesh == baked.data]


def test_a_copy_of_shape_keys_that_was_made_a_plain_mesh_is_no_morph(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    morph = trained("SHAPE_KEYS")
    baked = copied(morph, "Baked")
    baked.shape_key_clear()
    assert part("scene.ownership").is_morph(morph) and not part("scene.ownership").is_morph(baked)
    remove(morph)
    assert hidden(*two_objects) == [False, False]


def test_sources_of_two_results_stay_hidden_until_both_have_gone(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    def again(seen: bool) -> bpy.types.Object:
        for item in two_objects:
            if seen:
                item.hide_set(False)
                item.select_set(True)
        bpy.context.scene.lipmorph.shapes.clear()
        for item in two_objects:
            bpy.context.scene.lipmorph.shapes.add().object = item
        return trained()

    first, second, third = again(False), again(True), again(False)
    assert part("scene.ownership").story_of(third).hidden == []
    for item in (first, second):
        remove(item)
        assert hidden(*two_objects) == [True, True]
    remove(third)
    assert hidden(*two_objects) == [False, False]


def test_a_result_that_hides_nothing_does_not_keep_sources_hidden(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    first = trained()
    bpy.context.scene.lipmorph.result.hide_sources = False
    for item in two_objects:
        bpy.context.scene.lipmorph.shapes.add().object = item
    trained()
    remove(first)
    assert hidden(*two_objects) == [False, False]


@pytest.mark.parametrize("writer", ["SEQUENCE", "VISIBILITY"])
def test_of_a_copied_scene_the_copys_own_sources_are_shown_and_all_of_the_copy_goes(
    fake: Callable[[str], None], two_objects: Pair, writer: str
) -> None:
    trained(writer)
    before = names()
    bpy.ops.scene.new(type="FULL_COPY")
    scene = bpy.context.scene
    copies = [scene.objects["Ball.001"], scene.objects["Ring.001"]]
    assert hidden(*copies) == [True, True]
    morph = next(item for item in scene.objects if part("scene.ownership").is_morph(item))
    remove(morph)
    assert hidden(*copies) == [False, False] and [item.hide_render for item in two_objects] == [True, True]
    assert names() == before | {"Ball.001", "Ring.001"}
    assert sorted(scene.objects.keys()) == ["Ball.001", "Ring.001"] and not scene.collection.children
    first = bpy.data.objects["Morph"]
    remove(first)
    assert names() == {"Ball", "Ring", "Ball.001", "Ring.001"}
    assert not any(item.hide_render for item in bpy.data.objects)


def test_a_result_is_removed_whole_wherever_its_frames_were_moved(write: ModuleType, tmp_path) -> None:  # type: ignore[no-untyped-def]
    before = datablocks()
    spec = write.ResultSpec(frame_paths=write_frames(tmp_path / "f", 6))
    handle = write.write_result(bpy.context, spec, "VISIBILITY")
    for item in [handle, *handle.children]:
        move_out(item)
    remove(handle)
    assert {**datablocks(), "collections": []} == {**before, "collections": []}
