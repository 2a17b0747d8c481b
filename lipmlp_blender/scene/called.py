"""What orders call a datablock: its name, with its library where something else in the file has that name too.

Blender finds the local one by a name that both have, and every file has a 'Material'. Knows nothing of shapes and jobs.
"""

from __future__ import annotations

import bpy

_BETWEEN = "\n"
"""Stands between a name and its library; chosen because nobody can type it into a name."""


def called(blocks: bpy.types.bpy_prop_collection, datablock: bpy.types.ID) -> str:
    """What ``found`` finds it by."""
    if datablock.library is None or blocks.get(datablock.name) == datablock:
        return datablock.name
    return f"{datablock.name}{_BETWEEN}{datablock.library.filepath}"


def found(blocks: bpy.types.bpy_prop_collection, title: str) -> bpy.types.ID | None:
    """What is called so, if it is still there."""
    name, between, library = title.partition(_BETWEEN)
    return blocks.get((name, library) if between else name)
