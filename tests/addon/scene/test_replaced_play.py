"""A result that takes another one's place is played as that was, unless another range was asked for."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
import pytest

from tests.addon.dressed_results import retime, seen, timeline, trained
from tests.addon.trainings import fake, names, part

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]
KINDS = ["SEQUENCE", "VISIBILITY", "SHAPE_KEYS", "RELATIVE"]


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
    assert bpy.ops.lipmorph.re_extract(frames=5) == {"FINISHED"}
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


def test_long_names_are_played_in_order(fake: Callable[[str], None], two_objects: Pair) -> None:
    bpy.context.scene.lipmorph.extraction.frames = 12
    item = trained("SEQUENCE")
    item.name = "Verwandlung_des_Drachen_Übergang_Einstellung_0100_endgültig_abgenommen"[:62]
    bpy.ops.lipmorph.re_extract(frames=12)
    item = bpy.context.object
    frames = sorted(part("scene.remove").parts_of(item)[0], key=lambda frame: frame.name)
    assert [frame.name[-4:] for frame in frames] == [f"{index:04}" for index in range(12)]
    assert [frame.data.name for frame in frames] == [frame.name for frame in frames]
