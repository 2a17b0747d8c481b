"""Training from the operators: settings, the order of shapes, results, and everything that can go wrong on the way."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import bpy
import pytest

from tests.addon.conftest import MODULE
from tests.addon.trainings import enqueue, fake, names, part, tick_until

__all__ = ["fake"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


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


def test_what_a_script_does_not_say_stays_as_it_was(
    two_objects: tuple[bpy.types.Object, bpy.types.Object],
    fake: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Other cells than those of the training were taken where only the number of frames was said."""
    settings = bpy.context.scene.lipmorph.extraction
    settings.resolution, settings.frames = 48, 6
    bpy.ops.lipmorph.train()
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(part("operators.re_extract"), "start_job", lambda job: asked.append(job.extracts))
    assert bpy.ops.lipmorph.re_extract(frames=5) == bpy.ops.lipmorph.re_extract(frame_end=30) == {"FINISHED"}
    faces = str(settings.faces)
    assert asked == [
        ("--frames", "5", "--resolution", "48", "--faces", faces),
        ("--frames", "6", "--resolution", "48", "--faces", faces),
    ]


def test_a_training_that_was_cut_off_is_fetched_as_far_as_it_had_come(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    """Where there was a model but not all of its frames, the training was to be done again."""
    bpy.ops.lipmorph.train()
    results = part("lipmlp_engine.files.results_folder").ResultsFolder(
        part("operators.results").folder_of(bpy.context.active_object)
    )
    bpy.ops.lipmorph.remove_morph()
    count = len(results.frames())
    results.report.unlink()
    for frame in results.frames()[2:]:
        frame.unlink()
    assert bpy.ops.lipmorph.fetch_result(directory=str(results.path)) == {"FINISHED"}
    assert part("scene.ownership").is_morph(bpy.context.active_object)
    assert len([name for name in names() if name.startswith("Morph ")]) == count == len(results.frames())
    results.report.unlink()
    results.model.unlink()
    with pytest.raises(RuntimeError, match="was not finished; train it again"):
        bpy.ops.lipmorph.fetch_result(directory=str(results.path))


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


@pytest.mark.any_blender
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


# ---- the engine's care


def test_checking_shows_versions_and_devices(fake: Callable[[str], None]) -> None:
    assert bpy.ops.lipmorph.check_engine() == {"FINISHED"}
    runtime = part("runtime").runtime
    tick_until(lambda: not runtime.active)
    assert runtime.diagnosis.healthy
    lines = part("ui.engine_panel").fact_lines(runtime.diagnosis)
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
