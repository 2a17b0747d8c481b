"""Makes each example file in a headless Blender, by the operators that an artist presses; runs in Blender's Python.

Uses the installed extension and nothing behind it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "benchmarks"))

# Before bpy: it keeps the user's own Blender settings as they are.
from demo_scene import RESOURCES, add_stage, install
from rendered_assets import nodes_of, shader_of

import bpy  # isort: skip

FRAMES = 48
"""Of the timeline; between stored frames the player moves vertices along their velocity."""
STORY = "lipmlp_morph_story"
"""Where the object of a result keeps what it remembers of its making."""
Color = tuple[float, float, float]
ORANGE, BLUE, CREAM, GREEN = (0.9, 0.33, 0.07), (0.05, 0.22, 0.7), (0.85, 0.78, 0.62), (0.1, 0.42, 0.16)


def painted(item: bpy.types.Object, color: Color, second: Color | None = None, cells: float = 16.0) -> bpy.types.Object:
    """A material of one colour, or a checker on the object's own UV map, which needs no image in the file."""
    material, tree = nodes_of(item.name)
    shader = shader_of(tree)
    shader.inputs["Roughness"].default_value = 0.35
    shader.inputs["Base Color"].default_value = (*color, 1.0)
    material.diffuse_color = (*color, 1.0)
    if second is not None:
        place, checker = tree.nodes.new("ShaderNodeTexCoord"), tree.nodes.new("ShaderNodeTexChecker")
        checker.inputs["Color1"].default_value, checker.inputs["Color2"].default_value = (*color, 1.0), (*second, 1.0)
        checker.inputs["Scale"].default_value = cells
        tree.links.new(place.outputs["UV"], checker.inputs["Vector"])
        tree.links.new(checker.outputs["Color"], shader.inputs["Base Color"])
    item.data.materials.clear()
    item.data.materials.append(material)
    return item


def smooth(item: bpy.types.Object) -> bpy.types.Object:
    for face in item.data.polygons:
        face.use_smooth = True
    return item


def monkey() -> bpy.types.Object:
    bpy.ops.mesh.primitive_monkey_add(size=2, rotation=(math.radians(-10), 0, math.radians(25)))
    bpy.context.object.modifiers.new("Smooth", "SUBSURF").levels = 2
    return painted(smooth(bpy.context.object), ORANGE, CREAM, cells=24)


def ball() -> bpy.types.Object:
    bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24, radius=1.0)
    bpy.context.object.name = "Ball"
    return painted(smooth(bpy.context.object), BLUE, CREAM, cells=12)


def from_file(folder: Path, name: str, color: Color, scale: float, middle: float = 0.0) -> bpy.types.Object:
    """A shape of the manual's that stands at height zero, made larger and set onto the floor, its middle above zero."""
    bpy.ops.wm.ply_import(filepath=str(folder / f"{name}.ply"))
    item = bpy.context.object
    item.name = name.replace("-", " ").capitalize()
    for vertex in item.data.vertices:
        vertex.co.x -= middle
        vertex.co *= scale
        vertex.co.z -= 1.25
    return painted(item, color)


def two_balls() -> bpy.types.Object:
    """One object of two parts."""
    parts = []
    for side in (-1, 1):
        bpy.ops.mesh.primitive_uv_sphere_add(segments=32, ring_count=16, radius=0.55, location=(0.95 * side, 0, 0))
        parts.append(bpy.context.object)
    for part in parts:
        part.select_set(True)
    bpy.ops.object.join()
    bpy.context.object.name = "Two Balls"
    return painted(smooth(_without_maps(bpy.context.object)), GREEN)


def ring() -> bpy.types.Object:
    bpy.ops.mesh.primitive_torus_add(
        major_segments=64, minor_segments=24, major_radius=0.85, minor_radius=0.33, rotation=(math.radians(70), 0, 0)
    )
    bpy.context.object.name = "Ring"
    return painted(smooth(_without_maps(bpy.context.object)), ORANGE)


def _without_maps(item: bpy.types.Object) -> bpy.types.Object:
    """Where no material reads them, maps would only make the file larger."""
    while item.data.uv_layers:
        item.data.uv_layers.remove(item.data.uv_layers[0])
    return item


def textured(_shapes: Path) -> list[bpy.types.Object]:
    return [monkey(), ball()]


def character(shapes: Path) -> list[bpy.types.Object]:
    settings = bpy.context.scene.lipmorph
    settings.result.writer = "SHAPE_KEYS"
    settings.extraction.key_tolerance = 0.6
    return [smooth(from_file(shapes, name, ORANGE, 1.12)) for name in ("person", "person-cheers")]


def title(shapes: Path) -> list[bpy.types.Object]:
    return [from_file(shapes, name, color, 2.3, 0.33) for name, color in zip("iha", (ORANGE, CREAM, BLUE), strict=True)]


def topology(_shapes: Path) -> list[bpy.types.Object]:
    return [two_balls(), ring()]


@dataclass(frozen=True)
class Scene:
    """What is morphed, how many frames of it are stored, and how fine they are."""

    shapes: Callable[[Path], list[bpy.types.Object]]
    stored: int
    cells: int


SCENES = {
    "textured": Scene(textured, 9, 36),
    "character": Scene(character, 24, 0),
    "title": Scene(title, 13, 44),
    "topology": Scene(topology, 11, 40),
}


def _train(items: list[bpy.types.Object]) -> None:
    bpy.ops.object.select_all(action="DESELECT")
    for item in items:
        item.select_set(True)
        bpy.context.view_layer.objects.active = item
    if len(items) > 2:
        bpy.ops.lipmorph.add_shapes()
        for entry, item in zip(bpy.context.scene.lipmorph.shapes, items, strict=True):
            entry.object = item
    if bpy.ops.lipmorph.train() != {"FINISHED"}:
        sys.exit("The training did not finish; the engine's reason is above.")


def forget_the_training() -> None:
    """A file that is given away leads to no folder of whoever made it."""
    for item in bpy.data.objects:
        if STORY in item:
            item[STORY] = json.dumps(json.loads(item[STORY]) | {"job_folder": "", "model_path": "", "made_in": ""})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zip", type=Path, required=True)
    parser.add_argument("--shapes", type=Path, required=True, help="folder with the manual's shapes as PLY files")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--names", nargs="*", choices=SCENES, default=list(SCENES))
    given = parser.parse_args()
    output = given.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    install(given.zip)
    for name in given.names:
        bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
        add_stage()
        scene, chosen = bpy.context.scene, SCENES[name]
        scene.render.engine = "CYCLES"
        scene.cycles.samples, scene.cycles.max_bounces = 96, 4
        scene.cycles.use_denoising = False  # not every build of Blender can
        scene.render.use_motion_blur = True
        scene.frame_end = FRAMES
        settings = scene.lipmorph
        settings.preset = "draft"
        settings.extraction.frames, settings.extraction.resolution = chosen.stored, chosen.cells
        settings.result.frame_start, settings.result.frame_end = 1, FRAMES
        path = output / f"{name}.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
        _train(chosen.shapes(given.shapes.resolve()))
        forget_the_training()
        bpy.ops.wm.save_mainfile(compress=True)
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
    # Blender as a module now and then crashes while Python takes it down, with everything written.
    RESOURCES.cleanup()
    sys.stdout.flush()
    os._exit(0)
