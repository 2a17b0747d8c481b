"""What was selected and is no shape, and what of a source the morph does not follow, is said and stops nothing."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import pytest

from tests.addon.trainings import fake, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]


def select_too(item: bpy.types.Object) -> None:
    bpy.context.scene.collection.objects.link(item)
    item.select_set(True)
    bpy.context.view_layer.objects.active = item


def notes() -> list[str]:
    return list(part("scene.ownership").story_of(bpy.context.object).notes)


def test_a_selected_object_that_is_no_shape_is_named(
    fake: Callable[[str], None], two_objects: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    select_too(bpy.data.objects.new("Grip", None))
    select_too(bpy.data.objects.new("Fur", bpy.data.hair_curves.new("Fur")))
    request = part("request")
    assert request.not_taken(bpy.context) == "Left out: 'Fur' (hair), 'Grip' (empty)"
    assert not request.why_not(bpy.context)
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    assert "Left out: 'Fur' (hair), 'Grip' (empty)" in capsys.readouterr().out


def test_an_instance_of_a_collection_is_told_what_to_do_with_it(fake: Callable[[str], None], two_objects: Pair) -> None:
    """What is dragged out of the asset browser is one, and no artist calls it an empty."""
    asset = bpy.data.objects.new("Tree", None)
    asset.instance_type, asset.instance_collection = "COLLECTION", bpy.data.collections.new("Tree")
    two_objects[0].select_set(False)
    select_too(asset)
    told = part("request").why_not(bpy.context)
    assert told.endswith("Left out: 'Tree' (an instance of a collection, to be made real and joined first)")


def test_where_too_few_shapes_are_left_the_refusal_names_why(fake: Callable[[str], None], two_objects: Pair) -> None:
    two_objects[0].select_set(False)
    select_too(bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig")))
    with pytest.raises(RuntimeError, match=r"Select two or more objects.*Left out: 'Rig' \(armature\)"):
        bpy.ops.lipmorph.train()


def test_of_many_some_are_named_and_with_a_list_none(fake: Callable[[str], None], two_objects: Pair) -> None:
    for name in "ABCDE":
        select_too(bpy.data.objects.new(name, None))
    assert part("request").not_taken(bpy.context).endswith("'C' (empty), 2 more")
    assert bpy.ops.lipmorph.add_shapes() == {"FINISHED"}
    assert len(bpy.context.scene.lipmorph.shapes) == 2 and not part("request").not_taken(bpy.context)


def test_a_selected_morph_is_told_to_be_listed(fake: Callable[[str], None], two_objects: Pair) -> None:
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    assert not part("request").not_taken(bpy.context)
    two_objects[0].hide_set(False)
    two_objects[0].select_set(True)
    assert part("request").not_taken(bpy.context) == "Left out: 'Morph' (a morph, which has to be listed)"


def test_a_source_that_moves_by_itself_is_told_of(fake: Callable[[str], None], two_objects: Pair) -> None:
    ball, ring = two_objects
    for frame in (1, 20):
        ball.location.z = frame
        ball.keyframe_insert("location", frame=frame)
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(rig)
    ring.modifiers.new("Rig", "ARMATURE").object = rig
    bpy.context.scene.frame_set(10)
    bpy.ops.lipmorph.train()
    assert notes() == ["'Ball' is animated: the morph has it as it was when it was trained, and does not move with it."]
    for frame in (1, 20):
        rig.rotation_euler.z = frame
        rig.keyframe_insert("rotation_euler", frame=frame)
    bpy.ops.lipmorph.re_extract(frames=3)
    assert [note.split(":")[0] for note in notes()] == ["'Ball' is animated", "'Ring' is animated"]


def test_a_source_whose_visibility_is_keyed_is_told_of(
    fake: Callable[[str], None], two_objects: Pair, capsys: pytest.CaptureFixture[str]
) -> None:
    two_objects[0].keyframe_insert("hide_render", frame=1)
    bpy.ops.lipmorph.train()
    assert len(notes()) == 1 and notes()[0].startswith("'Ball' is shown and hidden in renders by keys or a driver")
    assert "rendered together with the morph" in capsys.readouterr().out


def test_strands_are_told_of(fake: Callable[[str], None], two_objects: Pair) -> None:
    ball = two_objects[0]
    bpy.context.view_layer.objects.active = ball
    bpy.ops.object.particle_system_add()
    ball.particle_systems[0].settings.type = "HAIR"
    bpy.context.view_layer.objects.active = two_objects[1]
    bpy.ops.lipmorph.train()
    assert notes() == ["'Ball' has particles that are no objects: they are no part of its shape."]


def test_a_source_that_is_rendered_otherwise_than_it_is_shown_is_told_of(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    ball, ring = two_objects
    same = ring.modifiers.new("Smooth", "SUBSURF")
    same.levels = same.render_levels = 1
    bpy.ops.lipmorph.train()
    assert not notes()
    finer = ball.modifiers.new("Finer", "SUBSURF")
    finer.levels, finer.render_levels = 1, 3
    ball.modifiers.new("Bent", "SIMPLE_DEFORM").show_viewport = False
    bpy.ops.lipmorph.re_extract(frames=3)
    assert len(notes()) == 1
    assert "viewport shows it (Finer 3 instead of 1, Bent only in renders), and the morph" in notes()[0]
