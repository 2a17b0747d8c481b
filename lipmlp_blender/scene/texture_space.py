"""Keeps procedural textures where they were on the source: its Object and Generated coordinates on the morph."""

from __future__ import annotations

import bpy
from mathutils import Matrix, Vector

from .gather import ShapeSlots


def pin_texture_space(
    tree: bpy.types.NodeTree, node: bpy.types.Node, end: ShapeSlots, space: Matrix
) -> list[bpy.types.Node]:
    """Bring the coordinates that leave a Texture Coordinate node into the source's own space; returns the nodes added.

    ``space`` is the morph's own object space in the world, so that textures follow when the morph is moved. A source
    that is sheared in it cannot be expressed in a Mapping node and keeps its rotation and scale only.
    """
    local = space.inverted_safe() @ Matrix(end.matrix)
    location, rotation, scale = local.decompose()
    low, high = (Vector(corner) for corner in end.bounds)
    size = Vector(max(upper - lower, 1e-9) for lower, upper in zip(low, high, strict=True))
    spaces = {
        "Object": (location, scale),
        "Generated": (local @ low, Vector(factor * length for factor, length in zip(scale, size, strict=True))),
    }
    added = []
    for name, (place, extent) in spaces.items():
        links = list(node.outputs[name].links)
        if not links:
            continue
        ends = [link.to_socket for link in links]
        mapping = tree.nodes.new("ShaderNodeMapping")
        mapping.label = f"{end.name}: {name}"
        mapping.vector_type = "TEXTURE"
        mapping.location = (node.location.x, node.location.y - 300.0 - 400.0 * len(added))
        mapping.inputs["Location"].default_value = place
        mapping.inputs["Rotation"].default_value = rotation.to_euler("XYZ")
        mapping.inputs["Scale"].default_value = [factor or 1.0 for factor in extent]
        tree.links.new(node.outputs["Object"], mapping.inputs["Vector"])
        for socket in ends:
            tree.links.new(mapping.outputs["Vector"], socket)
        added.append(mapping)
    return added
