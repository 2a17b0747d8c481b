"""The whole morph before it is done: played on the timeline, renewed place by place, or the guide alone; and gone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.conftest import MODULE
from tests.addon.trainings import Windowed, enqueue, fake, names, part, tick_until
from tests.processes import is_gone

__all__ = ["fake"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")

Objects = tuple[bpy.types.Object, bpy.types.Object]


@pytest.fixture
def show(lipmorph: ModuleType, tmp_path: Path) -> Callable[..., bpy.types.Object]:
    """Show an octahedron of the row, whose place along x, from 0 to 2, says when it is."""
    corners = np.concatenate([np.eye(3), -np.eye(3)]).astype(np.float32)
    faces = np.array([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]], np.int32)
    spec = part("scene.spec").ResultSpec(frame_start=11, frame_end=21, easing="LINEAR", sources=["a", "b"])

    def show(station: int, stations: int = 5, grown: float = 0.0) -> bpy.types.Object:
        path = tmp_path / f"{station}.npz"
        place = np.array([2.0 * station / (stations - 1), 0, grown], np.float32)
        part("lipmlp_engine.files.mesh_frame").MeshFrame(station / (stations - 1), corners + place, faces).save(path)
        return part("scene.preview").show_preview(bpy.context, path, station, stations, spec)

    return show


def centre(item: bpy.types.Object) -> np.ndarray:
    """The middle of what the object shows at the scene's frame."""
    mesh = item.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    places = np.zeros(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", places)
    return places.reshape(-1, 3).mean(0)


def test_the_timeline_plays_the_whole_morph(show: Callable[..., bpy.types.Object]) -> None:
    for station in range(5):
        item = show(station)
    assert part("scene.preview").is_whole() and item.show_in_front and item.hide_render and item.hide_select
    seen = []
    for frame in (1, 11, 16, 21, 30):
        bpy.context.scene.frame_set(frame)
        seen.append(centre(item)[0])
    assert seen == pytest.approx([0, 0, 1, 2, 2], abs=0.01)
    assert not [handler for handler in bpy.app.handlers.frame_change_post if MODULE in handler.__module__]


def test_what_is_known_stands_for_what_is_not_known_yet(show: Callable[..., bpy.types.Object]) -> None:
    item = show(2)
    assert not part("scene.preview").is_whole()
    bpy.context.scene.frame_set(11)
    assert centre(item)[0] == pytest.approx(1.0, abs=0.01)
    assert show(0) == item
    assert centre(item)[0] == pytest.approx(0.0, abs=0.01)
    bpy.context.scene.frame_set(21)
    assert centre(item)[0] == pytest.approx(1.0, abs=0.01)
    bpy.context.scene.frame_set(16)
    show(2, grown=1.0)
    assert centre(item)[2] == pytest.approx(1.0, abs=0.01)
    bpy.context.scene.frame_set(11)
    assert centre(item)[2] == pytest.approx(0.0, abs=0.01)


def test_a_row_of_another_length_replaces_the_one_before(show: Callable[..., bpy.types.Object]) -> None:
    show(2)
    show(0, stations=9)
    assert len([name for name in names() if name.startswith("Morph Preview ")]) == 9
    part("scene.preview").clear_preview()
    assert not names() and not bpy.data.node_groups and not bpy.data.actions and not bpy.data.collections


def test_a_training_says_what_the_viewport_shows(
    two_objects: Objects, fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("slow")
    monkeypatch.setattr(part("request"), "bpy", Windowed())
    job = enqueue()
    tick_until(lambda: "Morph Preview" in names())
    assert job.shown == "The viewport shows the guide's preview: coarse, untrained."
    tick_until(lambda: job.trained_previews)
    assert job.shown == "The viewport shows the guide's preview, with more and more of the training."
    part("runtime").runtime.queue.cancel(job)
    tick_until(lambda: not part("runtime").runtime.active)
    assert names() == {"Ball", "Ring"} and not job.notices


# ---- the guide alone


@pytest.fixture
def preview_guide(two_objects: Objects, fake: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the button does in a window, without one; gives the job."""
    operators = part("operators.preview_guide")

    def press() -> Any:
        context, request, gather = bpy.context, part("request"), part("scene.gather")
        objects = request.chain(context)
        folder = operators.user_folder() / "previews" / "test"
        order = request.order_from(context, "Morph", [item.name for item in objects], [])
        job = part("job_queue").MorphJob(
            "Ball → Ring", folder, {**order, "preview": True, "play": False}, sketches=True
        )
        job.write(request.job_from(context.scene.lipmorph, gather.gather(context, objects, folder), []))
        runtime = part("runtime").runtime
        runtime.showing.ask(context.scene)
        runtime.enqueue(job)
        return job

    yield press
    part("runtime").runtime.showing.close()


def test_the_guide_is_shown_and_nothing_else_is_left_of_its_job(preview_guide: Any) -> None:
    runtime = part("runtime").runtime
    job = preview_guide()
    tick_until(lambda: job.over)
    assert job.arguments[0] == "preview" and job.state.name == "FINISHED"
    assert runtime.showing.shows_guide and part("scene.preview").is_whole() and "Morph Preview" in names()
    assert not job.folder.exists() and job not in runtime.queue.jobs and not runtime.announcements
    assert is_gone(job.process.pid)
    bpy.ops.lipmorph.hide_guide()
    assert names() == {"Ball", "Ring"} and not runtime.showing.shows_guide


def test_a_guide_that_is_cancelled_or_fails_leaves_nothing(preview_guide: Any, fake: Callable[[str], None]) -> None:
    runtime = part("runtime").runtime
    fake("slow")
    job = preview_guide()
    tick_until(lambda: job.process is not None and job.process.hello is not None)
    runtime.queue.cancel(job)
    tick_until(lambda: job.over)
    assert names() == {"Ball", "Ring"} and not job.folder.exists() and not runtime.queue.jobs
    fake("")
    job = preview_guide()
    (job.folder / "job.json").write_text("no job")
    tick_until(lambda: job.over)
    assert job.state.name == "FAILED" and runtime.announcements[-1][0] == "ERROR"
    assert not job.folder.exists() and not runtime.queue.jobs


def test_a_shown_guide_is_outdated_once_what_steers_it_has_changed_and_rests(preview_guide: Any) -> None:
    showing, scene = part("runtime").runtime.showing, bpy.context.scene
    job = preview_guide()
    tick_until(lambda: job.over)
    assert not showing.is_outdated(scene)
    scene.lipmorph.guide.rigidity = 0.9
    assert [showing.is_outdated(scene) for _ in range(3)] == [False, True, False]
    scene.lipmorph.guide.volume = 0.1
    assert [showing.is_outdated(scene) for _ in range(3)] == [False, True, False]
    landmark = scene.lipmorph.landmarks.add()
    for item in bpy.data.objects["Ball"], bpy.data.objects["Ring"]:
        landmark.points.add().object = item
    assert [showing.is_outdated(scene) for _ in range(3)] == [False, True, False]
    bpy.data.objects["Ball"].location.x += 1
    bpy.context.view_layer.update()
    assert [showing.is_outdated(scene) for _ in range(3)] == [False, True, False]


def test_a_training_without_a_preview_takes_the_guide_away(preview_guide: Any) -> None:
    job = preview_guide()
    tick_until(lambda: job.over)
    training = enqueue()
    assert "Morph Preview" not in names()
    part("runtime").runtime.queue.cancel(training)


def test_opening_a_file_takes_the_guide_along(preview_guide: Any) -> None:
    job = preview_guide()
    tick_until(lambda: job.over)
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    assert not part("runtime").runtime.showing.shows_guide and not names()


def test_the_button_says_why_not(two_objects: Objects, fake: Callable[[str], None]) -> None:
    why_not = part("operators.preview_guide").LIPMORPH_OT_preview_guide.why_not
    assert why_not(bpy.context) == "A preview needs a window"
    with pytest.raises(RuntimeError, match="needs a window"):
        bpy.ops.lipmorph.preview_guide()


# ---- the engine that is kept ready


def test_without_a_window_no_engine_is_kept_ready(two_objects: Objects, fake: Callable[[str], None]) -> None:
    standby = part("engine_start").standby
    part("runtime").runtime.expect_job()
    assert standby.pid is None


@pytest.fixture
def in_a_window(monkeypatch: pytest.MonkeyPatch) -> None:
    class WithTimers(Windowed):
        class app:
            background = False
            timers = bpy.app.timers

    monkeypatch.setattr(part("engine_start"), "bpy", WithTimers())


def test_an_engine_is_kept_ready_for_one_job_and_then_another(
    two_objects: Objects, fake: Callable[[str], None], in_a_window: None
) -> None:
    runtime, standby = part("runtime").runtime, part("engine_start").standby
    runtime.expect_job()
    first = standby.pid
    tick_until(lambda: standby.tick() or standby.memory)
    assert standby.memory == 123_000_000
    job = enqueue()
    tick_until(lambda: job.over and not runtime.active)
    assert job.state.name == "FINISHED" and job.process.pid == first and is_gone(first)
    second = standby.pid
    assert second not in (None, first)
    runtime.close()
    assert standby.pid is None and is_gone(second)


def test_the_switch_and_the_set_up_end_it(two_objects: Objects, fake: Callable[[str], None], in_a_window: None) -> None:
    runtime, standby = part("runtime").runtime, part("engine_start").standby
    preferences = bpy.context.preferences.addons[MODULE].preferences
    assert preferences.keep_ready
    runtime.expect_job()
    first = standby.pid
    try:
        preferences.keep_ready = False
        assert is_gone(first) and standby.pid is None
        runtime.expect_job()
        assert standby.pid is None
    finally:
        preferences.keep_ready = True
    runtime.expect_job()
    second = standby.pid
    runtime.start_setup()
    assert is_gone(second) and standby.pid is None
    runtime.setup.cancel()
    runtime.setup = None


def test_switching_the_add_on_off_leaves_no_engine_waiting(
    two_objects: Objects, fake: Callable[[str], None], in_a_window: None
) -> None:
    part("runtime").runtime.expect_job()
    pid = part("engine_start").standby.pid
    bpy.ops.preferences.addon_disable(module=MODULE)
    try:
        assert is_gone(pid)
    finally:
        bpy.ops.preferences.addon_enable(module=MODULE)
