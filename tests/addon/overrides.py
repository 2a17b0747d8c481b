"""A morph under a library override, as the add-on's tests need it."""

from __future__ import annotations

from pathlib import Path

import bpy


def overridden_from(library: Path) -> bpy.types.Object:
    """The morph of the open file, saved as a library, linked into an empty file and overridden there."""
    bpy.ops.wm.save_as_mainfile(filepath=str(library))
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    with bpy.data.libraries.load(str(library), link=True) as (_, chosen):
        chosen.objects = ["Morph"]
    bpy.context.scene.collection.objects.link(chosen.objects[0])
    return chosen.objects[0].override_create(remap_local_usages=True)
