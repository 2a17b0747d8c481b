"""Lets a blended material stay that the artist has edited, where its result is replaced by another one.

Each one remembers what its nodes and settings were when it was made. The new result's takes its place where that would
have been made the same: then whatever differs is the artist's. Knows nothing of frames and objects.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import bpy

from .. import compat
from .ownership import MARK, copied_name, marked

_MADE = "lipmlp_morph_look"
_SEEN_IN_EDITOR = {
    *("bl_rna", "rna_type", "name", "label", "parent", "color", "use_custom_color", "color_tag", "select", "hide"),
    *("location", "location_absolute", "width", "width_hidden", "height", "dimensions", "warning_propagation"),
    *("show_expanded", "show_options", "show_preview", "show_texture", "pin_gizmo", "internal_links", "interface"),
}
"""Of nodes and sockets what only says how they look in the editor."""
_NOT_ITS_LOOK = {"name", "name_full", "diffuse_color", "use_nodes", "use_fake_user", "tag", "paint_active_slot"}
"""Of a material's settings those that follow the morph, or say nothing of how it looks."""
_DIGITS = 6
"""Of numbers, so that a file that was saved and opened says the same. Follows from single precision."""


def remember_looks(mark: str) -> None:
    """Let a result's blended materials know what they are now, just made."""
    for material in _blended(mark):
        material[_MADE] = json.dumps([copied_name(material.name) or material.name, fingerprint(material)])


def forget_look(material: bpy.types.Material) -> None:
    """Let it be a material like any other."""
    if _MADE in material:
        del material[_MADE]


def keep_edited_looks(past: str, mark: str) -> list[str]:
    """Let the materials of one result that were edited stand for those of another, which replaces it.

    Returns a sentence for each that cannot: the shapes or the kind of result have changed, and it would look wrong.
    """
    sentences = []
    for old, made in list(_counterparts(_by_name(past), _by_name(mark))):
        if fingerprint(old) == _made(old):
            continue
        if made is not None and _made(old) == _made(made):
            _stand_for(old, made)
        else:
            old.use_fake_user = True
            sentences.append(
                f"The material '{old.name}' had been edited, but what it blends has changed: it was made anew, and "
                "the edited one is kept in the file."
            )
    return sentences


def _counterparts(
    olds: dict[str, list[bpy.types.Material]], news: dict[str, list[bpy.types.Material]]
) -> Iterator[tuple[bpy.types.Material, bpy.types.Material | None]]:
    """Each old material with the new one of its name, else with one that was made the same: its ends were renamed."""
    called = [pair for name, found in olds.items() for pair in zip(found, news.get(name, []), strict=False)]
    yield from called
    free = [material for found in news.values() for material in found if all(material != new for _, new in called)]
    for old in [material for found in olds.values() for material in found if all(material != one for one, _ in called)]:
        made = next((material for material in free if _made(material) == _made(old)), None)
        if made is not None:
            free.remove(made)
        yield old, made


def fingerprint(material: bpy.types.Material) -> str:
    """What it looks like, by its settings and nodes, in a few letters."""
    told: list[Any] = [
        (prop.identifier, _value(getattr(material, prop.identifier)))
        for prop in material.bl_rna.properties
        if not prop.is_readonly and prop.type not in ("POINTER", "COLLECTION") and prop.identifier not in _NOT_ITS_LOOK
    ]
    if material.node_tree is not None:
        told += _tree(material.node_tree, [])
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _blended(mark: str) -> Iterator[bpy.types.Material]:
    return (entry for entry in marked(mark) if isinstance(entry, bpy.types.Material))


def _by_name(mark: str) -> dict[str, list[bpy.types.Material]]:
    """A result's materials by the names that they were given, in the order in which they were made."""
    found: dict[str, list[bpy.types.Material]] = {}
    for material in sorted(_blended(mark), key=lambda entry: (len(entry.name), entry.name)):
        told = _told(material)
        if told is not None:
            found.setdefault(told[0], []).append(material)
    return found


def _told(material: bpy.types.Material) -> list[str] | None:
    """Its first name and look; nothing where it does not say, as in results of older versions."""
    try:
        told = json.loads(material.get(_MADE, ""))
    except (TypeError, ValueError):
        return None
    sound = isinstance(told, list) and len(told) == 2 and all(isinstance(part, str) for part in told)
    return told if sound else None


def _made(material: bpy.types.Material) -> str:
    told = _told(material)
    return told[1] if told is not None else ""


def _stand_for(old: bpy.types.Material, made: bpy.types.Material) -> None:
    """Put an edited material in the place of one that was just made, which is removed."""
    if made.animation_data is not None:
        animation = old.animation_data_create()
        for driver in [driver for driver in animation.drivers if driver.data_path == "diffuse_color"]:
            animation.drivers.remove(driver)
        for driver in made.animation_data.drivers:
            animation.drivers.from_existing(src_driver=driver)
    made.user_remap(old)
    old[MARK], old[_MADE] = made[MARK], made[_MADE]
    bpy.data.materials.remove(made)


def _tree(tree: bpy.types.NodeTree, within: list[bpy.types.NodeTree]) -> list[Any]:
    """Nodes and links, and what is in groups; without what is animated, which differs from frame to frame."""
    moving = {curve.data_path for curve in compat.fcurves_of(tree)}
    if tree.animation_data is not None:
        moving |= {driver.data_path for driver in tree.animation_data.drivers}
    told: list[Any] = []
    for node in sorted(tree.nodes, key=lambda entry: entry.name):
        if node.bl_idname == "NodeFrame":
            continue
        told.append((node.name, node.bl_idname, _settings(node, moving)))
        group = getattr(node, "node_tree", None)
        if group is not None and group not in within:
            told.append(_tree(group, [*within, tree]))
    links = [
        tuple((end.node.name, end.identifier) for end in (link.from_socket, link.to_socket)) for link in tree.links
    ]
    return [*told, sorted(links)]


def _settings(item: Any, moving: set[str]) -> list[Any]:
    """Of a node, a socket, a ramp or a curve all that can be set."""
    told: list[Any] = []
    for prop in item.bl_rna.properties:
        name = prop.identifier
        if name in _SEEN_IN_EDITOR or name.startswith("bl_"):
            continue
        if prop.type == "COLLECTION":
            told += [(name, _settings(entry, moving)) for entry in getattr(item, name)]
        elif prop.type == "POINTER":
            value = getattr(item, name)
            if isinstance(value, bpy.types.NodeTree):
                continue
            if isinstance(value, (bpy.types.ID, bpy.types.Node)):
                told.append((name, value.name))
            elif isinstance(value, bpy.types.bpy_struct):
                told.append((name, _settings(value, moving)))
        elif not prop.is_readonly and not (moving and _path(item, name) in moving):
            told.append((name, _value(getattr(item, name))))
    return told


def _path(item: Any, name: str) -> str:
    """By what animation calls a property, where it can be animated."""
    try:
        return str(item.path_from_id(name))
    except ValueError:
        return ""


def _value(value: Any) -> Any:
    """As it is written: numbers rounded, vectors as tuples."""
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return tuple(_value(part) for part in value)
