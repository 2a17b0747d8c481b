"""Makes each example file in a headless Blender, by the operators that an artist presses; runs in Blender's Python.

Uses the installed extension and nothing behind it.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

# Before bpy: it keeps the user's own Blender settings as they are.
from demo_scene import RESOURCES, add_stage, install

import bpy  # isort: skip

FRAMES = 48
LARGEST = 25e6


def _smooth(item: bpy.types.Object) -> bpy.types.Object:
    for face in item.data.polygons:
        face.use_smooth = True
    return item


def monkey() -> bpy.types.Object:
    bpy.ops.mesh.primitive_monkey_add(size=2, rotation=(math.radians(-10), 0, math.radians(25)))
    bpy.context.object.modifiers.new("Smooth", "SUBSURF").levels = 2
    return _smooth(bpy.context.object)


def ring() -> bpy.types.Object:
    bpy.ops.mesh.primitive_torus_add(major_radius=0.85, minor_radius=0.33, rotation=(math.radians(70), 0, 0))
    return _smooth(bpy.context.object)


def letter(text: str) -> bpy.types.Object:
    bpy.ops.object.text_add(rotation=(math.radians(90), 0, 0))
    item = bpy.context.object
    item.name, item.data.body, item.data.size = text, text, 2.2
    item.data.extrude, item.data.align_x, item.data.align_y = 0.2, "CENTER", "CENTER"
    return item


def ball() -> bpy.types.Object:
    bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=5, radius=1.0)
    return _smooth(bpy.context.object)


def bean() -> bpy.types.Object:
    item = ball()
    for vertex in item.data.vertices:
        x, y, z = vertex.co
        vertex.co = (x * (1 + 0.5 * z), y * 0.8, z * 1.2 - 0.5 * x * x)
    return item


def topology() -> None:
    _train(monkey(), ring())


def title() -> None:
    _train(letter("A"), letter("B"), letter("C"))


def shape_keys() -> None:
    bpy.context.scene.lipmorph.result.writer = "SHAPE_KEYS"
    _train(ball(), bean())


SCENES: dict[str, tuple[Callable[[], None], str]] = {
    "a-hole-opens": (topology, "a sequence in which the topology changes, with motion blur"),
    "letters": (title, "a chain of three text objects"),
    "shape-keys": (shape_keys, "one mesh with keyed shape keys"),
}


def _train(*items: bpy.types.Object) -> None:
    settings = bpy.context.scene.lipmorph
    settings.preset = "draft"
    settings.result.frame_start, settings.result.frame_end = 1, FRAMES
    bpy.ops.object.select_all(action="DESELECT")
    for item in items:
        item.select_set(True)
        bpy.context.view_layer.objects.active = item
    if len(items) > 2:
        bpy.ops.lipmorph.add_shapes()
    if bpy.ops.lipmorph.train() != {"FINISHED"}:
        sys.exit("The training did not finish; the engine's reason is above.")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zip", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    output = given.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    install(given.zip)
    for name, (make, what) in SCENES.items():
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        add_stage()
        bpy.context.scene.render.engine = "CYCLES"
        bpy.context.scene.render.use_motion_blur = True
        bpy.context.scene.frame_end = FRAMES
        path = output / f"{name}.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
        make()
        bpy.ops.wm.save_mainfile(compress=True)
        size = path.stat().st_size
        if size > LARGEST:
            sys.exit(f"{path.name} has {size / 1e6:.0f} MB, too many to be offered.")
        print(f"{path}  {size / 1e6:.1f} MB: {what}")


if __name__ == "__main__":
    main()
    # Blender as a module now and then crashes while Python takes it down, with everything written.
    RESOURCES.cleanup()
    sys.stdout.flush()
    os._exit(0)
