"""Corrective shape keys between the basis and a key, and the drivers that play them; computes no shape itself."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

MARK = "lengths"
"""Between a key's name and the percentage at which its corrective key acts."""


def pose_of(key: bpy.types.ShapeKey) -> NDArray[np.float64]:
    """A key's vertices, (n, 3)."""
    places = np.empty(3 * len(key.data), np.float32)
    key.data.foreach_get("co", places)
    return places.reshape(-1, 3).astype(np.float64)


def triangles_of(mesh: bpy.types.Mesh) -> NDArray[np.int64]:
    mesh.calc_loop_triangles()
    corners = np.empty(3 * len(mesh.loop_triangles), np.int32)
    mesh.loop_triangles.foreach_get("vertices", corners)
    return corners.reshape(-1, 3).astype(np.int64)


def drop_length_keys(item: bpy.types.Object, name: str) -> None:
    """Take away the corrective keys that a key has, with their drivers."""
    keys = item.data.shape_keys
    for key in [key for key in keys.key_blocks if key.name.startswith(f"{name} {MARK} ")]:
        keys.driver_remove(f'key_blocks["{bpy.utils.escape_identifier(key.name)}"].value')
        item.shape_key_remove(key)


def add_length_keys(
    item: bpy.types.Object, name: str, shares: Sequence[float], positions: NDArray[np.floating]
) -> None:
    """Add a corrective key for each share of the way; each acts most at its share and not at the shares beside it."""
    drop_length_keys(item, name)
    keys = item.data.shape_keys
    main = keys.key_blocks[name]
    basis, last = pose_of(main.relative_key), pose_of(main)
    step = 1 / (len(shares) + 1)
    for share, places in zip(shares, positions, strict=True):
        key = item.shape_key_add(name=f"{name} {MARK} {round(100 * share)}", from_mix=False)
        key.relative_key = main.relative_key
        missing = places - ((1 - share) * basis + share * last)
        key.data.foreach_set("co", (basis + missing).astype(np.float32).ravel())
        driver = key.driver_add("value").driver
        driver.type = "SCRIPTED"
        value = driver.variables.new()
        value.name = "v"
        value.targets[0].id_type = "KEY"
        value.targets[0].id = keys
        value.targets[0].data_path = f'key_blocks["{bpy.utils.escape_identifier(name)}"].value'
        driver.expression = f"max(0, 1 - abs(v - {share:.6g}) / {step:.6g})"
