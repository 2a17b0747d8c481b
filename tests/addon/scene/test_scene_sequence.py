"""The mesh sequence plays the right frame at the right moment, smoothly, with velocities in units per second."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import TRAVEL, part, write_frames


def make(write: ModuleType, folder: Path, count: int = 9, frames: dict[str, Any] | None = None, **spec: Any) -> Any:
    paths = write_frames(folder / "frames", count, **(frames or {}))
    values = {"frame_start": 1, "frame_end": 2 * count - 1, "easing": "LINEAR", **spec}
    return write.write_result(bpy.context, write.ResultSpec(frame_paths=paths, **values))


def at(item: bpy.types.Object, frame: float) -> bpy.types.Mesh:
    bpy.context.scene.frame_set(int(frame), subframe=frame % 1)
    return item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data


def points(mesh: bpy.types.Mesh) -> np.ndarray:
    found = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.vertices.foreach_get("co", found.ravel())
    return found


def vectors(mesh: bpy.types.Mesh, name: str) -> np.ndarray:
    found = np.empty((len(mesh.vertices), 3), np.float32)
    mesh.attributes[name].data.foreach_get("vector", found.ravel())
    return found


def test_every_stored_frame_is_shown_in_its_turn(write: ModuleType, tmp_path: Path) -> None:
    morph = make(write, tmp_path)
    frame_file = part("lipmlp_engine.files.mesh_frame").MeshFrame
    for index in range(9):
        stored = frame_file.load(tmp_path / "frames" / f"frame_{index:04}.npz")
        shown = at(morph, 1 + 2 * index)
        assert len(shown.polygons) == len(stored.faces)
        np.testing.assert_allclose(points(shown) + np.array(morph.location), stored.vertices, atol=1e-5)


def test_subframes_follow_the_motion_and_can_be_switched_off(write: ModuleType, tmp_path: Path) -> None:
    compat = part("compat")
    morph = make(write, tmp_path)
    left = [points(at(morph, 1 + step / 4))[:, 0].min() for step in range(16)]
    steps = np.diff(left)
    expected = (TRAVEL - 0.5) / 16 / 4
    np.testing.assert_allclose(steps, expected, rtol=0.05)
    compat.set_input(morph.modifiers[0], "Smooth Sub-Frames", False)
    morph.update_tag()
    still = [points(at(morph, frame))[:, 0].min() for frame in (3.0, 3.5)]
    assert still[0] == pytest.approx(still[1], abs=1e-6)


@pytest.mark.parametrize("rate", [24, 60])
def test_velocity_is_in_units_per_second_at_any_frame_rate(write: ModuleType, tmp_path: Path, rate: int) -> None:
    morph = make(write, tmp_path)
    bpy.context.scene.render.fps = rate
    for frame in (5, 8):
        mean = vectors(at(morph, frame), "velocity").mean(axis=0)
        np.testing.assert_allclose(mean, [TRAVEL / 16 * rate, 0, 0], rtol=0.01, atol=0.02 * rate)


def test_velocity_holds_at_scene_frame_zero(write: ModuleType, tmp_path: Path) -> None:
    morph = make(write, tmp_path, frame_start=-8, frame_end=8)
    assert vectors(at(morph, 0), "velocity").mean(axis=0)[0] == pytest.approx(TRAVEL / 16 * 24, rel=0.01)


def test_velocity_follows_retimed_keys(write: ModuleType, tmp_path: Path) -> None:
    compat = part("compat")
    morph = make(write, tmp_path)
    before = vectors(at(morph, 6), "velocity")[:, 0].mean()
    curve = compat.find_fcurve(morph, compat.input_path(morph.modifiers[0], "Morph"))
    for point in curve.keyframe_points:
        point.co.x = 1 + (point.co.x - 1) * 2
    curve.update()
    bpy.context.view_layer.update()
    assert vectors(at(morph, 11), "velocity")[:, 0].mean() == pytest.approx(before / 2, rel=0.01)


def test_rests_have_no_velocity_and_ping_pong_comes_back(write: ModuleType, tmp_path: Path) -> None:
    morph = make(write, tmp_path, frame_end=41, hold=5, ping_pong=True, easing="EASE")
    assert np.abs(vectors(at(morph, 3), "velocity")).max() == 0
    forth, back = (vectors(at(morph, frame), "velocity")[:, 0].mean() for frame in (12, 30))
    assert forth > 1 and back < -1
    start, middle, end = (points(at(morph, frame))[:, 0].mean() for frame in (1, 21, 41))
    assert middle - start == pytest.approx(TRAVEL, rel=0.01)
    assert end == pytest.approx(start, abs=1e-5)


def test_easing_begins_and_ends_gently(write: ModuleType, tmp_path: Path) -> None:
    morph = make(write, tmp_path, easing="EASE")
    speed = [vectors(at(morph, frame), "velocity")[:, 0].mean() for frame in (2, 9, 16)]
    assert speed[0] < 0.5 * speed[1] and speed[2] < 0.5 * speed[1]


@pytest.mark.parametrize("easing", ["EASE_IN", "EASE_OUT"])
def test_one_sided_easing(write: ModuleType, tmp_path: Path, easing: str) -> None:
    morph = make(write, tmp_path, easing=easing)
    early, late = (vectors(at(morph, frame), "velocity")[:, 0].mean() for frame in (3, 15))
    assert (early < late) == (easing == "EASE_IN")


def test_morph_attribute_and_colours_blend_smoothly(write: ModuleType, tmp_path: Path) -> None:
    morph = make(write, tmp_path, frames={"colors": True})
    for frame, expected in ((1, 0.0), (6, 5 / 16), (9, 0.5), (17, 1.0)):
        mesh = at(morph, frame)
        assert mesh.attributes["morph"].data[0].value == pytest.approx(expected, abs=1e-4)
        red, _, blue, _ = mesh.attributes["Color"].data[0].color
        assert (red, blue) == pytest.approx((1 - expected, expected), abs=1e-3)


def test_a_chain_counts_morph_within_each_segment(write: ModuleType, tmp_path: Path) -> None:
    morph = make(write, tmp_path, frames={"segments": 2})
    found = [at(morph, frame).attributes["morph"].data[0].value for frame in (1, 5, 7, 11, 13, 17)]
    np.testing.assert_allclose(found, [0, 0.5, 0.75, 0.25, 0.5, 1], atol=1e-4)


def test_the_node_group_is_tidy(write: ModuleType, tmp_path: Path) -> None:
    morph = make(write, tmp_path, frames={"colors": True})
    tree = morph.modifiers[0].node_group
    assert tree.name == "Morph Player" and tree.is_modifier
    spots = [tuple(node.location) for node in tree.nodes]
    assert len(set(spots)) == len(spots), "nodes lie on one another"
    inputs = [item for item in tree.interface.items_tree if item.in_out == "INPUT"]
    assert [item.name for item in inputs] == ["Frames", "Morph", "Morph Speed", "Smooth Sub-Frames", "Motion Blur"]
    assert all(item.description for item in inputs)
    assert all(node.outputs and any(s.is_linked for s in node.outputs) for node in tree.nodes if node.outputs)


def test_slices_are_finer_than_frames(write: ModuleType, tmp_path: Path) -> None:
    spec = write.ResultSpec(frame_paths=write_frames(tmp_path / "frames", 9))
    slices = write.write_result_in_slices(bpy.context, spec)
    shares = list(slices)
    assert len(shares) > 18 and shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1


def test_sources_are_hidden_not_touched(write: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add(location=(1, 2, 3))
    cube = bpy.context.object
    before = cube.matrix_world.copy(), len(cube.data.vertices)
    morph = make(write, tmp_path, sources=["Cube", "Gone"], slots=part("scene.gather").slots([cube]))
    assert cube.hide_get() and cube.hide_render and not cube.hide_viewport
    assert (cube.matrix_world, len(cube.data.vertices)) == before
    assert tuple(morph.location) == (1, 2, 3)
    assert bpy.context.view_layer.objects.active == morph


def test_sources_are_hidden_in_every_view_layer_that_has_them(write: ModuleType, tmp_path: Path) -> None:
    """In the others they were seen over the morph."""
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.object
    collection = bpy.data.collections.new("Without")
    bpy.context.scene.collection.children.link(collection)
    collection.objects.link(cube)
    bpy.context.scene.collection.objects.unlink(cube)
    with_it, without = (bpy.context.scene.view_layers.new(name) for name in ("With", "Without"))
    without.layer_collection.children["Without"].exclude = True
    morph = make(write, tmp_path, sources=["Cube"], slots=part("scene.gather").slots([cube]))
    assert all(cube.hide_get(view_layer=layer) for layer in (bpy.context.view_layer, with_it))
    assert all(morph.visible_get(view_layer=layer) for layer in bpy.context.scene.view_layers)
    part("scene.remove").remove_morph(morph)
    assert not any(cube.hide_get(view_layer=layer) for layer in (bpy.context.view_layer, with_it))


def test_an_export_spans_the_keys_wherever_they_are(write: ModuleType, tmp_path: Path) -> None:
    span = part("operators.export").keyed_span
    morph = make(write, tmp_path, frame_start=-10, frame_end=20)
    assert span(morph) == (-10, 20)
    timeline = part("scene.timeline").Timeline.of(morph)
    timeline.curve.keyframe_points[-1].co.x = 60.5
    timeline.curve.update()
    assert span(morph) == (-10, 61)
    timeline.clear()
    assert span(morph) is None


def test_a_cycle_goes_on_with_its_motion_blur_and_its_jump_is_none(write: ModuleType, tmp_path: Path) -> None:
    """At each end of a cycle the blur was as long as the whole morph, and after the first there was the last key's."""
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 60
    item = make(write, tmp_path, frame_start=1, frame_end=21, easing="EASE_IN")
    line = part("scene.timeline").Timeline.of(item)
    line.curve.modifiers.new("CYCLES")
    part("scene.velocity").refresh_speed(item)
    speeds = speeds_of(item, range(1, 60))
    assert min(speeds) > -1e-6 and max(speeds) < 0.2
    assert speeds[5] == pytest.approx(speeds[25], abs=1e-4) and speeds[5] == pytest.approx(speeds[45], abs=1e-4)
    assert speeds[15] > 1.5 * speeds[5] > 0.01  # and each time it gathers speed as before
    line.curve.modifiers.remove(line.curve.modifiers[0])
    for point in line.curve.keyframe_points:
        point.interpolation = "CONSTANT"
    part("scene.velocity").refresh_speed(item)
    assert max(abs(speed) for speed in speeds_of(item, range(1, 60))) < 1e-6


def speeds_of(item: bpy.types.Object, frames: range) -> list[float]:
    compat, nodes = part("compat"), part("scene.player_nodes")
    curve = compat.find_fcurve(item, compat.input_path(nodes.player_of(item), nodes.SPEED_INPUT))
    return [curve.evaluate(frame) for frame in frames]


def test_a_source_that_another_scene_has_too_is_said_to_be_missing_there(write: ModuleType, tmp_path: Path) -> None:
    bpy.ops.mesh.primitive_cube_add()
    bpy.data.scenes.new("Second").collection.objects.link(bpy.context.object)
    item = make(write, tmp_path, sources=[bpy.context.object.name])
    (note,) = part("scene.ownership").story_of(item).notes
    assert "not rendered in the scene 'Second' either" in note
