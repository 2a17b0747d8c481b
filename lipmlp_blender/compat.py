"""The one place that knows how Blender's Python interface differs between the versions we support, 4.2 to 5.2."""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

MODIFIER_INPUTS_ARE_PROPERTIES = bpy.app.version >= (5, 2, 0)
EEVEE = "BLENDER_EEVEE_NEXT" if bpy.app.version < (5, 0, 0) else "BLENDER_EEVEE"
MATERIALS_ALWAYS_USE_NODES = bpy.app.version >= (5, 0, 0)
NORMALS_ARE_FREE = bpy.app.version >= (4, 5, 0)
"""Custom normals may be vectors, and not only angles to what Blender would have taken."""


def set_input(modifier: bpy.types.NodesModifier, name: str, value: Any) -> None:
    """Set a geometry nodes modifier's input by the name that the user reads."""
    identifier = _identifier(modifier, name)
    if MODIFIER_INPUTS_ARE_PROPERTIES:
        getattr(modifier.properties.inputs, identifier).value = value
    else:
        modifier[identifier] = value


def get_input(modifier: bpy.types.NodesModifier, name: str) -> Any:
    """A geometry nodes modifier's input; None where it refers to nothing."""
    identifier = _identifier(modifier, name)
    if MODIFIER_INPUTS_ARE_PROPERTIES:
        return getattr(modifier.properties.inputs, identifier).value
    return modifier.get(identifier)


def input_path(modifier: bpy.types.NodesModifier, name: str) -> str:
    """The input's data path from its object, for keyframes and drivers."""
    return _path_of(modifier, _path_in_modifier(modifier, name))


def newer_input_path(modifier: bpy.types.NodesModifier, name: str) -> str:
    """How a Blender calls the input that calls it otherwise and may have saved the file; nothing in the newest."""
    if MODIFIER_INPUTS_ARE_PROPERTIES:
        return ""
    return _path_of(modifier, _newer_path(_identifier(modifier, name)))


def draw_input(layout: bpy.types.UILayout, modifier: bpy.types.NodesModifier, name: str, text: str) -> None:
    """Draw a geometry nodes modifier's input as a field of a panel."""
    identifier = _identifier(modifier, name)
    if MODIFIER_INPUTS_ARE_PROPERTIES:
        layout.prop(getattr(modifier.properties.inputs, identifier), "value", text=text)
    else:
        layout.prop(modifier, f'["{identifier}"]', text=text)


def has_input(modifier: bpy.types.NodesModifier, name: str) -> bool:
    """Whether the modifier's node group offers an input of that name."""
    return modifier.node_group is not None and any(
        _is_input(item, name) for item in modifier.node_group.interface.items_tree
    )


def find_fcurve(owner: bpy.types.ID, data_path: str) -> bpy.types.FCurve | None:
    """The curve that animates a property of ``owner`` through its own action, or None."""
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return None
    return next((curve for curve in _fcurves(animation) if curve.data_path == data_path), None)


def ensure_fcurve(owner: bpy.types.ID, data_path: str, group: str) -> bpy.types.FCurve:
    """The property's curve, made with a single key where there was none."""
    curve = find_fcurve(owner, data_path)
    if curve is None:
        owner.keyframe_insert(data_path, group=group)
        curve = find_fcurve(owner, data_path)
    if curve is None:
        raise RuntimeError(f"Blender made no animation curve for {data_path}.")
    return curve


def fcurves_of(owner: bpy.types.ID) -> list[bpy.types.FCurve]:
    """Every curve of the owner's own action."""
    animation = owner.animation_data
    return [] if animation is None or animation.action is None else _fcurves(animation)


def remove_fcurves(owner: bpy.types.ID, data_path: str) -> None:
    """Take what animates the property out of the owner's own action."""
    animation = owner.animation_data
    if animation is None or animation.action is None:
        return
    for bag in _bags(animation) if hasattr(animation.action, "layers") else [animation.action]:
        for curve in [curve for curve in bag.fcurves if curve.data_path == data_path]:
            bag.fcurves.remove(curve)


def give_action(owner: bpy.types.ID, animation: bpy.types.AnimData, action: bpy.types.Action) -> None:
    """Animate the owner by an action, or by a copy of it, as the given animation data are."""
    own = owner.animation_data_create()
    slot = animation.action_slot.identifier if getattr(animation, "action_slot", None) is not None else ""
    own.action = action
    if slot:
        own.action_slot = action.slots[slot]


def set_shading_normals(mesh: bpy.types.Mesh, normals: NDArray[np.float32], at_corners: bool) -> None:
    """Shade a mesh with these unit normals, one for each corner or for each vertex."""
    if NORMALS_ARE_FREE:
        attribute = mesh.attributes.new("custom_normal", "FLOAT_VECTOR", "CORNER" if at_corners else "POINT")
        attribute.data.foreach_set("vector", np.ascontiguousarray(normals, np.float32).ravel())
    elif at_corners:
        mesh.normals_split_custom_set(normals)
    else:
        mesh.normals_split_custom_set_from_vertices(normals)


def use_nodes(material: bpy.types.Material) -> None:
    """Give a material its node tree, which those of Blender 5 always have."""
    if not MATERIALS_ALWAYS_USE_NODES:
        material.use_nodes = True


def _fcurves(animation: bpy.types.AnimData) -> list[bpy.types.FCurve]:
    action = animation.action
    if hasattr(action, "layers"):
        return [curve for bag in _bags(animation) for curve in bag.fcurves]
    return list(action.fcurves)


def _bags(animation: bpy.types.AnimData) -> list[Any]:
    """What holds the curves of the slot that animates, where actions have slots."""
    strips = [strip for layer in animation.action.layers for strip in layer.strips]
    bags = [strip.channelbag(animation.action_slot) for strip in strips]
    return [bag for bag in bags if bag is not None]


def _path_of(modifier: bpy.types.NodesModifier, inside: str) -> str:
    return f'modifiers["{bpy.utils.escape_identifier(modifier.name)}"]{inside}'


def _path_in_modifier(modifier: bpy.types.NodesModifier, name: str) -> str:
    identifier = _identifier(modifier, name)
    return _newer_path(identifier) if MODIFIER_INPUTS_ARE_PROPERTIES else f'["{identifier}"]'


def _newer_path(identifier: str) -> str:
    return f".properties.inputs.{identifier}.value"


def _identifier(modifier: bpy.types.NodesModifier, name: str) -> str:
    for item in modifier.node_group.interface.items_tree:
        if _is_input(item, name):
            return item.identifier
    raise KeyError(f"{modifier.node_group.name} has no input called {name}")


def _is_input(item: Any, name: str) -> bool:
    return item.item_type == "SOCKET" and item.in_out == "INPUT" and item.name == name
