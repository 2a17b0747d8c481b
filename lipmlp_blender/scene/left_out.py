"""Says which of the selected objects can be no shapes of a morph."""

from __future__ import annotations

from collections.abc import Sequence

import bpy

from .gather import SHAPE_TYPES, kind_of
from .ownership import is_morph

MOST_NAMED = 3


def left_out(items: Sequence[bpy.types.Object]) -> str:
    """Those that are no shapes, each with what it is instead; nothing where all are shapes, or nobody means a morph."""
    if len(items) < 2:
        return ""
    named = [f"'{item.name}' ({what})" for item in items if (what := _what_else(item))]
    more = [f"{len(named) - MOST_NAMED} more"] if len(named) > MOST_NAMED else []
    return f"Left out: {', '.join([*named[:MOST_NAMED], *more])}" if named else ""


def _what_else(item: bpy.types.Object) -> str:
    if is_morph(item):
        return "a morph, which has to be listed"
    if item.instance_collection is not None and item.instance_type == "COLLECTION":
        return "an instance of a collection, to be made real and joined first"
    return "" if item.type in SHAPE_TYPES else kind_of(item)
