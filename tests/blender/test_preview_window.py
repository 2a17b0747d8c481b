"""The whole morph previewed in real windows: the guide plays, follows what steers it, and leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

from tests.processes import is_gone

from .conftest import OpenWindow
from .panel_clicks import MODULE, RUNTIME, behave, click_train, ready_window, select_both

STANDBY = f"__import__('{MODULE}.engine_start', fromlist=['standby']).standby"
PREVIEW_BELOW_TOP = 215
"""Pixels from the sidebar's top to the button Preview Guide, while two objects are selected."""
PLAYING = "bpy.context.screen.is_animation_playing"
SHOWN = f"{RUNTIME}.showing.shows_guide and not {RUNTIME}.queue.busy"
OBJECTS = "sorted(item.name for item in bpy.data.objects)"


def test_the_guide_plays_follows_its_steering_and_goes(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        select_both(window)
        before = window.value(OBJECTS)
        window.wait_until(f"{STANDBY}.memory", 60)
        waiting = window.value(f"{STANDBY}.pid")
        left, top, width, _ = window.region("VIEW_3D", "UI")
        window.insist(lambda: window.click(left + width * 0.45, top + PREVIEW_BELOW_TOP), SHOWN)
        assert is_gone(waiting)
        window.wait_until(PLAYING, 30)
        first = window.value("bpy.context.scene.frame_current")
        window.wait_until(f"bpy.context.scene.frame_current != {first}", 30)
        window.picture(pictures / "guide_preview.png")

        window.run("bpy.ops.ed.undo_push(message='Test')")
        asked = f"id({RUNTIME}.showing.job)"
        earlier = window.value(asked)
        window.run("bpy.context.scene.lipmorph.guide.rigidity = 0.9")
        window.wait_until(f"{asked} != {earlier} and {SHOWN}", 60)

        saved = tmp_path / "saved.blend"
        window.run(f"bpy.ops.wm.save_as_mainfile(filepath={str(saved)!r}, copy=True)")
        window.wait_until("'Morph Preview' in bpy.data.objects", 30)
        window.run(f"with bpy.data.libraries.load({str(saved)!r}) as (kept, _): NAMES = list(kept.objects)")
        assert window.value("sorted(NAMES)") == before

        window.run("bpy.ops.lipmorph.hide_guide()")
        window.settle()
        assert window.value(OBJECTS) == before and not window.value(PLAYING)


def test_a_training_plays_its_preview_and_a_killed_blender_leaves_no_engine(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        select_both(window)
        window.run("bpy.context.scene.frame_set(120)")
        behave(window, "slow")
        click_train(window)
        window.wait_until(f"{PLAYING} and bpy.context.scene.frame_current < 61", 60)
        window.picture(pictures / "training_preview.png")
        window.run(f"for job in {RUNTIME}.queue.jobs: {RUNTIME}.queue.cancel(job)")
        window.wait_until(f"not {RUNTIME}.active and not {PLAYING}", 60)
        assert window.value("bpy.context.scene.frame_current") == 120
        window.wait_until(f"{STANDBY}.memory", 60)
        pid = window.value(f"{STANDBY}.pid")
        window.process.kill()
        assert is_gone(pid)
