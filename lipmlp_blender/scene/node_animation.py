"""Lets copies of nodes be animated as the nodes are that they were copied from: by keys and by drivers."""

from __future__ import annotations

import re
from collections.abc import Mapping

import bpy

from .. import compat
from .curve_keys import CurveKeys
from .inheritance import own_action
from .ownership import Making

_NODE = re.compile(r'nodes\["((?:[^"\\]|\\.)*)"\](.+)')
"""How an animated property of a node is called."""


def animate_copies(
    source: bpy.types.NodeTree, target: bpy.types.NodeTree, names: Mapping[str, str], making: Making
) -> None:
    """Animate nodes of ``target`` as those of ``source`` are whose names they have by ``names``."""
    if source.animation_data is None:
        return
    moving = [(curve, path) for curve in compat.fcurves_of(source) if (path := _renamed(curve.data_path, names))]
    if moving:
        # The action may be the one that animates the material itself that was copied.
        own_action(target)
        for path in {path for _, path in moving}:
            target.keyframe_insert(path)
        for curve, path in moving:
            copy = next(
                made
                for made in compat.fcurves_of(target)
                if made.data_path == path and made.array_index == curve.array_index
            )
            CurveKeys.of(curve).put_on(copy)
        making.own(target.animation_data.action)
    for driver in source.animation_data.drivers:
        path = _renamed(driver.data_path, names)
        if path:
            target.animation_data_create().drivers.from_existing(src_driver=driver).data_path = path


def _renamed(path: str, names: Mapping[str, str]) -> str:
    """A path as the copy of its node has it; nothing where it is no node's."""
    found = _NODE.fullmatch(path)
    name = names.get(bpy.utils.unescape_identifier(found[1])) if found else None
    return f'nodes["{bpy.utils.escape_identifier(name)}"]{found[2]}' if found and name is not None else ""
