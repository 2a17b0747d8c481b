"""Training from the operators: settings, the order of shapes, results, and everything that can go wrong on the way."""

from __future__ import annotations

import importlib
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import pytest

from tests.fake_engine import fake_python
from tests.processes import is_gone, is_running

from .conftest import MODULE

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


def part(name: str) -> ModuleType:
    return importlib.import_module(f"{MODULE}.{name}")


@pytest.fixture
def fake(
    lipmorph: ModuleType, engine_python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """The add-on with the fake engine, which behaves as the test says; afterwards nothing of it runs any more."""
    monkeypatch.setenv("LIPMORPH_PYTHON", str(fake_python(tmp_path, str(engine_python))))
    monkeypatch.delenv("LIPMORPH_FAKE", raising=False)
    bpy.context.scene.lipmorph.extraction.frames = 4
    yield lambda how: monkeypatch.setenv("LIPMORPH_FAKE", how)
    runtime = part("runtime").runtime
    runtime.close()
    runtime.queue.jobs.clear()
    runtime.announcements.clear()
    runtime.writing = None


def enqueue() -> Any:
    """What the operator does in a window, without one."""
    request, gather = part("request"), part("scene.gather")
    context = bpy.context
    objects = request.chain(context)
    folder = request.new_folder("test")
    order = request.order_from(context, "Morph", [item.name for item in objects], gather.slots(objects))
    job = part("jobs").MorphJob(request.title_of(objects), folder, order)
    job.write(request.job_from(context.scene.lipmorph, gather.gather(context, objects, folder), []))
    part("runtime").runtime.enqueue(job)
    return job


def tick_until(condition: Callable[[], object], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        part("runtime").runtime.tick()
        time.sleep(0.01)


def names() -> set[str]:
    return {item.name for item in bpy.data.objects}


# ---- settings


def test_every_setting_of_the_job_is_in_the_panel_as_the_job_describes_it(lipmorph: ModuleType) -> None:
    sections, settings_of = part("lipmlp_engine.job").SECTIONS, part("lipmlp_engine.settings").settings_of
    hidden = part("properties").HIDDEN
    checked = 0
    for section, kind in sections.items():
        if section == "output":
            continue
        group = getattr(bpy.context.scene.lipmorph, section)
        for field, setting in settings_of(kind):
            if field.name in hidden.get(section, ()):
                assert field.name not in group.bl_rna.properties
                continue
            shown = group.bl_rna.properties[field.name]
            assert shown.name == setting.label and shown.description.startswith(setting.description)
            assert setting.unit in shown.description
            if setting.choices is not None:
                assert [item.identifier for item in shown.enum_items] == list(setting.choices)
            elif isinstance(field.default, (int, float)) and not isinstance(field.default, bool):
                assert (shown.hard_min, shown.hard_max) == pytest.approx((setting.minimum, setting.maximum))
            assert getattr(group, field.name) == pytest.approx(field.default)
            checked += 1
    assert checked > 25


@pytest.mark.parametrize("preset", ["draft", "standard", "final", "paper"])
def test_a_preset_gives_the_engine_that_presets_job(lipmorph: ModuleType, preset: str) -> None:
    job_module = part("lipmlp_engine.job")
    settings = bpy.context.scene.lipmorph
    settings.preset = preset
    shapes = [job_module.ShapeInput("a.npz", "a"), job_module.ShapeInput("b.npz", "b")]
    job = part("request").job_from(settings, shapes, [])
    meant = job_module.Job.preset(preset, shapes=shapes)
    meant.output.folder = "."
    assert job.to_dict() == meant.to_dict()
    assert not part("properties").preset_is_changed(settings)
    settings.training.steps += 1
    assert part("properties").preset_is_changed(settings)


def test_choosing_a_preset_leaves_what_no_preset_decides(lipmorph: ModuleType) -> None:
    settings = bpy.context.scene.lipmorph
    settings.training.seed, settings.guide.rigidity = 7, 0.25
    settings.preset = "draft"
    assert settings.training.seed == 7 and settings.guide.rigidity == 0.25


def test_what_has_no_effect_is_grey(lipmorph: ModuleType) -> None:
    has_effect = part("ui.settings").has_effect
    settings = bpy.context.scene.lipmorph
    asked = [("training", "safety"), ("training", "smoothness"), ("network", "coefficient"), ("network", "activation")]
    found = {}
    for family, loss in (("lipschitz", "distance"), ("orthogonal", "hkr"), ("sll", "distance"), ("plain", "distance")):
        settings.network.family, settings.training.loss = family, loss
        found[family] = [has_effect(settings, section, name) for section, name in asked]
    assert found == {
        "lipschitz": [False, True, False, True],
        "orthogonal": [True, True, True, True],
        "sll": [False, True, True, False],
        "plain": [False, False, False, True],
    }


# ---- the shapes and their order


def test_the_active_object_is_the_target(two_objects: tuple[bpy.types.Object, bpy.types.Object]) -> None:
    ball, ring = two_objects
    chain = part("request").chain
    assert chain(bpy.context) == [ball, ring]
    bpy.context.view_layer.objects.active = ball
    assert chain(bpy.context) == [ring, ball]


def test_the_list_is_ordered_by_hand_and_overrules_the_selection(
    two_objects: tuple[bpy.types.Object, bpy.types.Object],
) -> None:
    ball, ring = two_objects
    assert bpy.ops.lipmorph.add_shapes() == {"FINISHED"}
    bpy.ops.object.select_all(action="DESELECT")
    assert part("request").chain(bpy.context) == [ball, ring]
    bpy.ops.lipmorph.move_shape(direction="UP")
    assert part("request").chain(bpy.context) == [ring, ball]
    assert bpy.ops.lipmorph.move_shape(direction="UP") == {"CANCELLED"}
    bpy.ops.lipmorph.remove_shape()
    assert part("request").chain(bpy.context) == [ball]
    assert not bpy.ops.lipmorph.train.poll()


def test_landmarks_are_world_points_of_every_shape(two_objects: tuple[bpy.types.Object, bpy.types.Object]) -> None:
    bpy.ops.lipmorph.add_shapes()
    bpy.ops.lipmorph.add_landmark()
    settings = bpy.context.scene.lipmorph
    first, second = (point.object for point in settings.landmarks[0].points)
    assert first.location.z == pytest.approx(1.0, abs=1e-3)  # on top of the ball
    parent = bpy.data.objects.new("Parent", None)
    bpy.context.collection.objects.link(parent)
    parent.location = (0, 5, 0)
    second.parent = parent
    bpy.context.view_layer.update()
    rows = part("request").landmarks_of(settings, part("request").chain(bpy.context))
    assert len(rows) == 1 and rows[0][1][1] == pytest.approx(second.location.y + 5)
    settings.landmarks[0].points[0].object = None
    with pytest.raises(part("request").RequestError, match="Landmark 1 needs"):
        part("request").landmarks_of(settings, part("request").chain(bpy.context))


# ---- a whole run


def test_training_writes_a_result_and_undo_takes_it_away(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    bpy.ops.ed.undo_push(message="before")
    before = names()
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    assert "Morph" in names() and bpy.context.active_object.name == "Morph"
    assert bpy.data.objects["Ball"].hide_get()
    bpy.ops.ed.undo()
    assert names() == before and not bpy.data.objects["Ball"].hide_get()


def test_automatic_makes_shape_keys_where_the_engine_has_some_and_else_a_sequence(
    fake: Callable[[str], None], two_objects: tuple[bpy.types.Object, bpy.types.Object]
) -> None:
    bpy.context.scene.lipmorph.result.writer = "AUTOMATIC"
    bpy.context.scene.lipmorph.result.easing = "LINEAR"
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    morph = bpy.context.object
    assert morph.data.uv_layers and len(morph.data.vertices) == len(two_objects[0].data.vertices)
    bpy.context.scene.frame_set(bpy.context.scene.lipmorph.result.frame_end)
    seen = morph.evaluated_get(bpy.context.evaluated_depsgraph_get())
    assert seen.data.vertices[5].co.z == pytest.approx(two_objects[0].data.vertices[5].co.z + 2.0, abs=1e-4)
    fake("no_keys")
    for item in two_objects:
        item.hide_set(False)
        item.select_set(True)
    morph.select_set(False)
    bpy.context.view_layer.objects.active = two_objects[1]
    assert bpy.ops.lipmorph.train() == {"FINISHED"}
    assert bpy.context.object != morph and bpy.context.object.modifiers[0].type == "NODES"


def test_the_job_lies_beside_the_saved_file(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None], tmp_path: Path
) -> None:
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    bpy.ops.lipmorph.train()
    folders = list((tmp_path / "scene_morphs").iterdir())
    assert len(folders) == 1
    story = part("scene.ownership").story_of(bpy.context.active_object)
    assert story.job_folder.startswith("//") and story.sources == ["Ball", "Ring"]
    order = json.loads((folders[0] / "order.json").read_text())
    assert order["title"] == "Ball → Ring" and order["writer"] == "SEQUENCE"


def test_the_result_can_be_extracted_again_reported_and_removed(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    before = names()
    bpy.ops.lipmorph.train()
    frames = len([name for name in names() if name.startswith("Morph ")])
    assert bpy.ops.lipmorph.re_extract(frames=7, resolution=64, frame_start=10, frame_end=30) == {"FINISHED"}
    assert len([name for name in names() if name.startswith("Morph ")]) == frames + 3
    assert bpy.context.active_object.name == "Morph"
    summary = part("report_summary").summary_of(part("operators.results").folder_of(bpy.context.active_object))
    assert len(summary) == 3
    assert bpy.ops.lipmorph.open_report() == {"FINISHED"}
    assert bpy.ops.lipmorph.remove_morph() == {"FINISHED"}
    assert names() == before and not bpy.data.objects["Ball"].hide_get()


def test_a_result_is_fetched_from_its_folder(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None], tmp_path: Path
) -> None:
    bpy.ops.lipmorph.train()
    folder = part("operators.results").folder_of(bpy.context.active_object)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert bpy.ops.lipmorph.fetch_result(directory=str(folder)) == {"FINISHED"}
    assert part("scene.ownership").is_morph(bpy.context.active_object)
    with pytest.raises(RuntimeError, match="is no folder of a Lipschitz Morph"):
        bpy.ops.lipmorph.fetch_result(directory=str(tmp_path))


# ---- trouble


@pytest.mark.parametrize(
    ("behaviour", "sentence"),
    [
        ("crash", "exit code 9"),
        ("disk_full", "disk is full"),
        ("other_version", "another version"),
        ("stranger", "Something other than"),
        ("garbage", "cannot be read any more"),
    ],
)
def test_trouble_is_a_sentence_and_leaves_the_scene_alone(
    two_objects: tuple[bpy.types.Object, bpy.types.Object],
    fake: Callable[[str], None],
    behaviour: str,
    sentence: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    fake(behaviour)
    before = names()
    with pytest.raises(RuntimeError, match=sentence):
        bpy.ops.lipmorph.train()
    assert "Traceback" not in capfd.readouterr().err
    assert names() == before and not bpy.data.objects["Ball"].hide_get()
    assert not bpy.data.node_groups and len(bpy.data.meshes) == 2


def test_a_killed_engine_and_a_removed_folder_are_sentences_in_the_panel(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    fake("slow")
    before = names()
    job = enqueue()
    tick_until(lambda: job.process is not None and job.process.hello is not None)
    os.kill(job.process.pid, signal.SIGKILL)
    tick_until(lambda: job.over)
    assert job.state.name == "FAILED" and "ended from outside" in job.sentence and names() == before

    fake("")
    job = enqueue()
    while job.done is None:
        part("runtime").runtime.queue.tick()
        time.sleep(0.01)
    for path in job.results.frames():
        path.unlink()
    part("runtime").runtime.bring_in(job)
    tick_until(lambda: part("runtime").runtime.writing is None)
    assert job.state.name == "FAILED" and "frame" in job.sentence and names() == before


def test_a_corrupt_message_is_told_and_the_job_goes_on(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    fake("corrupt")
    job = enqueue()
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.state.name == "FINISHED" and "could not be read" in job.notices[0] and "Morph" in names()


def test_too_few_shapes_and_a_missing_python_are_told_by_the_button(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], monkeypatch: pytest.MonkeyPatch
) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    with pytest.raises(RuntimeError, match="Select two or more objects"):
        bpy.ops.lipmorph.train()
    monkeypatch.setenv("LIPMORPH_PYTHON", "/nowhere/python")
    with pytest.raises(RuntimeError, match="is not there"):
        bpy.ops.lipmorph.train()
    monkeypatch.delenv("LIPMORPH_PYTHON")
    with pytest.raises(RuntimeError, match="not set up yet"):
        bpy.ops.lipmorph.train()


# ---- the user goes on working


def test_the_job_outlives_deleting_renaming_undo_and_another_scene(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    bpy.ops.ed.undo_push(message="before")
    job = enqueue()
    home = bpy.context.scene.name
    tick_until(lambda: job.fraction > 0.1)
    bpy.data.objects["Ball"].name = "Renamed"
    bpy.data.objects.remove(bpy.data.objects["Ring"])
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    bpy.ops.scene.new(type="EMPTY")
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.state.name == "FINISHED", job.sentence
    assert "Morph" in {item.name for item in bpy.data.scenes[home].objects}


def test_an_undo_while_the_result_is_written_starts_it_again(
    two_objects: tuple[bpy.types.Object, bpy.types.Object],
    fake: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(part("runtime"), "WRITING_SECONDS", 0.0001)
    bpy.ops.ed.undo_push(message="one")
    bpy.data.objects["Ball"].location.x += 1
    bpy.ops.ed.undo_push(message="two")
    job = enqueue()
    runtime = part("runtime").runtime
    tick_until(lambda: runtime.writing is not None and runtime.writing.fraction > 0.2)
    bpy.ops.ed.undo()
    tick_until(lambda: not runtime.active)
    assert job.state.name == "FINISHED", job.sentence
    assert len([name for name in names() if name.startswith("Morph ")]) == 4


def test_a_result_for_another_file_is_kept_and_offered(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    job = enqueue()
    tick_until(lambda: job.fraction > 0.1)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    runtime = part("runtime").runtime
    tick_until(lambda: not runtime.active)
    assert runtime.kept == [job] and names() == set()
    assert bpy.ops.lipmorph.bring_in(index=0) == {"FINISHED"}
    tick_until(lambda: not runtime.active)
    assert "Morph" in names() and runtime.kept == []


def test_cancelling_stops_the_running_job_and_lets_the_next_begin(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    fake("slow")
    first, second = enqueue(), enqueue()
    tick_until(lambda: first.fraction > 0.0)
    pid = first.process.pid
    assert bpy.ops.lipmorph.cancel() == {"FINISHED"}
    tick_until(lambda: second.state.name == "RUNNING")
    assert first.state.name == "CANCELLED"
    assert is_gone(pid)
    assert bpy.ops.lipmorph.dismiss(index=0) == {"FINISHED"}


def test_disabling_the_add_on_leaves_no_process(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    fake("deaf")
    job = enqueue()
    tick_until(lambda: job.process is not None and job.process.hello is not None)
    pid = job.process.pid
    bpy.ops.preferences.addon_disable(module=MODULE)
    try:
        assert not is_running(pid)
        assert not hasattr(bpy.types.Scene, "lipmorph")
    finally:
        bpy.ops.preferences.addon_enable(module=MODULE)
    assert hasattr(bpy.types.Scene, "lipmorph")


def test_the_preview_comes_and_goes(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("slow")
    monkeypatch.setattr(part("request"), "bpy", _Windowed())
    job = enqueue()
    tick_until(lambda: "Morph Preview" in names())
    assert bpy.data.objects["Morph Preview"].hide_render
    part("runtime").runtime.queue.cancel(job)
    tick_until(lambda: not part("runtime").runtime.active)
    assert "Morph Preview" not in names()


def test_an_undo_while_the_preview_is_shown_takes_nothing_else_along(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("slow")
    monkeypatch.setattr(part("request"), "bpy", _Windowed())
    bpy.ops.ed.undo_push(message="one")
    bpy.data.objects["Ball"].location.x = 3
    bpy.ops.ed.undo_push(message="two")
    job = enqueue()
    tick_until(lambda: "Morph Preview" in names())
    bpy.ops.ed.undo()
    assert names() == {"Ball", "Ring"} and bpy.data.objects["Ball"].location.x == 0
    tick_until(lambda: "Morph Preview" in names())
    bpy.ops.ed.redo()
    assert names() == {"Ball", "Ring"} and bpy.data.objects["Ball"].location.x == 3
    assert [mesh.name for mesh in bpy.data.meshes if mesh.name.startswith("Morph Preview")] == []
    part("runtime").runtime.queue.cancel(job)
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.state.name == "CANCELLED" and names() == {"Ball", "Ring"} and not job.notices


class _Windowed:
    """bpy as it says of itself in a window, where previews are asked for."""

    class app:
        background = False

    def __getattr__(self, name: str) -> Any:
        return getattr(bpy, name)


# ---- the engine's care


def test_checking_shows_versions_and_devices(fake: Callable[[str], None]) -> None:
    assert bpy.ops.lipmorph.check_engine() == {"FINISHED"}
    runtime = part("runtime").runtime
    tick_until(lambda: not runtime.active)
    assert runtime.diagnosis.healthy
    lines = part("ui.engine").fact_lines(runtime.diagnosis)
    assert "Torch 2.13.0" in lines and "CPU: Fake processor, 2 cores" in lines


def test_set_up_needs_online_access_or_wheels(lipmorph: ModuleType, tmp_path: Path) -> None:
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="Online access is off"):
        bpy.ops.lipmorph.set_up_engine()
    preferences = bpy.context.preferences.addons[MODULE].preferences
    preferences.wheels = str(tmp_path)
    try:
        assert bpy.ops.lipmorph.set_up_engine() == {"FINISHED"}
        runtime = part("runtime").runtime
        tick_until(lambda: not runtime.active)
        assert "holds no wheels" in runtime.setup.sentence
    finally:
        preferences.wheels = ""
        part("runtime").runtime.setup = None
