"""What Blender exports, in every format that it has, is read as the same surface, lying the same way, or refused."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest

from tests.addon.morph_frames import part

Exporter = Callable[[str], object]
ROOT = Path(__file__).parents[3]

CORNERS = [[0, 0, 0], [2, 0, 0], [2, 1, 0], [1, 1, 0], [1, 2, 0], [0, 2, 0]]
FACES = [
    [5, 4, 3, 2, 1, 0],
    [6, 7, 8, 9, 10, 11],
    *([a, a + 1, a + 7, a + 6] for a in range(5)),
    [5, 0, 6],
    [5, 6, 11],
]
"""An L of triangles, quads and two polygons that are not convex, over its corners and those above them."""

READ = """\
import json, sys
from pathlib import Path
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.shapes.up_axis import lay_alike
from lipmlp_engine.reading.shape_files import read_shape
found = {}
first = Path(sys.argv[1])
for path in map(Path, sys.argv[2:]):
    try:
        entries = [ShapeInput(str(first)), ShapeInput(str(path))]
        shape = lay_alike([read_shape(first), read_shape(path)], entries, Path("/"))[1]
        found[path.name] = {"area": shape.area, "volume": shape.volume, "bounds": [b.tolist() for b in shape.bounds]}
    except ShapeError as error:
        found[path.name] = {"error": str(error)}
print(json.dumps(found))
"""


def exporters() -> dict[str, Exporter]:
    """Every exporter of this Blender that writes meshes, by the name of a file that it writes."""
    found: dict[str, Exporter] = {}

    def add(name: str, module: Any, operator: str, **options: Any) -> None:
        if operator in dir(module):
            found[name] = lambda path: getattr(module, operator)(filepath=path, **options)

    add("binary.ply", bpy.ops.wm, "ply_export")
    add("text.ply", bpy.ops.wm, "ply_export", ascii_format=True)
    add("triangles.ply", bpy.ops.wm, "ply_export", export_triangulated_mesh=True)
    add("colours.ply", bpy.ops.wm, "ply_export", export_normals=True, export_colors="LINEAR")
    add("a.obj", bpy.ops.wm, "obj_export")
    add("triangles.obj", bpy.ops.wm, "obj_export", export_triangulated_mesh=True)
    add("binary.stl", bpy.ops.wm, "stl_export")
    add("text.stl", bpy.ops.wm, "stl_export", ascii_format=True)
    add("old.stl", bpy.ops.export_mesh, "stl")
    add("a.glb", bpy.ops.export_scene, "gltf", export_format="GLB")
    add("a.gltf", bpy.ops.export_scene, "gltf", export_format="GLTF_SEPARATE")
    add("a.fbx", bpy.ops.export_scene, "fbx")
    add("a.dae", bpy.ops.wm, "collada_export")
    add("a.abc", bpy.ops.wm, "alembic_export")
    add("a.usdc", bpy.ops.wm, "usd_export")
    add("a.usdz", bpy.ops.wm, "usd_export")
    return found


UNREAD = {".fbx", ".dae", ".abc", ".usdc", ".usdz"}
"""What trimesh reads with further packages only, or not at all."""


def test_what_blender_exports_is_read_as_the_same_surface(
    lipmorph: Any, engine_python: Path, printed: Any, tmp_path: Path
) -> None:
    mesh = bpy.data.meshes.new("L")
    mesh.from_pydata([*CORNERS, *([x, y, 1] for x, y, _ in CORNERS)], [], FACES)
    colors = mesh.color_attributes.new("Farbe", "BYTE_COLOR", "POINT")
    mesh.color_attributes.active_color = colors
    solid = bpy.data.objects.new("L", mesh)
    solid.location, solid.rotation_euler, solid.scale = (1, 2, 3), (0.1, 0.2, 0.3), (1.0, 1.5, 0.5)
    bpy.context.scene.collection.objects.link(solid)
    bpy.context.view_layer.objects.active = solid
    solid.select_set(True)
    bpy.context.view_layer.update()
    shape = part("scene.gather").gather(bpy.context, [solid], tmp_path)[0]
    written = []
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")  # another test may have switched it off
    with printed() as output:
        for name, export in exporters().items():
            try:
                export(str(tmp_path / name))
            except (RuntimeError, AttributeError):
                continue  # this Blender was built without it
            assert (tmp_path / name).is_file(), output.text
            written.append(tmp_path / name)
    assert {path.suffix for path in written} >= {".ply", ".obj", ".stl", ".glb", ".gltf"}
    command = [engine_python, "-c", READ, tmp_path / shape.path, tmp_path / shape.path, *written]
    answer = subprocess.run(
        [str(part) for part in command],
        cwd=tempfile.gettempdir(),
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    true = found.pop(Path(shape.path).name)
    for name, values in found.items():
        if "error" in values:
            assert Path(name).suffix in UNREAD, values["error"]
            assert "read by Blender alone" in values["error"] and "export it as GLB" in values["error"]
            continue
        assert values["area"] == pytest.approx(true["area"], rel=1e-4), name
        assert values["volume"] == pytest.approx(true["volume"], rel=1e-4), name
        assert np.allclose(values["bounds"], true["bounds"], atol=1e-4), name
