"""Shapes with maps, and materials that read them."""

from __future__ import annotations

from typing import Any

import bpy

from .morph_frames import part

IDENTITY = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]


MAP = ["UVMap", "uv", "corner"]


def shape(name: str, *layers: list[str], **values: Any) -> Any:
    uv = next((layer[0] for layer in layers if layer[1] == "uv"), "")
    known = {"matrix": IDENTITY, "bounds": [[-1, -1, -1], [1, 1, 1]], "map": uv, "layers": list(layers), **values}
    return part("scene.gather").ShapeSlots(name=name, **known)


def textured(name: str) -> bpy.types.Material:
    """An image texture that takes the active map, as artists leave it."""
    made = bpy.data.materials.new(name)
    part("compat").use_nodes(made)
    texture = made.node_tree.nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.new(name, 4, 4)
    made.node_tree.links.new(texture.outputs[0], made.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
    return made


def of_kind(tree: bpy.types.NodeTree, kind: str) -> list[bpy.types.Node]:
    return [node for node in tree.nodes if node.bl_idname == kind]
