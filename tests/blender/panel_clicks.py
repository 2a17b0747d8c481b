"""What hands do in the extension's panel, for every test of windows: where its buttons are and how they are reached."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fake_engine import fake_python

from .conftest import OpenWindow
from .window import BlenderWindow

MODULE = "bl_ext.user_default.lipmlp_blender"
RUNTIME = f"__import__('{MODULE}.runtime', fromlist=['runtime']).runtime"
TAB = "next(r for a in bpy.context.screen.areas if a.type == 'VIEW_3D' for r in a.regions if r.type == 'UI')"
NO_STANDBY = f"bpy.context.preferences.addons['{MODULE}'].preferences.keep_ready = False"
"""For tests of true engines that are not about the one that waits: the last one would be loaded for nobody."""
SCENE = """
bpy.ops.object.select_all(action='SELECT')
bpy.ops.object.delete()
bpy.ops.mesh.primitive_monkey_add(location=(-2, 0, 0))
bpy.ops.mesh.primitive_torus_add(location=(2, 0, 0))
bpy.ops.object.select_all(action='DESELECT')
"""
WHERE = """
from bpy_extras.view3d_utils import location_3d_to_region_2d as project
area = next(a for a in bpy.context.screen.areas if a.type == 'VIEW_3D')
region = next(r for r in area.regions if r.type == 'WINDOW')
def where(name, offset=(0, 0, 0)):
    from mathutils import Vector
    point = project(region, area.spaces.active.region_3d, bpy.data.objects[name].matrix_world @ Vector(offset))
    return [region.x + point.x, region.y + point.y]
"""
TRAIN_BELOW_TOP = 183
"""Pixels from the sidebar's top to the button Train, while two objects are selected and nothing runs."""
WATCH_PANELS = """
DRAWN = set()
def watch(panel):
    draw = panel.draw_settings
    def watched(self, layout, context):
        draw(self, layout, context)
        DRAWN.add(self.bl_label)
    panel.draw_settings = watched
for panel in __import__('{module}.ui.settings_panels', fromlist=['CLASSES']).CLASSES:
    if hasattr(panel, 'draw_settings'):
        watch(panel)
"""
FOLDED_BELOW_TOP = {"Advanced": 299, "Steering": 273, "Output": 247}
"""Pixels to the folded panels' titles, the lowest first, because opening one moves those below it."""


@contextmanager
def ready_window(open_window: OpenWindow, folder: Path, engine_python: Path) -> Iterator[BlenderWindow]:
    """A window with two objects, the Morph tab in front and the fake engine behind it."""
    fake = fake_python(folder, str(engine_python))
    with open_window(environment={"LIPMORPH_PYTHON": str(fake)}) as window:
        window.settle()
        window.run(SCENE)
        show_tab(window)
        yield window


def show_tab(window: BlenderWindow) -> None:
    """A window that has not been drawn yet forgets which tab was asked for."""
    for _ in range(10):
        window.open_sidebar("Morph")
        if window.value(f"{TAB}.active_panel_category") == "Morph":
            return
    pytest.fail("the Morph tab does not come to the front")


def behave(window: BlenderWindow, how: str) -> None:
    window.run(f"__import__('os').environ['LIPMORPH_FAKE'] = {how!r}")


def select_both(window: BlenderWindow) -> None:
    """Click the ring, which makes it the target, and press A for the rest."""
    window.run("for item in bpy.data.objects: item.hide_set(item.name not in {'Suzanne', 'Torus'})")
    window.run("bpy.ops.object.select_all(action='DESELECT')")
    window.run(WHERE)
    x, y = window.value("where('Torus', (1, 0, 0))")
    selected = "[item.name for item in bpy.context.view_layer.objects.selected]"
    window.insist(lambda: window.click(x, window.size[1] - y), f"{selected} == ['Torus']")
    window.insist(lambda: window.key("a"), f"len({selected}) == 2")
    window.settle()


def click_train(window: BlenderWindow, lower: int = 0) -> None:
    """``lower``: by how many pixels, where the panel says more than usual."""
    left, top, width, _ = window.region("VIEW_3D", "UI")
    before = window.value(f"len({RUNTIME}.queue.jobs)")
    started = f"len({RUNTIME}.queue.jobs) > {before} or {RUNTIME}.queue.busy"
    window.insist(lambda: window.click(left + width * 0.45, top + TRAIN_BELOW_TOP + lower), started)
