"""A new user in a real window names a folder of wheels in the panel, clicks Set Up Engine, trains the first morph."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fake_engine.wheels import stand_in_locks, stand_in_wheels

from .conftest import OpenWindow
from .panel_clicks import MODULE, RUNTIME, SCENE, click_train, select_both, show_tab

WHEELS_BELOW_TOP, SET_UP_BELOW_TOP = 160, 112
"""Pixels from the sidebar's top to the field for wheels, and to the button once the folder is named."""

TAKE_LISTS = f"""
import importlib, shutil
preferences = importlib.import_module('{MODULE}.preferences')
shutil.copytree({{folder!r}}, preferences.ENGINE_FOLDER / 'locked', dirs_exist_ok=True)
"""
"""The installed extension knows the hashes of the true packages; here the stand-ins are to be the locked ones."""


@pytest.mark.any_blender
@pytest.mark.campaign
def test_the_engine_is_set_up_by_clicks_from_a_folder_of_wheels(
    open_window: OpenWindow, engine_python: Path, tmp_path: Path, pictures: Path
) -> None:
    wheels = stand_in_wheels(tmp_path / "wheels", str(engine_python))
    stand_in_locks(wheels, tmp_path / "locked")
    search = f"{engine_python.parent}{os.pathsep}{os.environ['PATH']}"
    with open_window(environment={"LIPMORPH_PYTHON": "", "PATH": search}) as window:
        window.settle()
        window.run(SCENE)
        window.run(TAKE_LISTS.format(folder=str(tmp_path / "locked")))
        show_tab(window)
        window.picture(pictures / "set_up_1_missing.png")
        left, top, width, _ = window.region("VIEW_3D", "UI")

        def name_the_folder() -> None:
            window.click(left + width * 0.55, top + WHEELS_BELOW_TOP)
            window.type(f"{wheels}")
            window.key("Return")

        folder = f"bpy.context.preferences.addons['{MODULE}'].preferences.wheels"
        window.insist(name_the_folder, f"{folder}.rstrip('/') == {str(wheels)!r}")
        window.settle()
        window.picture(pictures / "set_up_2_wheels.png")
        window.insist(lambda: window.click(left + width * 0.45, top + SET_UP_BELOW_TOP), f"{RUNTIME}.setup is not None")
        window.wait_until(f"{RUNTIME}.setup.fraction > 0.02", 60)
        window.picture(pictures / "set_up_3_running.png")
        window.wait_until(f"not {RUNTIME}.setup.running", 60)
        assert window.value(f"{RUNTIME}.setup.sentence") == "The engine is ready."
        window.settle()
        window.picture(pictures / "set_up_4_ready.png")
        select_both(window)
        click_train(window)
        window.wait_until(f"not {RUNTIME}.active", 60)
        assert window.value("'Morph' in bpy.data.objects")
        assert window.quit() == 0
        assert "Traceback" not in window.tail()
