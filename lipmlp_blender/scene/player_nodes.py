"""The geometry nodes that play a morph: pick the nearest frame, carry it to the exact moment, tell its speed."""

from __future__ import annotations

from typing import Any

import bpy

from .frame_mesh import COLORS, MORPH, MORPH_VELOCITY, VELOCITY

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
        "GeometryNodeCollectionInfo", 1, 1, collection=frames, separate_children=True, reset_children=True
    )
    instances = instances.outputs["Instances"]
    count = lay.add("GeometryNodeAttributeDomainSize", 2, 2, component="INSTANCES", geometry=instances)
    last = lay.math("SUBTRACT", 3, 2, count.outputs["Instance Count"], 1.0, label="Last Frame")
    inside = lay.add("ShaderNodeClamp", 1, 0, value=morph).outputs[0]
    exact = lay.math("MULTIPLY", 4, 1, inside, last, label="Frame Wanted")
    stored = lay.math("ROUND", 5, 2, exact, label="Frame Stored")
    others = lay.add("GeometryNodeInputIndex", 5, 3).outputs[0]
    others = lay.add("FunctionNodeCompare", 6, 3, data_type="INT", operation="NOT_EQUAL", A_INT=others, B_INT=stored)
    picked = lay.add(
        "GeometryNodeDeleteGeometry", 7, 1, domain="INSTANCE", geometry=instances, selection=others.outputs[0]
    )
    surface = lay.add("GeometryNodeRealizeInstances", 8, 1, geometry=picked.outputs[0]).outputs[0]

    between = lay.math("SUBTRACT", 6, 0, exact, stored, label="Frames Between")
    between = lay.math("DIVIDE", 7, 0, between, last, label="Morph Between")

    motion = lay.attribute("FLOAT_VECTOR", MORPH_VELOCITY, 8, 3)
    step = lay.math("MULTIPLY", 8, 0, between, subframes, label="Sub-Frame Step")
    offset = lay.vector("SCALE", 9, 2, motion, scale=step)
    surface = lay.add("GeometryNodeSetPosition", 10, 1, geometry=surface, offset=offset).outputs[0]

    moment = lay.math("MULTIPLY", 9, 0, between, span, label="Shape Time Between")
    moment = lay.math("ADD", 10, 0, lay.attribute("FLOAT", MORPH, 9, -1), moment, clamped=True)
    surface = lay.store("FLOAT", MORPH, 11, 1, surface, moment)

    if colored:
        first, second = (lay.attribute("FLOAT_COLOR", color, 11, 3 + row) for row, color in enumerate(COLORS))
        mixed = lay.add("ShaderNodeMix", 12, 3, data_type="RGBA", Factor_Float=moment, A_Color=first, B_Color=second)
        surface = lay.store("FLOAT_COLOR", "Color", 13, 1, surface, mixed.outputs["Result_Color"])

    clock = lay.add("GeometryNodeInputSceneTime", 8, 5)
    seconds, frame = clock.outputs["Seconds"], clock.outputs["Frame"]
    rate = lay.math("DIVIDE", 9, 5, frame, seconds, label="Frame Rate")
    zero = lay.add("FunctionNodeCompare", 9, 6, data_type="FLOAT", operation="EQUAL", A=seconds, Epsilon=1e-4)
    rate = lay.add(
        "GeometryNodeSwitch", 10, 5, input_type="FLOAT", Switch=zero.outputs[0], Falsex=rate, Truex=frames_per_second
    )
    per_second = lay.math("MULTIPLY", 11, 5, speed, rate.outputs[0], label="Morph per Second")
    velocity = lay.vector("SCALE", 12, 5, motion, scale=per_second)
    blurred = lay.store("FLOAT_VECTOR", VELOCITY, 14, 2, surface, velocity)
    result = lay.add("GeometryNodeSwitch", 15, 1, input_type="GEOMETRY", Switch=blur, Falsex=surface, Truex=blurred)
    lay.add("NodeGroupOutput", 16, 1, Geometry=result.outputs[0])
    return tree


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

    def add(self, kind: str, column: float, row: float, label: str = "", **values: Any) -> bpy.types.Node:
        """A node; ``values`` are its settings, or its inputs by name or identifier, as constants or sockets."""
        node = self._tree.nodes.new(kind)
        node.location = (column * 190.0, row * -190.0)
        node.label = label
        inputs = {name: value for name, value in values.items() if not hasattr(node, name)}
        for name, value in values.items():
            if name not in inputs:
                setattr(node, name, value)
        for name, value in inputs.items():
            self._feed(_input(node, name), value)
        return node

    def math(
        self, operation: str, column: float, row: float, *values: Any, label: str = "", clamped: bool = False
    ) -> Socket:
        node = self.add("ShaderNodeMath", column, row, label, operation=operation, use_clamp=clamped)
        for socket, value in zip(node.inputs, values, strict=False):
            self._feed(socket, value)
        return node.outputs[0]

    def vector(self, operation: str, column: float, row: float, value: Socket, scale: Socket) -> Socket:
        node = self.add("ShaderNodeVectorMath", column, row, operation=operation)
        self._feed(node.inputs[0], value)
        self._feed(node.inputs["Scale"], scale)
        return node.outputs[0]

    def attribute(self, kind: str, name: str, column: float, row: float) -> Socket:
        node = self.add("GeometryNodeInputNamedAttribute", column, row, data_type=kind)
        node.inputs["Name"].default_value = name
        return next(socket for socket in node.outputs if socket.enabled and socket.name == "Attribute")

    def store(self, kind: str, name: str, column: float, row: float, geometry: Socket, value: Socket) -> Socket:
        node = self.add("GeometryNodeStoreNamedAttribute", column, row, name, data_type=kind, domain="POINT")
        node.inputs["Name"].default_value = name
        self._feed(node.inputs["Geometry"], geometry)
        self._feed(next(socket for socket in node.inputs if socket.enabled and socket.name == "Value"), value)
        return node.outputs[0]

    def _feed(self, socket: Socket, value: Any) -> None:
        if isinstance(value, bpy.types.NodeSocket):
            self._tree.links.new(value, socket)
        else:
            socket.default_value = value


def _input(node: bpy.types.Node, name: str) -> Socket:
    wanted = name.removesuffix("x").lower()
    for socket in node.inputs:
        if name == socket.identifier or (socket.enabled and socket.name.lower() == wanted):
            return socket
    raise KeyError(f"{node.bl_idname} has no input called {name}")
