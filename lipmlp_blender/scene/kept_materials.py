"""Keeps what a result's sources looked like for as long as it is there: it may be taken again when they have gone.

Whoever deletes the sources and saves loses their materials, and whoever appends a result into another file has left
them behind; their names alone, which the order of a result knows, would find nothing then, or something else.
"""

from __future__ import annotations

from typing import Any

import bpy

from .called import called
from .gather import ShapeSlots
from .materials import material_in
from .ownership import KEPT


def keep_materials(item: bpy.types.Object, looks: list[ShapeSlots]) -> None:
    """Let the result's object hold the materials of all its shapes."""
    kept = [
        {"shape": shape, "slot": slot, "material": material}
        for shape, look in enumerate(looks)
        for slot in range(len(look.materials))
        if (material := material_in(looks, shape, slot)) is not None
    ]
    if kept:
        item[KEPT] = kept


def name_kept_materials(item: bpy.types.Object, order: dict[str, Any]) -> None:
    """Let an order say what the materials that the result holds are called now; of the others, what it says."""
    kept, looks = item.get(KEPT), order["spec"].get("slots")
    if not isinstance(looks, list):
        return
    for entry in kept if isinstance(kept, list) else []:
        if not hasattr(entry, "get"):
            continue
        shape, slot, material = (entry.get(name) for name in ("shape", "slot", "material"))
        if not isinstance(material, bpy.types.Material) or not (isinstance(shape, int) and isinstance(slot, int)):
            continue
        look = looks[shape] if 0 <= shape < len(looks) else None
        names = look.get("materials") if isinstance(look, dict) else None
        if isinstance(names, list) and 0 <= slot < len(names):
            names[slot] = called(bpy.data.materials, material)
