"""The geometry nodes that play a morph: pick the nearest frame, carry it to the exact moment, tell its speed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import bpy

from .. import compat
from .frame_mesh import BLENDED_COLOR, COLORS, MORPH, MORPH_VELOCITY, VELOCITY

FRAMES_INPUT = "Frames"
MORPH_INPUT = "Morph"
SPEED_INPUT = "Morph Speed"
SUBFRAMES_INPUT = "Smooth Sub-Frames"
VELOCITY_INPUT = "Motion Blur"

Socket = bpy.types.NodeSocket


def build_player(name: str, span: float, colored: bool, frames_per_second: float) -> bpy.types.GeometryNodeTree:
    """The node group for frames whose shape times span ``span``; with ``colored`` it blends both shapes' colours."""
    tree = bpy.data.node_groups.new(name, "GeometryNodeTree")
    tree.is_modifier = True
    _declare(tree)
    lay = _Layout(tree)
    given = lay.add("NodeGroupInput", 0, 0)
    frames, morph, speed, subframes, blur = (given.outputs[index] for index in range(5))

    instances = lay.add(
        "GeometryNodeCollectionInfo", 1, 1, {"Collection": frames, "Separate Children": True, "Reset Children": True}
    ).outputs["Instances"]
    count = lay.add("GeometryNodeAttributeDomainSize", 2, 2, {"Geometry": instances}, component="INSTANCES")
    last = lay.math("SUBTRACT", 3, 2, count.outputs["Instance Count"], 1.0, label="Last Frame")
    inside = lay.add("ShaderNodeClamp", 3, 0, {"Value": morph}).outputs[0]
    exact = lay.math("MULTIPLY", 4, 1, inside, last, label="Frame Wanted")
    stored = lay.math("ROUND", 5, 2, exact, label="Frame Stored")
    index = lay.add("GeometryNodeInputIndex", 5, 3).outputs[0]
    others = lay.add("FunctionNodeCompare", 6, 3, {"A": index, "B": stored}, data_type="INT", operation="NOT_EQUAL")
    picked = lay.add(
        "GeometryNodeDeleteGeometry", 7, 1, {"Geometry": instances, "Selection": others.outputs[0]}, domain="INSTANCE"
    )
    surface = lay.add("GeometryNodeRealizeInstances", 8, 1, {"Geometry": picked.outputs[0]}).outputs[0]

    between = lay.math("SUBTRACT", 6, 0, exact, stored, label="Frames Between")
    between = lay.math("DIVIDE", 7, 0, between, last, label="Morph Between")

    motion = lay.attribute("FLOAT_VECTOR", MORPH_VELOCITY, 8, 3)
    step = lay.math("MULTIPLY", 8, 0, between, subframes, label="Sub-Frame Step")
    offset = lay.scaled(motion, step, 9, 2)
    surface = lay.add("GeometryNodeSetPosition", 10, 1, {"Geometry": surface, "Offset": offset}).outputs[0]

    moment = lay.math("MULTIPLY", 9, 0, between, span, label="Shape Time Between")
    moment = lay.math("ADD", 10, 0, lay.attribute("FLOAT", MORPH, 9, -1), moment, clamped=True)
    surface = lay.store("FLOAT", MORPH, 11, 1, surface, moment)

    if colored:
        blended = lay.attribute("FLOAT", MORPH, 11, 2)
        first, second = (lay.attribute("FLOAT_COLOR", color, 11, 3 + row) for row, color in enumerate(COLORS))
        mixed = lay.add("ShaderNodeMix", 12, 3, {"Factor": blended, "A": first, "B": second}, data_type="RGBA")
        mixed = next(socket for socket in mixed.outputs if socket.enabled)
        surface = lay.store("FLOAT_COLOR", BLENDED_COLOR, 13, 1, surface, mixed)

    clock = lay.add("GeometryNodeInputSceneTime", 8, 5)
    seconds, frame = clock.outputs["Seconds"], clock.outputs["Frame"]
    rate = lay.math("DIVIDE", 9, 5, frame, seconds, label="Frame Rate")
    zero = lay.add("FunctionNodeCompare", 9, 6, {"A": seconds, "Epsilon": 1e-4}, data_type="FLOAT", operation="EQUAL")
    rate = lay.switch("FLOAT", 10, 5, zero.outputs[0], rate, frames_per_second)
    per_second = lay.math("MULTIPLY", 11, 5, speed, rate, label="Morph per Second")
    blurred = lay.store("FLOAT_VECTOR", VELOCITY, 14, 2, surface, lay.scaled(motion, per_second, 12, 5))
    result = lay.switch("GEOMETRY", 15, 1, blur, surface, blurred)
    lay.add("NodeGroupOutput", 16, 1, {"Geometry": result})
    return tree


def player_of(item: bpy.types.Object) -> bpy.types.NodesModifier | None:
    """The modifier that plays a morph's frames, where the object has one."""
    for modifier in item.modifiers:
        if modifier.type == "NODES" and compat.has_input(modifier, SPEED_INPUT):
            return modifier
    return None


