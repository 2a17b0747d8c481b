"""A scan in a real window: its surface is shown on a click, and it morphs into a mesh by the real engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import OpenWindow
from .panel_clicks import NO_STANDBY, RUNTIME, WHERE, show_tab
from .window import BlenderWindow

SCENE = """
import math
bpy.ops.object.select_all(action='SELECT')
bpy.ops.object.delete()
bpy.ops.mesh.primitive_torus_add(location=(2, 0, 0))
turn = math.pi * (3 - math.sqrt(5))
points = []
for index in range(900):
    z = 1 - (2 * index + 1) / 900
    side = math.sqrt(1 - z * z)
    points.append((side * math.cos(index * turn), side * math.sin(index * turn), 1.4 * z))
mesh = bpy.data.meshes.new('Scan')
mesh.from_pydata(points, [], [])
item = bpy.data.objects.new('Scan', mesh)
item.location.x = -2
bpy.context.scene.collection.objects.link(item)
bpy.ops.object.select_all(action='DESELECT')
bpy.context.view_layer.objects.active = item
item.select_set(True)
if bpy.app.version >= (4, 5, 0):
    bpy.ops.object.convert(target='POINTCLOUD')
settings = bpy.context.scene.lipmorph
settings.training.steps = 60
settings.sampling.points = 3000
settings.extraction.frames, settings.extraction.resolution = 3, 32
settings.points.cells = 48
settings.guide.kind = 'transport'
settings.result.preview = False
"""
SHOW_SURFACE_BELOW_TOP = 88
"""Pixels from the sidebar's top to the button Show Surface, while the scan alone is selected."""
TRAIN_BELOW_TOP = 252
SELECTED = "sorted(item.name for item in bpy.context.view_layer.objects.selected)"
VOLUME = """
def volume(name):
    import bmesh
    shape = bmesh.new()
    shape.from_mesh(bpy.data.objects[name].data)
    return shape.calc_volume(signed=True)
"""


def wait_for_jobs(window: BlenderWindow, seconds: float) -> None:
    window.wait_until(f"not {RUNTIME}.active", seconds)
    assert window.value(f"{RUNTIME}.queue.jobs[-1].state.name") == "FINISHED", window.tail()


@pytest.mark.any_blender
def test_a_scan_shows_its_surface_and_morphs_into_a_mesh(
    open_window: OpenWindow, tmp_path: Path, pictures: Path
) -> None:
    with open_window() as window:
        window.settle()
        window.run(NO_STANDBY)
        window.run(SCENE)
        window.run(WHERE)
        window.run(VOLUME)
        show_tab(window)
        window.settle()
        window.picture(pictures / "points_selected.png")
        left, top, width, _ = window.region("VIEW_3D", "UI")
        button = left + width * 0.45, top + SHOW_SURFACE_BELOW_TOP
        window.insist(lambda: window.click(*button), f"len({RUNTIME}.queue.jobs) > 0 or {RUNTIME}.active")
        wait_for_jobs(window, 120)
        assert window.value("bpy.context.object.name") == "Scan Surface"
        # An ellipsoid with half axes 1, 1 and 1.4.
        assert 0.96 < window.value("volume('Scan Surface')") / 5.864 < 1.02
        window.settle()
        window.picture(pictures / "points_surface.png")

        window.run("bpy.data.objects['Scan Surface'].hide_set(True)")
        window.run("bpy.ops.object.select_all(action='DESELECT')")
        x, y = window.value("where('Torus', (1, 0, 0))")
        window.insist(lambda: window.click(x, window.size[1] - y), f"{SELECTED} == ['Torus']")
        window.insist(lambda: window.key("a"), f"{SELECTED} == ['Scan', 'Torus']")
        window.move(left + width / 2, top + 400)
        window.settle()
        window.picture(pictures / "points_ready.png")
        train = left + width * 0.45, top + TRAIN_BELOW_TOP
        window.insist(lambda: window.click(*train), f"len({RUNTIME}.queue.jobs) > 1 or {RUNTIME}.active")
        wait_for_jobs(window, 300)
        window.settle()
        window.picture(pictures / "points_morph.png")
        assert window.value("bpy.context.object.name").startswith("Morph")
        frames = window.value(
            "sorted(item.name for item in bpy.data.objects if item.type == 'MESH' and 'Morph' in item.name)"
        )
        assert len(frames) >= 3
        assert "Traceback" not in window.tail()
