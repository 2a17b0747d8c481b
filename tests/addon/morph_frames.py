"""A synthetic morph for the scene tests: a ball that travels, grows and changes its topology from frame to frame."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

TRAVEL = 4.0
"""World units along X that the ball goes in one unit of shape time."""


def part(name: str) -> ModuleType:
    """A module of the installed add-on."""
    return importlib.import_module(f"bl_ext.user_default.lipmlp_blender.{name}")


def ball(cells: int) -> tuple[np.ndarray, np.ndarray]:
    """A unit sphere of quads: a cube of cells × cells on each side, blown up."""
    grid = np.tan(np.linspace(-np.pi / 4, np.pi / 4, cells + 1))
    u, v = (plane.ravel() for plane in np.meshgrid(grid, grid, indexing="ij"))
    one = np.ones_like(u)
    sides = [(one, u, v), (-one, v, u), (v, one, u), (u, -one, v), (u, v, one), (v, u, -one)]
    points = np.concatenate([np.stack(side, axis=1) for side in sides])
    corner = np.arange((cells + 1) ** 2).reshape(cells + 1, cells + 1)
    quads = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], axis=-1).reshape(-1, 4)
    faces = np.concatenate([quads + side * (cells + 1) ** 2 for side in range(6)])
    kept, index = np.unique(np.round(points, 6), axis=0, return_inverse=True)
    return kept / np.linalg.norm(kept, axis=1, keepdims=True), index.ravel()[faces].astype(np.int32)


def write_frames(
    folder: Path,
    count: int = 9,
    cells: int = 8,
    growth: float = 0.5,
    colors: bool = False,
    materials: bool = False,
    segments: int = 1,
) -> list[Path]:
    """Write ``count`` frames; every one has another number of vertices, those past the middle a second ball above."""
    mesh_frame: Any = part("lipmlp_engine.files.mesh_frame").MeshFrame
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(count):
        time = segments * index / (count - 1)
        unit, faces = ball(cells + 2 * (index % 3))
        radius = 1.0 + growth * time
        vertices = unit * radius + [TRAVEL * time, 0.0, 0.0]
        velocity = unit * growth + [TRAVEL, 0.0, 0.0]
        if index > count // 2:
            small, small_faces = ball(4)
            vertices = np.concatenate([vertices, small * 0.3 + [TRAVEL * time, 0.0, 2.5]])
            velocity = np.concatenate([velocity, np.tile([TRAVEL, 0.0, 0.0], (len(small), 1))])
            faces = np.concatenate([faces, small_faces + len(unit)])
        frame = mesh_frame(
            time=time,
            segment=min(int(time), segments - 1),
            vertices=vertices.astype(np.float32),
            faces=faces,
            velocity=velocity.astype(np.float32),
        )
        if colors:
            frame.vertex_attributes["source_color"] = np.tile(np.float32([1, 0, 0, 1]), (len(vertices), 1))
            frame.vertex_attributes["target_color"] = np.tile(np.float32([0, 0, 1, 1]), (len(vertices), 1))
        if materials:
            upper = (vertices[faces].mean(axis=1)[:, 2] > 0).astype(np.int32)
            frame.face_attributes["source_material"] = upper
            frame.face_attributes["target_material"] = upper
        path = folder / f"frame_{index:04}.npz"
        frame.save(path)
        paths.append(path)
    return paths
