"""Shape keys that are refused, made anyway, and made of a sequence; a sequence made of shape keys; and why not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.addon.trainings import Windowed, enqueue, fake, names, part, tick_until

__all__ = ["fake"]

Pair = tuple[bpy.types.Object, bpy.types.Object]
REFUSED = "the number of handles changes between 0 and 1"


def is_sequence(item: bpy.types.Object) -> bool:
    return item.modifiers[0].type == "NODES" and item.data.shape_keys is None


def meshes_and_keys() -> tuple[int, int]:
    return len(bpy.data.meshes), len(bpy.data.shape_keys)


def test_refused_shape_keys_leave_the_scene_alone_and_the_sequence_is_a_click_away(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    fake("no_keys")
    bpy.context.scene.lipmorph.result.writer = "SHAPE_KEYS"
    before, held = names(), meshes_and_keys()
    job = enqueue()
    runtime = part("runtime").runtime
    tick_until(lambda: not runtime.active)
    assert job.state.name == "FAILED" and job.keys_refused and REFUSED in job.sentence
    assert (names(), meshes_and_keys()) == (before, held) and not two_objects[0].hide_get()
    assert runtime.announcements[-1][0] == "WARNING"
    assert bpy.ops.lipmorph.settle_keys(index=runtime.queue.jobs.index(job)) == {"FINISHED"}
    tick_until(lambda: not runtime.active)
    assert is_sequence(bpy.context.object) and job not in runtime.queue.jobs


def test_without_a_window_a_refusal_is_the_answer(fake: Callable[[str], None], two_objects: Pair) -> None:
    fake("no_keys")
    bpy.context.scene.lipmorph.result.writer = "SHAPE_KEYS"
    before = names()
    with pytest.raises(RuntimeError, match=REFUSED):
        bpy.ops.lipmorph.train()
    assert names() == before
    bpy.context.scene.lipmorph.result.keys_anyway = True
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    assert bpy.context.object.data.shape_keys is not None


def test_shape_keys_anyway_replace_the_sequence_and_mark_the_trouble(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    fake("no_keys")
    bpy.context.scene.lipmorph.result.writer = "AUTOMATIC"
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    sequence = bpy.context.object
    tracking = part("report_summary").tracking_of(part("operators.results").folder_of(sequence))
    assert is_sequence(sequence) and tracking.tried and not tracking.kept and REFUSED in tracking.sentence
    with pytest.raises(RuntimeError, match=REFUSED):
        bpy.ops.lipmorph.convert(target="SHAPE_KEYS")
    assert is_sequence(bpy.context.object) and bpy.context.object == sequence
    assert bpy.ops.lipmorph.convert(target="SHAPE_KEYS", anyway=True) == {"FINISHED"}
    morph = bpy.context.object
    assert morph.name == "Morph" and morph.data.shape_keys is not None and "Morph 0000" not in names()
    group = morph.vertex_groups["Morph Trouble"]
    inside = [vertex.index for vertex in morph.data.vertices if group.index in {entry.group for entry in vertex.groups}]
    tenth = len(morph.data.vertices) // 10
    assert inside == list(range(tenth)) and group.weight(0) == 1.0
    assert part("report_summary").tracking_of(part("operators.results").folder_of(morph)).troubled == tenth


def test_keys_that_are_lost_even_anyway_are_refused(fake: Callable[[str], None], two_objects: Pair) -> None:
    fake("lost_keys")
    bpy.context.scene.lipmorph.result.writer, bpy.context.scene.lipmorph.result.keys_anyway = "SHAPE_KEYS", True
    before = names()
    job = enqueue()
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.keys_refused and job.order["anyway"] and "is lost at" in job.sentence and names() == before


def test_there_and_back_without_training(fake: Callable[[str], None], two_objects: Pair) -> None:
    bpy.ops.lipmorph.train()
    sequence = bpy.context.object
    folder = part("operators.results").folder_of(sequence)
    model = (folder / "model.safetensors").stat().st_mtime_ns
    bpy.context.scene.lipmorph.result.key_mode = "RELATIVE"
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.lipmorph.convert(target="SHAPE_KEYS") == {"FINISHED"}
    assert bpy.context.object.data.shape_keys.use_relative and bpy.context.object.name == "Morph"
    assert two_objects[0].hide_get()
    bpy.ops.ed.undo()
    assert is_sequence(bpy.data.objects["Morph"])
    bpy.ops.ed.redo()
    bpy.context.view_layer.objects.active = bpy.data.objects["Morph"]
    frames = [path.stat().st_mtime_ns for path in sorted((folder / "frames").iterdir())]
    assert bpy.ops.lipmorph.convert(target="SEQUENCE") == {"FINISHED"}
    assert is_sequence(bpy.context.object)
    # The frames were there: the engine was not even started.
    assert frames == [path.stat().st_mtime_ns for path in sorted((folder / "frames").iterdir())]
    assert model <= (folder / "model.safetensors").stat().st_mtime_ns
    bpy.ops.lipmorph.remove_morph()
    assert names() == {"Ball", "Ring"} and not bpy.data.objects["Ball"].hide_get()


def test_a_conversion_goes_through_the_queue_and_undo_takes_it_back(
    fake: Callable[[str], None], two_objects: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = enqueue()
    runtime = part("runtime").runtime
    tick_until(lambda: not runtime.active)
    convert = part("operators.convert")
    order = {**job.order, "writer": "SHAPE_KEYS", "replaces": bpy.context.object.name}
    again = part("job_queue").MorphJob(job.title, job.folder, order)
    for module in (convert, part("job_start")):
        monkeypatch.setattr(module, "bpy", Windowed())
    convert.perform(again, convert.wanted_keys(bpy.context, keys=True, anyway=False))
    assert runtime.queue.jobs == [again] and "at work" in convert.why_no_conversion(bpy.context.object)
    tick_until(lambda: not runtime.active)
    assert bpy.context.object.data.shape_keys is not None


def test_what_stands_in_the_way_is_said_by_the_button(fake: Callable[[str], None], two_objects: Pair) -> None:
    bpy.ops.lipmorph.train()
    folder = part("operators.results").folder_of(bpy.context.object)
    model, job = folder / "model.safetensors", folder / "job.json"
    kept = model.read_bytes(), job.read_text()
    assert bpy.ops.lipmorph.convert.poll()
    model.write_bytes(kept[0].replace(b"lipschitz-morph-1", b"lipschitz-morph-9"))
    assert_refused("another version")
    model.write_bytes(kept[0])
    job.write_text(json.dumps({**json.loads(kept[1]), "version": 99}))
    assert_refused("version 99")
    job.write_text(kept[1])
    model.unlink()
    assert_refused("not in .* any more")


def test_a_source_that_is_gone_or_too_large_is_said_before_the_engine_starts(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    bpy.ops.lipmorph.train()
    bpy.context.scene.lipmorph.extraction.key_vertices = 100
    assert_refused("'Ball' has 266 vertices")
    assert bpy.data.objects["Ball"].hide_get()
    bpy.data.objects.remove(bpy.data.objects["Ball"])
    assert_refused("'Ball' is no longer in the file")
    assert is_sequence(bpy.context.object)


def test_other_settings_make_other_keys(fake: Callable[[str], None], two_objects: Pair) -> None:
    bpy.ops.lipmorph.train()
    folder = part("operators.results").folder_of(bpy.context.object)
    made = []
    for tolerance in (0.2, 0.2, 0.5):
        bpy.context.scene.lipmorph.extraction.key_tolerance = tolerance
        bpy.ops.lipmorph.convert(target="SHAPE_KEYS")
        made.append((folder / "keys.npz").stat().st_mtime_ns)
    assert made[0] == made[1] < made[2]
    job = part("lipmlp_engine.job.description").Job.read(folder / "job.json")
    assert job.extraction.key_tolerance == pytest.approx(0.5) and job.extraction.keys == "auto"


def assert_refused(words: str) -> None:
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.lipmorph.convert(target="SHAPE_KEYS")


def test_re_extracting_a_sequence_stays_a_sequence_after_refused_keys(
    fake: Callable[[str], None], two_objects: Pair
) -> None:
    fake("no_keys")
    bpy.ops.lipmorph.train()
    with pytest.raises(RuntimeError, match=REFUSED):
        bpy.ops.lipmorph.convert(target="SHAPE_KEYS")
    assert bpy.ops.lipmorph.re_extract(frames=3, resolution=32) == {"FINISHED"}
    assert is_sequence(bpy.context.object)


def test_a_source_that_cannot_carry_keys_is_refused_before_training(
    fake: Callable[[str], None], two_objects: Pair, tmp_path: Path
) -> None:
    settings = bpy.context.scene.lipmorph
    settings.result.writer, settings.extraction.key_vertices = "SHAPE_KEYS", 100
    before = names()
    with pytest.raises(RuntimeError, match="'Ball' has 266 vertices and shape keys are limited to 100"):
        bpy.ops.lipmorph.train()
    assert names() == before
    settings.result.writer = "AUTOMATIC"
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    assert is_sequence(bpy.context.object)


def test_instances_cannot_carry_keys(fake: Callable[[str], None], two_objects: Pair) -> None:
    ball, _ring = two_objects
    tree = bpy.data.node_groups.new("Scatter", "GeometryNodeTree")
    for in_out in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=in_out, socket_type="NodeSocketGeometry")
    start, end = tree.nodes.new("NodeGroupInput"), tree.nodes.new("NodeGroupOutput")
    scatter, cube = tree.nodes.new("GeometryNodeInstanceOnPoints"), tree.nodes.new("GeometryNodeMeshCube")
    tree.links.new(start.outputs[0], scatter.inputs["Points"])
    tree.links.new(cube.outputs[0], scatter.inputs["Instance"])
    tree.links.new(scatter.outputs[0], end.inputs[0])
    ball.modifiers.new("Scatter", "NODES").node_group = tree
    with pytest.raises(part("request").RequestError, match="made of instances"):
        bpy.context.scene.lipmorph.result.writer = "SHAPE_KEYS"
        part("request").why_not_these_keys(bpy.context, ball)


def test_matching_vertices_are_found_and_told_to_the_engine(fake: Callable[[str], None], two_objects: Pair) -> None:
    ball, ring = two_objects
    share = part("scene.matching_faces").share_faces
    copy = ball.copy()
    copy.data, copy.name = ball.data.copy(), "Sculpted"
    bpy.context.collection.objects.link(copy)
    for vertex in copy.data.vertices:
        vertex.co.x += 0.2 * vertex.co.z
    bpy.context.view_layer.update()
    assert share(bpy.context, [ball, copy]) and not share(bpy.context, [ball, ring])
    ring.select_set(False)
    bpy.context.view_layer.objects.active = copy
    copy.select_set(True)
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    folder = part("operators.results").folder_of(bpy.context.object)
    job = part("lipmlp_engine.job.description").Job.read(folder / "job.json")
    assert job.guide.correspondence == "vertices"
    first, second = (np.load(folder / shape.path)["triangles"] for shape in job.shapes)
    assert np.array_equal(first, second)

    ball.modifiers.new("Finer", "SUBSURF")
    bpy.context.view_layer.update()
    ball.hide_set(False)
    bpy.context.view_layer.update()
    assert not share(bpy.context, [ball, copy])
    copy.modifiers.new("Finer", "SUBSURF")
    copy.hide_set(False)
    bpy.context.view_layer.update()
    assert share(bpy.context, [ball, copy])
    copy.scale.x = -1
    bpy.context.view_layer.update()
    assert not share(bpy.context, [ball, copy])


@pytest.mark.parametrize(("wanted", "written"), [(True, "auto"), (False, "none")])
def test_shapes_without_the_same_faces_are_never_matched(
    fake: Callable[[str], None], two_objects: Pair, wanted: bool, written: str
) -> None:
    bpy.context.scene.lipmorph.result.match_vertices = wanted
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    folder = part("operators.results").folder_of(bpy.context.object)
    assert json.loads((folder / "job.json").read_text())["guide"]["correspondence"] == written


def test_a_packed_model_is_converted_when_its_folder_is_gone(
    fake: Callable[[str], None], two_objects: Pair, tmp_path: Path
) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.context.scene.lipmorph.result.model = "PACKED"
    bpy.ops.lipmorph.train()
    shutil.rmtree(tmp_path / "scene_morphs")
    assert bpy.ops.lipmorph.convert(target="SHAPE_KEYS") == {"FINISHED"}
    morph = bpy.context.object
    assert morph.data.shape_keys is not None and part("scene.packed_model").is_packed(morph)
    assert bpy.ops.lipmorph.convert(target="SEQUENCE") == {"FINISHED"}
    assert is_sequence(bpy.context.object)
