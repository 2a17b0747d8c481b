"""Morphs pairs of textured objects in a headless Blender and renders both ends beside the objects themselves.

Runs in Blender's Python, with LIPMORPH_PYTHON naming the engine's; ``rendered.py`` starts it and compares the pictures.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
RESOURCES = tempfile.TemporaryDirectory(prefix="lipmorph-rendered-")
# Before bpy is imported: the user's own Blender settings stay as they are.
os.environ["BLENDER_USER_RESOURCES"] = RESOURCES.name

import bpy  # noqa: E402
from mathutils import Vector  # noqa: E402
from rendered_assets import PAIRS, build  # noqa: E402

MODULE = "bl_ext.user_default.lipmlp_blender"
SIZE = 512
SAMPLES = 64
FRAMES = 24


def add_stage() -> None:
    """A camera, two lights and a grey sky; nothing behind the object, so that its pixels are known."""
    scene = bpy.context.scene
    for place, energy, size in (((-4, -5, 5), 500, 3), ((5, -1, 3), 200, 2)):
        light = bpy.data.lights.new("Light", "AREA")
        light.energy, light.size = energy, size
        item = bpy.data.objects.new("Light", light)
        item.location = place
        item.rotation_euler = (-Vector(place)).to_track_quat("-Z", "Y").to_euler()
        scene.collection.objects.link(item)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = (1.2, -5.2, 1.3)
    camera.rotation_euler = (-camera.location).to_track_quat("-Z", "Y").to_euler()
    camera.data.lens = 55
    scene.collection.objects.link(camera)
    scene.camera = camera
    scene.world = bpy.data.worlds.new("Sky")
    if scene.world.node_tree is None:
        scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.4, 0.42, 0.48, 1.0)
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = SAMPLES, True, 3
    scene.render.film_transparent = True
    scene.render.resolution_x = scene.render.resolution_y = SIZE
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGBA"


def render(path: Path, shown: bpy.types.Object) -> None:
    """The object alone."""
    for item in bpy.context.scene.objects:
        if item.type not in {"LIGHT", "CAMERA"}:
            item.hide_render = item != shown
    bpy.context.scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def morph(first: bpy.types.Object, second: bpy.types.Object, preset: str, cells: int) -> bpy.types.Object:
    """What the button makes of the two."""
    settings = bpy.context.scene.lipmorph
    settings.preset = preset
    if cells:
        settings.extraction.resolution = cells
    settings.extraction.frames = FRAMES
    settings.result.frame_start, settings.result.frame_end = 1, FRAMES
    bpy.ops.object.select_all(action="DESELECT")
    for item in (first, second):
        item.select_set(True)
    bpy.context.view_layer.objects.active = second
    if bpy.ops.lipmorph.train() != {"FINISHED"}:
        sys.exit("The training did not finish; the engine's reason is above.")
    return bpy.context.view_layer.objects.active


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zip", type=Path, required=True, help="the packed extension")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--cells", type=int, default=0)
    parser.add_argument("--pairs", type=int, nargs="*", default=range(len(PAIRS)))
    options = parser.parse_args()
    bpy.ops.extensions.package_install_files(
        filepath=str(options.zip), repo="user_default", enable_on_install=True, overwrite=True
    )
    for pair in options.pairs:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        add_stage()
        names = PAIRS[pair]
        ends = [build(name) for name in names]
        for name, item in zip(names, ends, strict=True):
            render(options.output / f"{name} source.png", item)
        result = morph(*ends, options.preset, options.cells)
        for name, frame in zip((names[0], "half-way", names[1]), (1, (FRAMES + 1) // 2, FRAMES), strict=True):
            bpy.context.scene.frame_set(frame)
            label = f"{names[0]} to {names[1]} half-way" if name == "half-way" else f"{name} morph"
            render(options.output / f"{label}.png", result)
        bpy.ops.wm.save_as_mainfile(filepath=str(options.output / f"{names[0]} to {names[1]}.blend"))


if __name__ == "__main__":
    main()
    # Blender as a module now and then crashes while Python takes it down, with everything written.
    RESOURCES.cleanup()
    sys.stdout.flush()
    os._exit(0)
