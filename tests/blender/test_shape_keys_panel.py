"""Shape keys in a real window: offered, refused, made anyway, converted; every state of the panel is photographed."""

from __future__ import annotations

from pathlib import Path

from .conftest import OpenWindow
from .panel_clicks import RUNTIME, behave, ready_window, select_both
from .window import BlenderWindow

SETTINGS = "bpy.context.scene.lipmorph"
TWINS = """
torus = bpy.data.objects['Torus']
torus.data = bpy.data.objects['Suzanne'].data.copy()
for vertex in torus.data.vertices:
    vertex.co.x *= 1.3
"""
OUTPUT_BELOW_TOP = 252
"""Pixels from the sidebar's top to the folded panel Output, while twins are selected."""
SHOW_VALUE = "bpy.context.scene.frame_set(48)"


def train(window: BlenderWindow) -> None:
    window.run("bpy.ops.lipmorph.train('INVOKE_DEFAULT')")
    window.wait_until(f"{RUNTIME}.queue.busy", 60)


def settle(window: BlenderWindow) -> None:
    window.wait_until(f"not {RUNTIME}.active", 60)
    window.settle()


def test_shape_keys_are_refused_made_anyway_and_converted(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        behave(window, "no_keys")
        window.run(f"{SETTINGS}.result.writer = 'SHAPE_KEYS'")
        select_both(window)
        train(window)
        settle(window)
        assert window.value(f"[job.keys_refused for job in {RUNTIME}.queue.jobs]") == [True]
        assert window.value("'Morph' not in bpy.data.objects and not bpy.data.objects['Suzanne'].hide_get()")
        window.picture(pictures / "keys_refused.png")
        window.run("bpy.ops.lipmorph.settle_keys(index=0, anyway=True)")
        settle(window)
        assert window.value("bpy.context.object.data.shape_keys.use_relative") is False
        window.run(SHOW_VALUE)
        window.settle()
        window.picture(pictures / "keys_anyway.png")
        window.run("bpy.ops.lipmorph.convert(target='SEQUENCE')")
        settle(window)
        window.picture(pictures / "keys_converted_to_sequence.png")
        assert window.value("bpy.context.object.modifiers[0].type") == "NODES"
        window.run(f"{SETTINGS}.result.key_mode = 'RELATIVE'")
        behave(window, "")
        window.run("bpy.ops.lipmorph.convert(target='SHAPE_KEYS', anyway=True)")
        settle(window)
        window.run(SHOW_VALUE)
        window.settle()
        window.picture(pictures / "keys_relative.png")
        assert window.value("bpy.context.object.data.shape_keys.use_relative") is True
        assert "Traceback" not in window.tail()


def test_automatic_says_why_it_made_a_sequence_and_twins_are_offered_as_such(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        behave(window, "no_keys")
        window.run(f"{SETTINGS}.result.writer = 'AUTOMATIC'")
        select_both(window)
        train(window)
        settle(window)
        window.picture(pictures / "keys_automatic.png")
        assert window.value("bpy.context.object.modifiers[0].type") == "NODES"
        window.run("bpy.ops.lipmorph.remove_morph()")
        window.run(TWINS)
        window.run(f"{SETTINGS}.result.writer = 'SHAPE_KEYS'")
        select_both(window)
        left, top, _, _ = window.region("VIEW_3D", "UI")
        window.click(left + 100, top + OUTPUT_BELOW_TOP)
        window.settle()
        window.picture(pictures / "keys_matching.png")
        assert "Traceback" not in window.tail()
