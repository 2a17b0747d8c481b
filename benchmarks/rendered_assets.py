"""Six textured objects of our own making, as an artist would bring them; builds objects in Blender, renders nothing."""

from __future__ import annotations

import math
from collections.abc import Callable

import bpy
import numpy as np

PAIRS = (("image texture", "normal map"), ("several materials", "vertex colours"), ("text", "hard surface"))
"""Each is morphed into its neighbour, so that six objects take three morphs."""


def build(name: str) -> bpy.types.Object:
    """The object of that name, alone selected."""
    bpy.ops.object.select_all(action="DESELECT")
    item = ASSETS[name]()
    item.name = name
    return item


def nodes_of(name: str) -> tuple[bpy.types.Material, bpy.types.NodeTree]:
    """A new material with a Principled shader."""
    material = bpy.data.materials.new(name)
    if material.node_tree is None:
        material.use_nodes = True
    return material, material.node_tree


def shader_of(tree: bpy.types.NodeTree) -> bpy.types.Node:
    return tree.nodes["Principled BSDF"]


def image(name: str, pixels: np.ndarray, data: bool = False) -> bpy.types.Image:
    """A packed image of (height, width, 3) values."""
    height, width, _ = pixels.shape
    made = bpy.data.images.new(name, width, height)
    if data:
        made.colorspace_settings.name = "Non-Color"
    full = np.concatenate([pixels, np.ones((height, width, 1))], axis=2)
    made.pixels.foreach_set(full.astype(np.float32).ravel())
    made.pack()
    return made


def checks(size: int, cells: int) -> np.ndarray:
    """A colour grid: every cell another hue, with a lighter line around it, so that a seam or a smear shows."""
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    u, v = columns / size * cells, rows / size * cells
    hue = ((np.floor(u) * 7 + np.floor(v) * 13) % (cells * 2)) / (cells * 2)
    colour = 0.5 + 0.4 * np.cos(2 * np.pi * (hue[..., None] + np.array([0.0, 1 / 3, 2 / 3])))
    colour *= np.where((np.floor(u) + np.floor(v)) % 2, 0.55, 1.0)[..., None]
    line = (np.minimum(u % 1, v % 1) < 0.07)[..., None]
    return np.where(line, 0.9, colour)


