"""Blends the materials of a morph's two ends: one material turns into the other by an attribute."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import bpy
import numpy as np
from mathutils import Matrix
from numpy.typing import NDArray

from .. import compat
from .called import found
from .frame_mesh import COLORS, MORPH
from .gather import ShapeSlots
from .layer_names import names_on_morph
from .map_reading import Reading, let_read, reads_its_shape
from .node_animation import animate_copies
from .ownership import Making
from .shader_copy import can_copy, copy_nodes
from .spec import ResultSpec
from .viewport_color import drive_viewport_color

OUTPUTS = ("Surface", "Volume", "Displacement")
COLUMN = 300.0
DEFAULT_COLOR = (0.8, 0.8, 0.8, 1.0)
"""What Blender shows where there is no material."""

Material = bpy.types.Material


@dataclass(frozen=True)
class Blend:
    """How the material of one end turns into that of the other."""

    ends: Sequence[ShapeSlots | None] = (None, None)
    """What the two shapes had that the morph has under other names; None where it has it under the same."""
    colors: tuple[str, str] = COLORS
    """What the morph calls the two shapes' colours."""
    names: Sequence[dict[str, str]] = ({}, {})
    """What the morph calls the two shapes' maps and attributes."""
    space: Matrix = field(default_factory=Matrix)
    """The morph's own object space in the world."""
    factor: str = "GEOMETRY"
    """Whose attribute says how far the morph is: the geometry's or the object's."""
    span: tuple[int, int] = (0, 1)
    """The segment of the chain, of so many, where the attribute runs over the whole chain."""


class MaterialBlender:
    """Makes each pair of materials once, for all frames of a result."""

    def __init__(self, spec: ResultSpec, making: Making) -> None:
        self._slots = spec.slots
        self._names = names_on_morph([(shape.name, shape.layers) for shape in spec.slots])
        self._blend = spec.blend_materials
        self._making = making
        first = spec.slots[0].matrix if spec.slots else None
        self._space = Matrix.Translation(Matrix(first).translation) if first else Matrix()
        self._made: dict[tuple[Material | None, Material | None, int], Material | None] = {}

    def blend_pairs(self, segment: int, pairs: Iterable[tuple[int, int]]) -> list[Material | None]:
        """The materials for (source slot, target slot) pairs of the segment between shape ``segment`` and the next."""
        return [self._blended(segment, *pair) for pair in pairs]

    def _blended(self, segment: int, source_slot: int, target_slot: int) -> Material | None:
        first = material_in(self._slots, segment, source_slot)
        second = material_in(self._slots, segment + 1, target_slot)
        if not self._blend:
            return first
        key = (first, second, segment)
        if key not in self._made:
            ends = [_slots_of(self._slots, index) for index in (segment, segment + 1)]
            nothing = first is None and second is None
            names = [self._names[index] if index < len(self._names) else {} for index in (segment, segment + 1)]
            blend = Blend(ends, names=names, space=self._space)
            self._made[key] = None if nothing else blend_materials(first, second, self._making, blend)
        return self._made[key]

    def drive_viewport_colors(self, owner: bpy.types.Object, data_path: str, times: NDArray[np.float64]) -> None:
        """Let the colours that the Solid view shows follow the Morph value, which runs evenly over frames."""
        for (first, second, segment), blended in self._made.items():
            if blended is not None:
                ends = [end.diffuse_color if end else DEFAULT_COLOR for end in (first, second)]
                shares = np.clip(times - segment, 0.0, 1.0)
                drive_viewport_color(blended, owner, data_path, shares, ends)


def material_in(slots: list[ShapeSlots], shape: int, slot: int) -> Material | None:
    """The material in a shape's slot, if it still exists; indices past the last slot mean the last."""
    look = _slots_of(slots, shape)
    if look is None or not look.materials:
        return None
    name = look.materials[min(slot, len(look.materials) - 1)]
    return found(bpy.data.materials, name) if name else None


def blend_materials(
    first: Material | None, second: Material | None, making: Making, blend: Blend | None = None
) -> Material:
    """A new material that is ``first`` where the morph attribute is 0 and ``second`` where it is 1.

    One end is copied by Blender itself and thus exactly; the other node by node. Where a node of the second cannot be
    copied that way, the second becomes the exact one; where neither can, the first stays alone.
    """
    blend = blend or Blend()
    one, other = _with_nodes(first, making), _with_nodes(second, making)
    turned = not can_copy(other.node_tree) and can_copy(one.node_tree)
    base, added = (other, one) if turned else (one, other)
    mixed = making.own(base.copy())
    mixed.name = f"{first.name if first else 'Default'} to {second.name if second else 'Default'}"
    tree = mixed.node_tree
    base_nodes = list(tree.nodes)
    results = [_take_outputs(tree, base_nodes)]
    base_at, added_at = (1, 0) if turned else (0, 1)
    _adapt(tree, base_nodes, blend, base_at, making)
    both = first != second or (blend.ends[0] != blend.ends[1] and reads_its_shape(one.node_tree))
    if both and can_copy(added.node_tree):
        lowest = min((node.location.y - 400 for node in base_nodes), default=0.0)
        added_nodes = copy_nodes(added.node_tree, tree, (0.0, lowest - 300.0))
        called = {node.name: copy.name for node, copy in zip(added.node_tree.nodes, added_nodes, strict=True)}
        animate_copies(added.node_tree, tree, called, making)
        results.append(_take_outputs(tree, added_nodes))
        _adapt(tree, added_nodes, blend, added_at, making)
        _frame(tree, base_nodes, base.name)
        _frame(tree, added_nodes, added.name)
    _join(tree, results[::-1] if turned and len(results) == 2 else results, blend)
    average = [(a + b) / 2 for a, b in zip(one.diffuse_color, other.diffuse_color, strict=True)]
    mixed.diffuse_color = average
    for spare in {one, other} - {first, second}:
        bpy.data.materials.remove(spare)
    return mixed


