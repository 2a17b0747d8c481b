"""Copies shader nodes into another node tree, with settings, ramps, curves and links; Blender has no call for it."""

from __future__ import annotations

import contextlib
from typing import Any

import bpy

_STRUCTURE = {"name", "parent", "location", "location_absolute", "inputs", "outputs", "internal_links"}
"""What makes up the tree rather than the node; copied apart."""
_PAIRED = ("RepeatInput", "RepeatOutput", "ClosureInput", "ClosureOutput", "ForeachGeometryElement")


def can_copy(tree: bpy.types.NodeTree) -> bool:
    """Whether every node can be copied: zones, whose sockets are built by hand, cannot."""
    return not any(any(part in node.bl_idname for part in _PAIRED) for node in tree.nodes)


def copy_nodes(
    source: bpy.types.NodeTree, target: bpy.types.NodeTree, offset: tuple[float, float]
) -> list[bpy.types.Node]:
    """Copy all nodes and links; returns the new nodes, moved by ``offset``."""
    copies = {}
    for node in source.nodes:
        copy = target.nodes.new(node.bl_idname)
        copies[node] = copy
        _copy_settings(node, copy)
        for kind in ("inputs", "outputs"):
            for old, new in zip(getattr(node, kind), getattr(copy, kind), strict=False):
                if hasattr(old, "default_value") and old.type != "SHADER":
                    _assign(new, "default_value", old.default_value)
                _assign(new, "hide", old.hide)
    for node, copy in copies.items():
        copy.location = node.location
        if node.parent is None:
            copy.location.x += offset[0]
            copy.location.y += offset[1]
        else:
            copy.parent = copies[node.parent]
            copy.location = node.location
    for link in source.links:
        start = _same_socket(link.from_socket, link.from_node.outputs, copies[link.from_node].outputs)
        end = _same_socket(link.to_socket, link.to_node.inputs, copies[link.to_node].inputs)
        if start is not None and end is not None:
            target.links.new(start, end)
    return list(copies.values())


def _same_socket(socket: Any, originals: Any, copies: Any) -> Any:
    index = next((index for index, candidate in enumerate(originals) if candidate == socket), None)
    return copies[index] if index is not None and index < len(copies) else None


def _copy_settings(source: Any, target: Any) -> None:
    """Copy what can be set; ramps, curves and image users are structures of their own and are entered."""
    _match_length(source, target)
    later = []
    for prop in source.bl_rna.properties:
        name = prop.identifier
        if name == "rna_type" or name.startswith("bl_") or (name in _STRUCTURE and isinstance(source, bpy.types.Node)):
            continue
        if prop.type == "COLLECTION":
            later.append(name)
        elif not prop.is_readonly:
            _assign(target, name, getattr(source, name))
        elif (
            prop.type == "POINTER"
            and getattr(source, name) is not None
            and not isinstance(getattr(source, name), (bpy.types.ID, bpy.types.Node))
        ):
            _copy_settings(getattr(source, name), getattr(target, name))
    for name in later:
        _copy_items(getattr(source, name), getattr(target, name))
    if isinstance(target, bpy.types.CurveMapping):
        target.update()


def _copy_items(source: Any, target: Any) -> None:
    for old, new in zip(source, target, strict=False):
        if isinstance(old, bpy.types.bpy_struct):
            _copy_settings(old, new)


def _match_length(source: Any, target: Any) -> None:
    """Give a ramp or a curve as many points as the original has."""
    if isinstance(source, bpy.types.ColorRamp):
        while len(target.elements) > len(source.elements):
            target.elements.remove(target.elements[-1])
        while len(target.elements) < len(source.elements):
            target.elements.new(1.0)
    elif isinstance(source, bpy.types.CurveMap):
        while len(target.points) < len(source.points):
            target.points.new(0.5, 0.5)


def _assign(target: Any, name: str, value: Any) -> None:
    """Blender refuses some values that another setting has made meaningless; their defaults are as good."""
    with contextlib.suppress(AttributeError, TypeError, ValueError):
        setattr(target, name, value)
