"""What a file holds, by name."""

from __future__ import annotations

import bpy

KINDS = ("objects", "collections", "meshes", "node_groups", "materials", "actions", "shape_keys", "images")


def datablocks() -> dict[str, list[str]]:
    return {kind: sorted(entry.name for entry in getattr(bpy.data, kind)) for kind in KINDS}