@contextmanager
def one_mesh_name(tree: bpy.types.GeometryNodeTree) -> Iterator[None]:
    """For the moment, let every frame come out as a mesh of one and the same name.

    Blender 5.2 gives the evaluated mesh the stored frame's name, and its exporters make a new object of every name.
    Joining a vertex and deleting it again makes a new mesh, too dear for playback.
    """
    realized = next(node for node in tree.nodes if node.bl_idname == "GeometryNodeRealizeInstances").outputs[0]
    ends = [link.to_socket for link in realized.links]
    before = set(tree.nodes)
    lay = _Layout(tree)
    vertex = lay.add("GeometryNodeMeshLine", 0, 8, {"Count": 1}).outputs[0]
    joined = lay.add("GeometryNodeJoinGeometry", 1, 8)
    for part in (realized, vertex):  # what is joined last comes first and lends its name
        tree.links.new(part, joined.inputs[0])
    faces = lay.add("GeometryNodeInputMeshVertexNeighbors", 0, 9).outputs["Face Count"]
    loose = lay.add("FunctionNodeCompare", 1, 9, {"A": faces, "B": 0}, data_type="INT", operation="EQUAL").outputs[0]
    clean = lay.add("GeometryNodeDeleteGeometry", 2, 8, {"Geometry": joined.outputs[0], "Selection": loose})
    for end in ends:
        tree.links.new(clean.outputs[0], end)
    try:
        yield
    finally:
        for node in set(tree.nodes) - before:
            tree.nodes.remove(node)
        for end in ends:
            tree.links.new(realized, end)


def _declare(tree: bpy.types.GeometryNodeTree) -> None:
    """The modifier's face: inputs in the order in which the artist sees them."""
    new = tree.interface.new_socket
    new("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    frames = new(FRAMES_INPUT, in_out="INPUT", socket_type="NodeSocketCollection")
    frames.description = "Collection of the frames, sorted by name"
    morph = new(MORPH_INPUT, in_out="INPUT", socket_type="NodeSocketFloat")
    morph.subtype, morph.min_value, morph.max_value = "FACTOR", 0.0, 1.0
    morph.description = "0 is the first shape, 1 the last; animate, drive or scrub it"
    speed = new(SPEED_INPUT, in_out="INPUT", socket_type="NodeSocketFloat")
    speed.description = "Change of Morph per scene frame, which motion blur needs; follows Morph's own keys"
    subframes = new(SUBFRAMES_INPUT, in_out="INPUT", socket_type="NodeSocketBool")
    subframes.description = "Carry the surface on along its velocity between the stored frames"
    subframes.default_value = True
    blur = new(VELOCITY_INPUT, in_out="INPUT", socket_type="NodeSocketBool")
    blur.description = "Give the surface its velocity, so that renders blur it along its motion"
    blur.default_value = True


class _Layout:
    """Adds nodes on a grid and joins their inputs in the same breath."""

    def __init__(self, tree: bpy.types.GeometryNodeTree) -> None:
        self._tree = tree

    def add(
        self,
        kind: str,
        column: float,
        row: float,
        inputs: Mapping[str, Any] | None = None,
        label: str = "",
        **settings: Any,
    ) -> bpy.types.Node:
        """A node with its settings, and its inputs by name as constants or sockets."""
        node = self._tree.nodes.new(kind)
        node.location = (column * 190.0, row * -190.0)
        node.label = label
        for name, value in settings.items():
            setattr(node, name, value)
        for name, value in (inputs or {}).items():
            self._feed(next(socket for socket in node.inputs if socket.enabled and socket.name == name), value)
        return node

    def math(
        self, operation: str, column: float, row: float, *values: Any, label: str = "", clamped: bool = False
    ) -> Socket:
        node = self.add("ShaderNodeMath", column, row, None, label, operation=operation, use_clamp=clamped)
        for socket, value in zip(node.inputs, values, strict=False):
            self._feed(socket, value)
        return node.outputs[0]

    def scaled(self, vector: Socket, scale: Socket, column: float, row: float) -> Socket:
        node = self.add("ShaderNodeVectorMath", column, row, operation="SCALE")
        self._feed(node.inputs[0], vector)
        self._feed(node.inputs["Scale"], scale)
        return node.outputs[0]

    def switch(self, kind: str, column: float, row: float, condition: Socket, otherwise: Any, value: Any) -> Socket:
        node = self.add(
            "GeometryNodeSwitch", column, row, {"Switch": condition, "False": otherwise, "True": value}, input_type=kind
        )
        return node.outputs[0]

    def attribute(self, kind: str, name: str, column: float, row: float) -> Socket:
        node = self.add("GeometryNodeInputNamedAttribute", column, row, data_type=kind)
        node.inputs["Name"].default_value = name
        return next(socket for socket in node.outputs if socket.enabled and socket.name == "Attribute")

    def store(self, kind: str, name: str, column: float, row: float, geometry: Socket, value: Socket) -> Socket:
        node = self.add("GeometryNodeStoreNamedAttribute", column, row, None, name, data_type=kind, domain="POINT")
        node.inputs["Name"].default_value = name
        self._feed(node.inputs["Geometry"], geometry)
        self._feed(next(socket for socket in node.inputs if socket.enabled and socket.name == "Value"), value)
        return node.outputs[0]

    def _feed(self, socket: Socket, value: Any) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self._tree.links.new(value, socket)
        else:
            socket.default_value = value
