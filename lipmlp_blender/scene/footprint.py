"""How many bytes meshes take in a .blend that is not compressed: foreseen from the settings, and counted afterwards."""

from __future__ import annotations

import bpy

BYTES_OF = {
    "FLOAT": 4, "INT": 4, "BOOLEAN": 1, "INT8": 1, "FLOAT_VECTOR": 12, "FLOAT_COLOR": 16, "BYTE_COLOR": 4,
    "FLOAT2": 8, "INT32_2D": 8, "INT16_2D": 4, "QUATERNION": 16, "FLOAT4X4": 64,
}  # fmt: skip
"""An element of each of Blender's attribute types."""
VERTICES_PER_CELL = 1.3
"""Vertices of a surface that fills its lattice well, over the square of the resolution; slender shapes have half."""
GEOMETRY_BYTES = {"quads": 76, "triangles": 108}
"""For each vertex: its place and morph value, and its share of edges, corners, faces and material indices."""
VELOCITY_BYTES = 12
COLOR_BYTES = 32


def foreseen_bytes(frames: int, resolution: int, budget: int, faces: str, velocity: bool, colored: bool) -> int:
    """About what a sequence will take at most; how far the shapes fill their lattice is not known before."""
    vertex = GEOMETRY_BYTES[faces] + velocity * VELOCITY_BYTES + colored * COLOR_BYTES
    return round(frames * (VERTICES_PER_CELL * resolution**2 if resolution else budget) * vertex)


def mesh_bytes(mesh: bpy.types.Mesh) -> int:
    """What a mesh takes, its shape keys included."""
    attributes = sum(len(entry.data) * BYTES_OF.get(entry.data_type, 4) for entry in mesh.attributes)
    keys = len(mesh.shape_keys.key_blocks) if mesh.shape_keys else 0
    offsets = 4 * (len(mesh.polygons) + 1)
    return attributes + offsets + keys * 12 * len(mesh.vertices)


def in_words(count: int) -> str:
    """A size as people say it."""
    megabytes = count / 1e6
    return f"{megabytes:.0f} MB" if megabytes >= 10 else f"{max(megabytes, 0.1):.1f} MB"
