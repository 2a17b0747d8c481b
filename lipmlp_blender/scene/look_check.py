"""Says what of an object's look the morph cannot show as the artist may expect it, a sentence each; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import bpy

from .gather import ShapeSlots
from .shader_copy import can_copy

MAXIMUM_NOTES = 4


def look_notes(slots: Sequence[ShapeSlots]) -> list[str]:
    """About the materials of a chain's shapes as they are now."""
    notes = []
    for shape in slots:
        materials = [bpy.data.materials.get(name) for name in dict.fromkeys(shape.materials) if name]
        for material in materials:
            if material is not None and material.node_tree is not None:
                notes += _notes_of(shape, material)
    for first, second in pairwise(slots):
        notes += _uncopied(first, second)
    return list(dict.fromkeys(notes))[:MAXIMUM_NOTES]


def _notes_of(shape: ShapeSlots, material: bpy.types.Material) -> Iterator[str]:
    textures = list(_image_textures(material.node_tree))
    for node in textures:
        if node.image is not None and _is_missing(node.image):
            yield (
                f"The image '{node.image.name}' of the material '{material.name}' is missing: find it by File, "
                "External Data; the morph looks for it in the same place."
            )
    if not any(kind == "uv" for _, kind, _ in shape.layers) and any(
        not node.inputs["Vector"].is_linked for node in textures
    ):
        yield (
            f"'{shape.name}' has no UV map for the images of its material '{material.name}': unwrap it, or the morph "
            "shows one colour of them, as it does."
        )


def _image_textures(tree: bpy.types.NodeTree) -> Iterator[bpy.types.Node]:
    for node in tree.nodes:
        if node.bl_idname == "ShaderNodeTexImage":
            yield node
        elif node.bl_idname == "ShaderNodeGroup" and node.node_tree is not None:
            yield from _image_textures(node.node_tree)


def _is_missing(image: bpy.types.Image) -> bool:
    if image.source not in {"FILE", "TILED", "SEQUENCE", "MOVIE"} or image.packed_file or not image.filepath:
        return False
    path = Path(bpy.path.abspath(image.filepath, library=image.library))
    if image.source == "TILED":
        return not any(path.parent.glob(path.name.replace("<UDIM>", "[0-9]" * 4)))
    return not path.is_file()


def _uncopied(first: ShapeSlots, second: ShapeSlots) -> Iterator[str]:
    """Of two neighbours, materials that neither Blender nor we can put beside each other."""
    stuck = []
    for shape in (first, second):
        materials = [bpy.data.materials.get(name) for name in shape.materials if name]
        stuck.append([m for m in materials if m is not None and m.node_tree is not None and not can_copy(m.node_tree)])
    if stuck[0] and stuck[1]:
        yield (
            f"The materials '{stuck[0][0].name}' and '{stuck[1][0].name}' both have zones, which cannot be copied: the "
            "morph keeps the first where one turns into the other."
        )
