"""Makes each example file in a headless Blender, by the operators that an artist presses; runs in Blender's Python.

Uses the installed extension and nothing behind it.
"""

from __future__ import annotations

import argparse
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


def letter(text: str, color: Color) -> bpy.types.Object:
    bpy.ops.object.text_add(rotation=(math.radians(90), 0, 0))
    item = bpy.context.object
    item.name, item.data.body, item.data.size = text, text, 2.6
    item.location.z = -0.9
    item.data.extrude, item.data.align_x, item.data.resolution_u = 0.22, "CENTER", 6
    return painted(item, color)


def from_file(folder: Path, name: str, color: Color, height: float) -> bpy.types.Object:
    """A shape of the manual's, as tall as asked for, its feet on the floor."""
    bpy.ops.wm.ply_import(filepath=str(folder / f"{name}.ply"))
    item = bpy.context.object
    item.name = name.replace("-", " ").capitalize()
    low = min(vertex.co.z for vertex in item.data.vertices)
    tall = max(vertex.co.z for vertex in item.data.vertices) - low
    for vertex in item.data.vertices:
        vertex.co *= height / tall
        vertex.co.z -= low * height / tall + 1.25
    return painted(smooth(item), color)


def textured(_shapes: Path) -> list[bpy.types.Object]:
    _settings().extraction.budget = 2_600
    return [monkey(), ball()]


def character(shapes: Path) -> list[bpy.types.Object]:
    _settings().result.writer = "SHAPE_KEYS"
    standing = from_file(shapes, "person", ORANGE, 2.3)
    cheering = from_file(shapes, "person-cheers", ORANGE, 2.3)
    return [standing, cheering]


def title(_shapes: Path) -> list[bpy.types.Object]:
    _settings().extraction.budget = 1_500
    return [letter("A", ORANGE), letter("B", CREAM), letter("C", BLUE)]


def holes(shapes: Path) -> list[bpy.types.Object]:
    _settings().extraction.budget = 2_600
    return [from_file(shapes, "vase", GREEN, 2.2), from_file(shapes, "knot", ORANGE, 1.8)]


@dataclass(frozen=True)
class Scene:
    """What is morphed, and how many frames of it are stored."""

    shapes: Callable[[Path], list[bpy.types.Object]]
    stored: int


SCENES = {
    "textured": Scene(textured, 12),
    "character": Scene(character, 24),
    "title": Scene(title, 16),
    "holes": Scene(holes, 14),
}


def _settings() -> bpy.types.PropertyGroup:
    return bpy.context.scene.lipmorph


def _train(items: list[bpy.types.Object]) -> None:
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
        scene.cycles.samples, scene.cycles.use_denoising, scene.cycles.max_bounces = 64, True, 4
        scene.render.use_motion_blur = True
        scene.frame_end = FRAMES
        settings = _settings()
        settings.preset = "draft"
        settings.extraction.frames = chosen.stored
        settings.result.frame_start, settings.result.frame_end = 1, FRAMES
        path = output / f"{name}.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
        _train(chosen.shapes(given.shapes.resolve()))
        bpy.ops.wm.save_mainfile(compress=True)
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB", flush=True)


if __name__ == "__main__":
    main()
    # Blender as a module now and then crashes while Python takes it down, with everything written.
    RESOURCES.cleanup()
    sys.stdout.flush()
    os._exit(0)
