"""The panel in real windows: clicked with a real mouse, photographed in every state, and left without leftovers."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.fake_engine import fake_python
from tests.processes import is_gone

from .conftest import OpenWindow
from .panel_clicks import (
    FOLDED_BELOW_TOP,
    MODULE,
    RUNTIME,
    SCENE,
    WATCH_PANELS,
    behave,
    click_train,
    ready_window,
    select_both,
    show_tab,
)

CANCEL_BELOW_TOP, CANCEL_FROM_RIGHT = 274, 54
"""Pixels to the running job's cross."""


def test_an_artist_clicks_trains_cancels_and_quits(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        select_both(window)
        window.picture(pictures / "ready.png")
        behave(window, "noticed")
        click_train(window)
        window.wait_until(f"not {RUNTIME}.active", 60)
        assert window.value("'Morph' in bpy.data.objects")
        window.settle()
        window.picture(pictures / "result.png")
        window.run("bpy.context.scene.frame_set(48)")
        window.settle()
        window.picture(pictures / "result_end.png")
        assert (pictures / "result.png").read_bytes() != (pictures / "result_end.png").read_bytes()

        behave(window, "slow")
        window.run("bpy.ops.lipmorph.remove_morph()")
        select_both(window)
        click_train(window)
        window.wait_until(f"{RUNTIME}.queue.current and {RUNTIME}.queue.current.fraction > 0.1", 60)
        window.settle()
        window.picture(pictures / "running.png")
        left, top, width, _ = window.region("VIEW_3D", "UI")
        cross = left + width - CANCEL_FROM_RIGHT, top + CANCEL_BELOW_TOP
        window.insist(lambda: window.click(*cross), f"not {RUNTIME}.queue.busy")
        assert window.value(f"[job.state.name for job in {RUNTIME}.queue.jobs]") == ["CANCELLED"]
        window.settle()
        window.picture(pictures / "cancelled.png")

        click_train(window)
        window.wait_until(f"{RUNTIME}.queue.current and {RUNTIME}.queue.current.fraction > 0.05", 60)
        pid = window.value(f"{RUNTIME}.queue.current.process.pid")
        assert window.quit() == 0
        assert is_gone(pid)
        assert "Traceback" not in window.tail()


def test_the_folded_panels_open_with_a_click(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        select_both(window)
        window.run("bpy.ops.lipmorph.add_landmark()")
        window.run("bpy.ops.object.select_all(action='DESELECT')")
        select_both(window)
        window.run(WATCH_PANELS.format(module=MODULE))
        left, top, _, _ = window.region("VIEW_3D", "UI")
        for title, below in FOLDED_BELOW_TOP.items():
            window.insist(partial(window.click, left + 100, top + below), f"{title!r} in DRAWN")
            window.settle()
        window.picture(pictures / "folded_panels_open.png")
        assert window.value("sorted(DRAWN)") == sorted(FOLDED_BELOW_TOP)
        assert "Traceback" not in window.tail()


def test_escape_cancels_over_the_view_other_work_goes_on_and_a_killed_blender_ends_the_engine(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        select_both(window)
        behave(window, "slow")
        click_train(window)
        window.wait_until(
            f"{RUNTIME}.queue.current and {RUNTIME}.queue.current.fraction > 0.0 and {RUNTIME}.watched", 30
        )
        window.move(500, 300)
        # Selecting all still works while the job runs.
        window.insist(lambda: window.key("a"), "len(bpy.context.view_layer.objects.selected) >= 2")
        window.run("bpy.ops.scene.new(type='EMPTY'); bpy.ops.ed.undo_push(message='test')")
        assert window.value(f"{RUNTIME}.queue.busy")
        window.insist(lambda: window.key("Escape"), f"not {RUNTIME}.queue.busy")
        assert window.value(f"[job.state.name for job in {RUNTIME}.queue.jobs]") == ["CANCELLED"]

        window.run("bpy.context.window.scene = bpy.data.scenes['Scene']")
        window.run("bpy.ops.lipmorph.train('INVOKE_DEFAULT')")
        window.wait_until(f"{RUNTIME}.queue.current and {RUNTIME}.queue.current.fraction > 0.0", 60)
        pid, blender = window.value(f"[{RUNTIME}.queue.current.process.pid, __import__('os').getpid()]")
        os.kill(blender, signal.SIGKILL)
        assert is_gone(pid)


def test_the_panel_says_what_is_missing(open_window: OpenWindow, pictures: Path) -> None:
    with open_window(environment={"LIPMORPH_PYTHON": ""}) as window:
        window.settle()
        window.run(SCENE)
        show_tab(window)
        window.picture(pictures / "missing.png")
        assert not window.value("bpy.ops.lipmorph.train.poll()")
        window.run(f"bpy.context.preferences.addons['{MODULE}'].preferences.wheels = '/nowhere'")
        window.run("bpy.ops.lipmorph.set_up_engine()")
        window.wait_until(f"not {RUNTIME}.active", 60)
        assert "holds no wheels" in window.value(f"{RUNTIME}.setup.sentence")
        window.settle()
        window.picture(pictures / "set_up_failed.png")


def test_the_command_line_morphs_in_a_real_blender(
    blender: object, engine_python: Path, tmp_path: Path, make_scene: Callable[[Path], Path]
) -> None:
    fake = fake_python(tmp_path, str(engine_python))
    scene, output = make_scene(tmp_path), tmp_path / "out.blend"
    arguments = ["-b", str(scene), "--command", "lipmorph", "--objects", "Suzanne", "Torus", "--output", str(output)]
    answer = blender.run(*arguments, "--set", "extraction.frames=3", LIPMORPH_PYTHON=str(fake))  # type: ignore[attr-defined]
    assert answer.returncode == 0, answer.stdout
    assert output.is_file() and "Training" in answer.stdout
    refused = blender.run(  # type: ignore[attr-defined]
        "-b", str(scene), "--command", "lipmorph", "--objects", "Suzanne", "Nobody", LIPMORPH_PYTHON=str(fake)
    )
    assert refused.returncode == 2 and "no object 'Nobody'" in refused.stdout


@pytest.fixture
def make_scene(blender: object) -> Callable[[Path], Path]:
    """Saves a file with two objects, made by the same Blender."""

    def make(folder: Path) -> Path:
        path = folder / "scene.blend"
        script = f"import bpy\n{SCENE}\nbpy.ops.wm.save_as_mainfile(filepath={str(path)!r})"
        answer = blender.run("-b", "--python-expr", script)  # type: ignore[attr-defined]
        assert path.is_file(), answer.stdout
        return path

    return make