def _with_nodes(material: Material | None, making: Making) -> Material:
    """The material itself, or a stand-in with nodes where it is missing or has none."""
    if (
        material is not None
        and material.node_tree is not None
        and (compat.MATERIALS_ALWAYS_USE_NODES or material.use_nodes)
    ):
        return material
    stand_in = making.own(bpy.data.materials.new(material.name if material else "Default"))
    compat.use_nodes(stand_in)
    tree = stand_in.node_tree
    tree.nodes.clear()
    shader = tree.nodes.new("ShaderNodeBsdfPrincipled")
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    output.location = (COLUMN, 0.0)
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    if material is not None:
        stand_in.diffuse_color = material.diffuse_color
        shader.inputs["Base Color"].default_value = material.diffuse_color
        shader.inputs["Metallic"].default_value = material.metallic
        shader.inputs["Roughness"].default_value = material.roughness
    return stand_in


def _take_outputs(tree: bpy.types.NodeTree, nodes: list[bpy.types.Node]) -> dict[str, bpy.types.NodeSocket]:
    """Remove the material outputs among ``nodes`` and return what fed the active one."""
    outputs = [node for node in nodes if node.bl_idname == "ShaderNodeOutputMaterial"]
    outputs.sort(key=lambda node: (not node.is_active_output, node.target != "ALL"))
    found = {}
    for node in outputs[:1]:
        for name in OUTPUTS:
            if node.inputs[name].is_linked:
                found[name] = node.inputs[name].links[0].from_socket
    for node in outputs:
        nodes.remove(node)
        tree.nodes.remove(node)
    return found


def _join(tree: bpy.types.NodeTree, ends: list[dict[str, bpy.types.NodeSocket]], blend: Blend) -> None:
    right = max((node.location.x + node.width for node in tree.nodes), default=0.0) + COLUMN
    output = tree.nodes.new("ShaderNodeOutputMaterial")
    output.location = (right + COLUMN, 0.0)
    morph = tree.nodes.new("ShaderNodeAttribute")
    morph.attribute_type, morph.attribute_name = blend.factor, MORPH
    morph.label = "Morph"
    morph.location = (right - 2 * COLUMN, 200.0)
    share = _share_of_span(tree, morph, blend.span)
    for row, name in enumerate(OUTPUTS):
        sockets = [end.get(name) for end in ends]
        if not any(sockets):
            continue
        if len(sockets) == 1:
            tree.links.new(sockets[0], output.inputs[name])
            continue
        kind = "ShaderNodeMix" if name == "Displacement" else "ShaderNodeMixShader"
        mix = tree.nodes.new(kind)
        mix.location = (right, row * -250.0)
        if name == "Displacement":
            mix.data_type = "VECTOR"
        shown = [socket for socket in mix.inputs if socket.enabled]
        result = next(socket for socket in mix.outputs if socket.enabled)
        tree.links.new(share, shown[0])
        for slot, socket in zip(shown[1:], sockets, strict=True):
            if socket is not None:
                tree.links.new(socket, slot)
        tree.links.new(result, output.inputs[name])
    if not share.is_linked:
        for node in {morph, share.node}:
            tree.nodes.remove(node)


def _share_of_span(tree: bpy.types.NodeTree, morph: bpy.types.Node, span: tuple[int, int]) -> bpy.types.NodeSocket:
    """How far the segment is gone through, where the attribute says how far the chain is."""
    segment, count = span
    if count == 1:
        return morph.outputs["Fac"]
    share = tree.nodes.new("ShaderNodeMath")
    share.operation, share.use_clamp = "MULTIPLY_ADD", True
    share.location = (morph.location.x + COLUMN, morph.location.y)
    share.inputs[1].default_value, share.inputs[2].default_value = float(count), -float(segment)
    tree.links.new(morph.outputs["Fac"], share.inputs[0])
    return share.outputs[0]


def _adapt(tree: bpy.types.NodeTree, nodes: list[bpy.types.Node], blend: Blend, at: int, making: Making) -> None:
    """Let one end's nodes find on the morph what they found on their own shape."""
    end = blend.ends[at]
    if end is not None:
        let_read(tree, nodes, Reading(end, blend.colors[at], blend.names[at], blend.space, making.own))


def _frame(tree: bpy.types.NodeTree, nodes: list[bpy.types.Node], label: str) -> None:
    frame = tree.nodes.new("NodeFrame")
    frame.label = label
    for node in nodes:
        if node.parent is None:
            node.parent = frame


def _slots_of(slots: list[ShapeSlots], shape: int) -> ShapeSlots | None:
    return slots[shape] if shape < len(slots) else None
