"""Lets a material's nodes read on the morph what they read on their own shape: its maps, colours and texture space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import bpy
from mathutils import Matrix

from .gather import ShapeSlots
from .layer_names import NO_MAP
from .texture_space import pin_texture_space

GENERATED = {
    f"ShaderNodeTex{name}" for name in ("Noise", "Voronoi", "Wave", "Magic", "Checker", "Brick", "Gradient", "Gabor")
}
"""Textures that take Generated coordinates where nothing leads into them."""


@dataclass(frozen=True)
class Reading:
    """What one shape's things are called on the morph."""

    end: ShapeSlots
    colors: str
    """The shape's colours."""
    names: dict[str, str]
    """Its maps and attributes."""
    space: Matrix
    """The morph's own object space in the world."""
    own: Callable[[bpy.types.NodeTree], bpy.types.NodeTree]
    """Makes a copy of a node group that belongs to the result."""
    groups: dict[bpy.types.NodeTree, bpy.types.NodeTree] = field(default_factory=dict)

    @property
    def map(self) -> str:
        """The map that is read where none is named."""
        return self.names.get(self.end.map, NO_MAP)


def reads_its_shape(tree: bpy.types.NodeTree) -> bool:
    """Whether a material would look different on another shape that has other maps or lies elsewhere."""
    for node in tree.nodes:
        group = getattr(node, "node_tree", None)
        if group is not None and reads_its_shape(group):
            return True
        if node.bl_idname == "ShaderNodeTexCoord" and any(
            node.outputs[name].is_linked for name in ("UV", "Generated", "Object")
        ):
            return True
        if node.bl_idname in {"ShaderNodeUVMap", "ShaderNodeNormalMap", "ShaderNodeTangent", "ShaderNodeAttribute"}:
            return True
        if _is_unlinked_texture(node, GENERATED | {"ShaderNodeTexImage"}):
            return True
    return False


def has_maps_to_read(material: bpy.types.Material) -> bool:
    """The same of a material."""
    return material.node_tree is not None and reads_its_shape(material.node_tree)


def let_read(tree: bpy.types.NodeTree, nodes: list[bpy.types.Node], reading: Reading) -> None:
    """Adapt the nodes; those that have to be added are appended to the list."""
    for node in list(nodes):
        kind = node.bl_idname
        if kind == "ShaderNodeVertexColor":
            # Without a name they are the active ones.
            node.layer_name = _colors(node.layer_name or reading.end.color_attribute, reading)
        elif kind == "ShaderNodeAttribute" and node.attribute_type == "GEOMETRY" and node.attribute_name:
            node.attribute_name = _colors(node.attribute_name, reading)
        elif kind in {"ShaderNodeUVMap", "ShaderNodeNormalMap", "ShaderNodeTangent"}:
            node.uv_map = reading.names.get(node.uv_map, NO_MAP) if node.uv_map else reading.map
        elif kind == "ShaderNodeTexCoord" and node.object is None:
            if node.outputs["UV"].is_linked:
                nodes.append(_name_map(tree, node, reading))
            if reading.end.matrix:
                nodes.extend(pin_texture_space(tree, node, reading.end, reading.space))
        elif _is_unlinked_texture(node, {"ShaderNodeTexImage"}):
            added = _map_node(tree, node, reading)
            tree.links.new(added.outputs["UV"], node.inputs["Vector"])
            nodes.append(added)
        elif _is_unlinked_texture(node, GENERATED) and reading.end.matrix:
            place = tree.nodes.new("ShaderNodeTexCoord")
            place.location = (node.location.x - 400.0, node.location.y)
            tree.links.new(place.outputs["Generated"], node.inputs["Vector"])
            nodes.extend([place, *pin_texture_space(tree, place, reading.end, reading.space)])
        elif kind == "ShaderNodeGroup" and node.node_tree is not None and reads_its_shape(node.node_tree):
            node.node_tree = _group(node.node_tree, reading)


def _colors(name: str, reading: Reading) -> str:
    """The colours or attribute of that name; point colours are the shape's own, others came along as layers."""
    if name in reading.names:
        return reading.names[name]
    return reading.colors if name in {"", reading.end.color_attribute} else name


def _is_unlinked_texture(node: bpy.types.Node, kinds: set[str]) -> bool:
    return node.bl_idname in kinds and "Vector" in node.inputs and not node.inputs["Vector"].is_linked


def _map_node(tree: bpy.types.NodeTree, beside: bpy.types.Node, reading: Reading) -> bpy.types.Node:
    node = tree.nodes.new("ShaderNodeUVMap")
    node.uv_map = reading.map
    node.label = f"{reading.end.name}: {reading.end.map or 'no UV map'}"
    node.location = (beside.location.x - 250.0, beside.location.y)
    return node


def _name_map(tree: bpy.types.NodeTree, node: bpy.types.Node, reading: Reading) -> bpy.types.Node:
    """Let all that the UV output leads to be led to by a node that says which map it means."""
    ends = [link.to_socket for link in node.outputs["UV"].links]
    added = _map_node(tree, node, reading)
    for socket in ends:
        tree.links.new(added.outputs["UV"], socket)
    return added


def _group(group: bpy.types.NodeTree, reading: Reading) -> bpy.types.NodeTree:
    """The shape's own copy of a node group in which something reads its maps."""
    if group not in reading.groups:
        copy = reading.own(group.copy())
        copy.name = f"{group.name} on {reading.end.name}"
        reading.groups[group] = copy
        let_read(copy, list(copy.nodes), reading)
    return reading.groups[group]
