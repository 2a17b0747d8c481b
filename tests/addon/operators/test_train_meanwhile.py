"""The user goes on working while a morph is trained: undo, other files, other scenes, the preview."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import bpy
import pytest

from tests.addon.conftest import MODULE
from tests.addon.trainings import Windowed, enqueue, fake, names, part, tick_until
from tests.processes import is_gone, is_running

__all__ = ["fake"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")


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


def test_a_result_that_is_in_its_file_is_not_offered_to_the_next(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    """Each new file began with what had long been added to the one before."""
    runtime = part("runtime").runtime
    enqueue()
    tick_until(lambda: not runtime.active)
    assert "Morph" in names()
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert runtime.kept == [] and runtime.queue.jobs == []


def test_leaving_blender_amid_a_training_leaves_no_folder(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None], tmp_path: Path
) -> None:
    """Nothing could be done with it, and nobody had been told that it was there."""
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    fake("slow")
    job, runtime = enqueue(), part("runtime").runtime
    tick_until(lambda: job.process is not None and job.process.hello is not None)
    assert job.folder.is_dir()
    runtime.close()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("scene")) == ["scene.blend"]


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
    monkeypatch.setattr(part("request"), "bpy", Windowed())
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
    monkeypatch.setattr(part("request"), "bpy", Windowed())
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


def test_what_is_renamed_meanwhile_is_still_meant(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    """Names that others have taken over: the stranger stays seen, the source is hidden, in the scene that was meant."""
    ball, ring = two_objects
    ball.data.materials.append(bpy.data.materials.new("Gold"))
    scene = bpy.context.scene
    job = enqueue()
    stranger = ball.copy()
    scene.collection.objects.link(stranger)
    ball.name, bpy.data.materials["Gold"].name, scene.name = "Monkey", "Silver", "Shot 10"
    stranger.name = "Ball"
    other = bpy.data.scenes.new("Scene")
    bpy.context.window.scene = other
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.state.name == "FINISHED", job.sentence
    morph = scene.objects["Morph"]
    assert ball.hide_render and ring.hide_render and not stranger.hide_render
    assert "Morph" not in other.objects
    assert [material.name for material in bpy.data.objects["Morph 0000"].data.materials if material] != []
    assert part("scene.ownership").story_of(morph).sources == ["Monkey", "Ring"]


def test_a_source_that_is_gone_is_no_other_object_of_its_name(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    job = enqueue()
    bpy.data.objects.remove(bpy.data.objects["Ball"])
    stranger = bpy.data.objects.new("Ball", bpy.data.objects["Ring"].data)
    bpy.context.scene.collection.objects.link(stranger)
    tick_until(lambda: not part("runtime").runtime.active)
    assert job.state.name == "FINISHED", job.sentence
    assert stranger.name == "Ball" and not stranger.hide_render


def test_a_result_waits_until_edit_mode_is_left(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Undo in Edit Mode knows the edited mesh only, and whoever works in it is not to be torn out of it."""
    monkeypatch.setattr(part("result_writing"), "bpy", Windowed())
    job = enqueue()
    prop = bpy.data.objects.new("Prop", bpy.data.meshes.new("Prop"))
    bpy.context.scene.collection.objects.link(prop)
    bpy.context.view_layer.objects.active = prop
    bpy.ops.object.mode_set(mode="EDIT")
    runtime = part("runtime").runtime
    tick_until(lambda: runtime.writing is not None and runtime.writing.waits_for)
    assert prop.mode == "EDIT" and "Morph" not in names()
    assert any("leave Edit Mode" in sentence for _, sentence in runtime.announcements)
    bpy.ops.object.mode_set(mode="OBJECT")
    tick_until(lambda: not runtime.active)
    assert job.state.name == "FINISHED" and bpy.context.view_layer.objects.active.name == "Morph"


def test_who_is_in_pose_mode_stays_there(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    enqueue()
    rig = bpy.data.objects.new("Rig", bpy.data.armatures.new("Rig"))
    bpy.context.scene.collection.objects.link(rig)
    bpy.context.view_layer.objects.active = rig
    bpy.ops.object.mode_set(mode="POSE")
    tick_until(lambda: not part("runtime").runtime.active)
    assert "Morph" in names() and bpy.context.view_layer.objects.active == rig and rig.mode == "POSE"
    bpy.ops.object.mode_set(mode="OBJECT")


def test_rests_that_leave_no_frames_are_refused_before_the_training(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    result = bpy.context.scene.lipmorph.result
    result.frame_start, result.frame_end, result.hold = 1, 4, 5
    with pytest.raises(RuntimeError, match="leave no room for the morph between its rests"):
        bpy.ops.lipmorph.train()
    assert part("runtime").runtime.queue.jobs == []


def test_an_error_nobody_foresaw_is_told_once_and_stops_no_job(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = part("runtime")
    runtime = module.runtime
    job = enqueue()
    monkeypatch.setattr(runtime.showing, "keep_up", lambda _job: 1 / 0)
    monkeypatch.setattr(module, "_watch", lambda: None)
    for _ in range(3):
        assert module._tick() == module.TICK_SECONDS
    assert [sentence for _, sentence in runtime.announcements if "error of its own" in sentence] == [
        "Lipschitz Morph met an error of its own and goes on; the console has more: division by zero"
    ]
    monkeypatch.undo()
    tick_until(lambda: not runtime.active)
    assert job.state.name == "FINISHED", job.sentence


def test_shapes_of_a_morph_that_was_deleted_can_be_shown_again(
    two_objects: tuple[bpy.types.Object, bpy.types.Object], fake: Callable[[str], None]
) -> None:
    """X takes the morph away, and with it all that knows what it has hidden."""
    ball, ring = two_objects
    enqueue()
    tick_until(lambda: not part("runtime").runtime.active)
    assert ball.hide_render and not bpy.ops.lipmorph.show_hidden.poll()
    bpy.data.objects.remove(bpy.data.objects["Morph"])
    ring.name = "Renamed"
    assert bpy.ops.lipmorph.show_hidden() == {"FINISHED"}
    assert not any(item.hide_render or item.hide_get() for item in (ball, ring))
    ball.hide_render = True  # by hand, which is no morph's doing
    assert not bpy.ops.lipmorph.show_hidden.poll()
