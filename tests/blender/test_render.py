"""What only a graphics card's driver draws: EEVEE renders the sequence, and the Solid view shows its blended colour."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fake_engine.stand_in_results import ball

from .conftest import OpenWindow, refuse
from .panel_clicks import MODULE
from .window import BlenderWindow

SIZE = (96, 48)
SCENE = """
import importlib
from pathlib import Path
def part(name): return importlib.import_module('{module}.' + name)
for item in list(bpy.data.objects): bpy.data.objects.remove(item)
def glowing(name, color):
    material = bpy.data.materials.new(name)
    material.diffuse_color = color
    part('compat').use_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    glow, output = tree.nodes.new('ShaderNodeEmission'), tree.nodes.new('ShaderNodeOutputMaterial')
    glow.inputs['Color'].default_value = color
    tree.links.new(glow.outputs[0], output.inputs['Surface'])
    return part('scene.gather').ShapeSlots(name=name, materials=[name])
write = part('scene.write')
frames = sorted(Path({frames!r}).glob('*.npz'))
looks = [glowing('Red', (1, 0, 0, 1)), glowing('Blue', (0, 0, 1, 1))]
spec = write.ResultSpec(frame_paths=frames, frame_start=1, frame_end=9, easing='LINEAR', slots=looks)
write.write_result(bpy.context, spec)
scene = bpy.context.scene
scene.world.node_tree.nodes['Background'].inputs['Strength'].default_value = 0.0
scene.camera = bpy.data.objects.new('Camera', bpy.data.cameras.new('Camera'))
scene.collection.objects.link(scene.camera)
scene.camera.location, scene.camera.rotation_euler = (1, -20, 0), (1.5707963, 0, 0)
scene.camera.data.type, scene.camera.data.ortho_scale = 'ORTHO', 8.0
scene.render.engine, scene.eevee.taa_render_samples = part('compat').EEVEE, 4
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = {size[0]}, {size[1]}, 100
scene.render.image_settings.file_format = 'PNG'
scene.view_settings.view_transform = 'Raw'
space = next(a for a in bpy.context.screen.areas if a.type == 'VIEW_3D').spaces.active
space.shading.type, space.shading.color_type, space.shading.light = 'SOLID', 'MATERIAL', 'FLAT'
space.shading.background_type = 'VIEWPORT'
space.shading.background_color = (0, 0, 0)
space.overlay.show_overlays = False
space.region_3d.view_perspective = 'CAMERA'
def picture(frame, path, solid):
    scene.frame_set(frame)
    scene.render.filepath = path
    if solid:
        area = next(a for a in bpy.context.screen.areas if a.type == 'VIEW_3D')
        with bpy.context.temp_override(area=area, region=next(r for r in area.regions if r.type == 'WINDOW')):
            bpy.ops.render.opengl(write_still=True)
    else:
        bpy.ops.render.render(write_still=True)
def pixels(path):
    image = bpy.data.images.load(path)
    image.colorspace_settings.name = 'Non-Color'
    return list(image.pixels)
"""


@pytest.mark.parametrize("solid", [False, True], ids=["eevee", "solid view"])
def test_the_surface_moves_and_its_colour_blends(
    open_window: OpenWindow, tmp_path: Path, pictures: Path, solid: bool
) -> None:
    (tmp_path / "frames").mkdir()
    for index in range(9):
        ball(index / 8, 32).save(tmp_path / "frames" / f"frame_{index:04}.npz")
    with open_window() as window:
        window.run(SCENE.format(module=MODULE, frames=str(tmp_path / "frames"), size=SIZE))
        centres = []
        for frame, red in ((1, 1.0), (5, 0.5), (9, 0.0)):
            shot = picture(window, frame, pictures / f"{'solid' if solid else 'eevee'}_{frame}.png", solid)
            lit = shot.max(axis=2) > 0.2
            assert 100 < lit.sum() < 0.5 * lit.size
            centres.append(np.flatnonzero(lit.any(axis=0)).mean() * 8.0 / SIZE[0])
            core = shot[shot.max(axis=2) > 0.4].mean(axis=0)
            np.testing.assert_allclose(core, [red, 0, 1 - red], atol=0.08)
        np.testing.assert_allclose(np.diff(centres), 1.0, atol=0.2)  # the ball goes two units in all


def picture(window: BlenderWindow, frame: int, path: Path, solid: bool) -> np.ndarray:
    """Render a frame; skips where this machine's driver cannot."""
    path.unlink(missing_ok=True)
    window.run(f"picture({frame}, {str(path)!r}, {solid})", 180)
    if not path.exists():
        refuse(f"this machine's graphics driver draws no {'view' if solid else 'EEVEE'}")
    return np.array(window.value(f"pixels({str(path)!r})")).reshape(SIZE[1], SIZE[0], 4)[:, :, :3]