def bumps(size: int, cells: int) -> np.ndarray:
    """A normal map of round studs."""
    rows, columns = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    u, v = columns / size * cells, rows / size * cells
    x, y = u % 1 - 0.5, v % 1 - 0.5
    height = 0.16 * np.clip(1 - (np.hypot(x, y) / 0.42) ** 2, 0, None) ** 2
    slope_v, slope_u = np.gradient(height, cells / size)
    normal = np.stack([-slope_u, -slope_v, np.ones_like(height)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    return normal / 2 + 0.5


def suzanne_with_an_image() -> bpy.types.Object:
    bpy.ops.mesh.primitive_monkey_add(size=2.0)
    item = bpy.context.object
    item.modifiers.new("Smooth", "SUBSURF").levels = 2
    for face in item.data.polygons:
        face.use_smooth = True
    material, tree = nodes_of("Checked")
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image("Checks", checks(1024, 24))
    tree.links.new(texture.outputs["Color"], shader_of(tree).inputs["Base Color"])
    item.data.materials.append(material)
    return item


def studded_vase() -> bpy.types.Object:
    bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32)
    item = bpy.context.object
    for vertex in item.data.vertices:
        height = vertex.co.z
        wide = 0.75 + 0.25 * math.sin(3.2 * height + 0.6)
        vertex.co.x *= wide
        vertex.co.y *= wide
        vertex.co.z *= 1.2
    for face in item.data.polygons:
        face.use_smooth = True
    material, tree = nodes_of("Studded")
    texture, normal = tree.nodes.new("ShaderNodeTexImage"), tree.nodes.new("ShaderNodeNormalMap")
    place, scale = tree.nodes.new("ShaderNodeTexCoord"), tree.nodes.new("ShaderNodeMapping")
    texture.image = image("Studs", bumps(512, 4), data=True)
    scale.inputs["Scale"].default_value = (4.0, 2.0, 1.0)
    tree.links.new(place.outputs["UV"], scale.inputs["Vector"])
    tree.links.new(scale.outputs["Vector"], texture.inputs["Vector"])
    tree.links.new(texture.outputs["Color"], normal.inputs["Color"])
    tree.links.new(normal.outputs["Normal"], shader_of(tree).inputs["Normal"])
    shader_of(tree).inputs["Base Color"].default_value = (0.6, 0.28, 0.1, 1.0)
    shader_of(tree).inputs["Roughness"].default_value = 0.35
    item.data.materials.append(material)
    return item


def toy_with_materials() -> bpy.types.Object:
    """A smooth monkey in four materials, its eyes in one of their own."""
    bpy.ops.mesh.primitive_monkey_add(size=2.0)
    item = bpy.context.object
    for face in item.data.polygons:
        face.use_smooth = True
    colours = {"Fur": (0.25, 0.12, 0.05), "Skin": (0.8, 0.5, 0.35), "Eyes": (0.9, 0.9, 0.95), "Ears": (0.1, 0.35, 0.5)}
    for name, colour in colours.items():
        material, tree = nodes_of(name)
        shader_of(tree).inputs["Base Color"].default_value = (*colour, 1.0)
        shader_of(tree).inputs["Roughness"].default_value = 0.1 if name == "Eyes" else 0.6
        item.data.materials.append(material)
    eyes = {vertex for face in item.data.polygons if face.index < 32 for vertex in face.vertices}
    for face in item.data.polygons:
        middle = face.center
        face.material_index = 0
        if abs(middle.x) > 0.75:
            face.material_index = 3
        elif middle.y < -0.35 and middle.z < 0.35:
            face.material_index = 1
        if all(vertex in eyes for vertex in face.vertices):
            face.material_index = 2
    item.modifiers.new("Smooth", "SUBSURF").levels = 2
    return item


def painted_ring() -> bpy.types.Object:
    bpy.ops.mesh.primitive_torus_add(major_segments=96, minor_segments=48, major_radius=0.8, minor_radius=0.36)
    item = bpy.context.object
    item.rotation_euler = (math.radians(60), 0, 0)
    for face in item.data.polygons:
        face.use_smooth = True
    paint = item.data.color_attributes.new("Paint", "FLOAT_COLOR", "POINT")
    places = np.empty((len(item.data.vertices), 3), np.float32)
    item.data.vertices.foreach_get("co", places.ravel())
    turn = np.arctan2(places[:, 1], places[:, 0])
    colour = 0.5 + 0.45 * np.cos(3 * turn[:, None] + np.array([0.0, 2.1, 4.2]) + 4 * places[:, 2:])
    paint.data.foreach_set("color", np.c_[colour, np.ones(len(colour))].astype(np.float32).ravel())
    item.data.color_attributes.active_color = paint
    material, tree = nodes_of("Painted")
    colours = tree.nodes.new("ShaderNodeVertexColor")
    colours.layer_name = "Paint"
    tree.links.new(colours.outputs["Color"], shader_of(tree).inputs["Base Color"])
    item.data.materials.append(material)
    return item


def letters() -> bpy.types.Object:
    bpy.ops.object.text_add()
    item = bpy.context.object
    item.data.body, item.data.size = "Rg", 1.9
    item.data.align_x, item.data.align_y = "CENTER", "CENTER"
    item.data.extrude, item.data.bevel_depth, item.data.bevel_resolution = 0.25, 0.04, 2
    item.rotation_euler = (math.radians(90), 0, 0)
    material, tree = nodes_of("Lacquer")
    texture, ramp = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeValToRGB")
    texture.inputs["Scale"].default_value = 6.0
    ramp.color_ramp.elements[0].color = (0.5, 0.03, 0.03, 1.0)
    ramp.color_ramp.elements[1].color = (0.95, 0.7, 0.2, 1.0)
    tree.links.new(texture.outputs[0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], shader_of(tree).inputs["Base Color"])
    shader_of(tree).inputs["Roughness"].default_value = 0.3
    item.data.materials.append(material)
    return item


def machine_part() -> bpy.types.Object:
    """A block with a bore and bevels whose normals are hardened, unwrapped onto a grid."""
    bpy.ops.mesh.primitive_cylinder_add(vertices=48, radius=0.45, depth=3.0)
    bore = bpy.context.object
    bore.rotation_euler = (math.radians(90), 0, 0)
    bpy.ops.mesh.primitive_cube_add(size=1.0)
    item = bpy.context.object
    item.scale = (1.9, 1.1, 1.5)
    bpy.ops.object.transform_apply(location=False, rotation=False, scale=True)
    hole = item.modifiers.new("Bore", "BOOLEAN")
    hole.operation, hole.object = "DIFFERENCE", bore
    bevel = item.modifiers.new("Bevel", "BEVEL")
    bevel.width, bevel.segments, bevel.limit_method = 0.05, 3, "ANGLE"
    bevel.harden_normals = True
    for modifier in (hole, bevel):
        bpy.ops.object.modifier_apply(modifier=modifier.name)
    bpy.data.objects.remove(bore)
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.uv.smart_project(angle_limit=math.radians(60), island_margin=0.02)
    bpy.ops.object.mode_set(mode="OBJECT")
    item.rotation_euler = (math.radians(15), 0, math.radians(30))
    material, tree = nodes_of("Machined")
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = image("Grid", 0.35 + 0.5 * checks(1024, 16))
    tree.links.new(texture.outputs["Color"], shader_of(tree).inputs["Base Color"])
    shader_of(tree).inputs["Metallic"].default_value = 0.6
    shader_of(tree).inputs["Roughness"].default_value = 0.35
    item.data.materials.append(material)
    return item


ASSETS: dict[str, Callable[[], bpy.types.Object]] = {
    "image texture": suzanne_with_an_image,
    "normal map": studded_vase,
    "several materials": toy_with_materials,
    "vertex colours": painted_ring,
    "text": letters,
    "hard surface": machine_part,
}
