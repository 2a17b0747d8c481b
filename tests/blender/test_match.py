"""Show Match and Preserve Lengths in a real window: both run beside it, are photographed, and leave nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
import trimesh

from benchmarks.poses.characters import ARMS_UP, biped
from benchmarks.poses.measures import remeshed

from .conftest import OpenWindow
from .panel_clicks import MODULE, NO_STANDBY, show_tab

LOOK = """
area = next(a for a in bpy.context.screen.areas if a.type == 'VIEW_3D')
region = next(r for r in area.regions if r.type == 'WINDOW')
with bpy.context.temp_override(area=area, region=region):
    bpy.ops.view3d.view_axis(type='FRONT')
    bpy.ops.view3d.view_all(center=False)
for panel in __import__('{module}.ui.settings_panels', fromlist=['CLASSES']).CLASSES:
    if getattr(panel, "bl_label", "") == "Steering":
        bpy.utils.unregister_class(panel)
        panel.bl_options = set()
        bpy.utils.register_class(panel)
"""
SCENE = """
for item in list(bpy.data.objects):
    bpy.data.objects.remove(item)
for name, place in (('standing', -0.8), ('raised', 0.8)):
    bpy.ops.wm.ply_import(filepath=f'{folder}/{{name}}.ply')
    item = bpy.context.object
    item.name, item.location.x = name, place
for item in bpy.data.objects:
    item.select_set(True)
"""
KEYED = """
bpy.ops.lipmorph.hide_match()
item = bpy.data.objects['standing']
for other in bpy.data.objects:
    other.select_set(other == item)
bpy.context.view_layer.objects.active = item
item.shape_key_add(name='Basis')
key = item.shape_key_add(name='Raised')
key.data.foreach_set('co', __import__('numpy').load(f'{folder}/raised.npy').ravel())
item.active_shape_key_index = 1
key.value = 0.5
"""


@pytest.mark.any_blender
def test_a_match_is_shown_and_lengths_are_preserved(open_window: OpenWindow, tmp_path: Path, pictures: Path) -> None:
    import numpy as np

    character = biped()
    skin = character.skin(60)
    posed = character.posed(skin, ARMS_UP)
    for name, mesh in (
        ("standing", (skin.vertices, skin.triangles)),
        ("raised", remeshed(posed, skin.triangles, 66, 1)),
    ):
        trimesh.Trimesh(*mesh, process=False).export(tmp_path / f"{name}.ply")
    np.save(tmp_path / "raised.npy", posed.astype(np.float32))
    with open_window() as window:
        window.settle()
        window.run(NO_STANDBY)
        window.run(SCENE.format(folder=tmp_path))
        show_tab(window)
        window.run(LOOK.format(module=MODULE))
        window.run("bpy.ops.lipmorph.show_match('INVOKE_DEFAULT')")
        assert window.value("len(bpy.data.collections)") < 2  # it runs beside the window
        window.wait_until("'Lipschitz Match' in bpy.data.collections", 240)
        window.settle()
        window.picture(pictures / "match.png")
        window.run(KEYED.format(folder=tmp_path))
        assert window.value("'Lipschitz Match' not in bpy.data.collections")
        window.settle()
        window.picture(pictures / "lengths_before.png")
        window.run("bpy.ops.lipmorph.preserve_lengths('INVOKE_DEFAULT')")
        window.wait_until("len(bpy.data.objects['standing'].data.shape_keys.key_blocks) > 2", 240)
        window.settle()
        window.move(400, 500)
        window.settle()
        window.picture(pictures / "lengths.png")
        assert "Traceback" not in window.tail()
