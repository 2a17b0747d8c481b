"""The pad of a pose space in a real window: a drag in its square moves two sliders and the mesh; Esc takes it back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from .conftest import OpenWindow
from .panel_clicks import MODULE, ready_window

WRITE = f"""
from pathlib import Path
space = __import__('{MODULE}.scene.pose_space', fromlist=['pose_space'])
mesh = bpy.data.meshes.new('Bar')
mesh.from_pydata(rest, [], faces)
item = bpy.data.objects.new('Bar', mesh)
bpy.context.scene.collection.objects.link(item)
for other in list(bpy.data.objects):
    if other != item:
        bpy.data.objects.remove(other)
bpy.context.view_layer.update()
window = bpy.context.window_manager.windows[0]
area = next(area for area in window.screen.areas if area.type == 'VIEW_3D')
region = next(region for region in area.regions if region.type == 'WINDOW')
with bpy.context.temp_override(window=window, area=area, region=region):
    for _ in space.write_space_in_slices(bpy.context, Path(grid), 'Bar'):
        pass
"""
OPEN = """
window = bpy.context.window_manager.windows[0]
area = next(area for area in window.screen.areas if area.type == 'VIEW_3D')
region = next(region for region in area.regions if region.type == 'WINDOW')
with bpy.context.temp_override(window=window, area=area, region=region):
    bpy.ops.lipmorph.pose_pad('INVOKE_DEFAULT')
"""
SLIDERS = "[bpy.context.object['Pose 1'], bpy.context.object['Pose 2']]"


def bar(folder: Path) -> tuple[str, str]:
    """A strip that bends at one third and at two; its grid as the engine writes it, and the strip as Python."""
    along = np.linspace(-1.5, 1.5, 31)
    meshes = []
    for first in (-1, 0, 1):
        for second in (-1, 0, 1):
            turn = first * np.clip(2 * along + 1.5, 0, 1) + second * np.clip(2 * along - 0.5, 0, 1)
            line = np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1), axis=0) * 0.1 - [1.5, 0]
            sides = [np.column_stack([line[:, 0], np.full(31, y), line[:, 1] + 1]) for y in (-0.3, 0.3)]
            meshes.append(np.stack(sides, 1).reshape(-1, 3))
    path = folder / "grid.npz"
    names = np.array(json.dumps([["Low"], ["High"], ["Wave"]]))
    codes = np.array([[-1, -1], [1, 1], [1, -1.0]])
    nodes = np.tile(np.linspace(-1, 1, 3), (2, 1))
    positions = np.asarray(meshes, np.float32)
    np.savez(path, positions=positions, nodes=nodes, codes=codes, names=names, pose_size=np.array(2))
    faces = [[2 * k, 2 * k + 2, 2 * k + 3, 2 * k + 1] for k in range(30)]
    return f"grid = {str(path)!r}\nrest = {meshes[4].tolist()!r}\nfaces = {faces!r}\n", str(path)


def test_a_drag_in_the_pad_moves_two_sliders_and_escape_takes_it_back(
    open_window: OpenWindow, tmp_path: Path, engine_python: Path, pictures: Path
) -> None:
    with ready_window(open_window, tmp_path, engine_python) as window:
        window.run(bar(tmp_path)[0] + WRITE)
        assert window.value(SLIDERS) == [-1, -1]
        window.run(OPEN)
        window.settle()
        left, top, _, height = window.region("VIEW_3D", "WINDOW")
        scale = window.value("bpy.context.preferences.system.ui_scale")
        low, side = 50 * scale, 200 * scale

        def at(x: float, y: float) -> tuple[float, float]:
            return left + low + side * (x + 1) / 2, top + height - low - side * (y + 1) / 2

        window.drag(at(0, 0), at(0.8, -0.6))
        found = window.value(SLIDERS)
        assert abs(found[0] - 0.8) < 0.03 and abs(found[1] + 0.6) < 0.03
        window.picture(pictures / "pose_pad.png")
        window.key("Return")
        window.run(OPEN)
        window.settle()
        window.drag(at(0.8, -0.6), at(-0.5, 0.5))
        assert window.value(SLIDERS)[0] < -0.4
        window.key("Escape")
        window.settle()
        assert np.allclose(window.value(SLIDERS), found, atol=1e-5)
        assert "Traceback" not in window.tail()
