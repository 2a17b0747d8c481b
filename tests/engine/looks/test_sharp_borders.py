"""Where the sharp edges of shapes with a map lie in a frame: on the edges, and never torn in between."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lipmlp_engine.looks.borders import LIFT, Borders, settle
from lipmlp_engine.looks.face_transfer import FacesOnSource
from lipmlp_engine.looks.look_field import LookField
from lipmlp_engine.shapes.look import Layer, Look
from lipmlp_engine.shapes.shape import Shape

Array = NDArray[np.float64]
SIDE, COLUMNS, ROWS = 0.05, 31, 8
"""Of the frame's faces, and how many vertices it has along the edge, and on either side of it."""


def wedge(lean: float) -> Shape:
    """A prism whose edge along x points along z, with sides that lean by an angle, a map, and no normals of its own."""
    y, z = np.sin(np.radians(lean)), -np.cos(np.radians(lean))
    ends = [np.array([[x, 0.0, 0.0], [x, -y, z], [x, y, z]]) for x in (-1.0, 1.0)]
    sides = [[0, 3, 4], [0, 4, 1], [0, 2, 5], [0, 5, 3], [1, 4, 5], [1, 5, 2], [0, 1, 2], [3, 5, 4]]
    vertices, triangles = np.concatenate(ends), np.array(sides, np.int32)
    uv = vertices[triangles][..., :2].astype(np.float32)
    look = Look(vertices, triangles, layers=[Layer("UVMap", "uv", "corner", uv)])
    return Shape("wedge", vertices, triangles, look=look)


def laid(lean: float, off: Array, worn: Array) -> tuple[Array, NDArray[np.int32]]:
    """Quads over both sides of it, off the edge, and worn down there, by so much at each column (in sides)."""
    away = (np.arange(-ROWS, ROWS + 1)[None] + off[:, None]) * SIDE
    y, z = away * np.sin(np.radians(lean)), -np.abs(away) * np.cos(np.radians(lean))
    z[:, ROWS] -= worn * SIDE
    x = np.broadcast_to((np.arange(COLUMNS)[:, None] - COLUMNS // 2) * SIDE, y.shape)
    corner = np.arange(y.size).reshape(y.shape)
    faces = np.stack((corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]), -1).reshape(-1, 4)
    return np.stack((x, y, z), -1).reshape(-1, 3), faces.astype(np.int32)


def settled(lean: float, off: Array, worn: Array, part: float) -> tuple[Array, Array]:
    """Where the vertices were, and where they come to lie, (columns, rows, 3)."""
    shape = wedge(lean)
    field, (vertices, faces) = LookField(shape), laid(lean, off, worn)
    moved = vertices.copy()
    settle(moved, [(FacesOnSource(field, vertices, faces), Borders(shape, field), part)])
    return tuple(points.reshape(COLUMNS, -1, 3) for points in (vertices, moved))  # type: ignore[return-value]


@pytest.mark.parametrize("part", [1.0, 0.9])
def test_ridges_of_a_file_without_normals_are_no_stairs(part: float) -> None:
    """A face is of one side or the other: the edges of a textured tree were saws."""
    off = np.random.default_rng(0).uniform(-0.4, 0.4, COLUMNS)
    before, after = settled(65.0, off, np.zeros(COLUMNS), part)
    nearest_before, nearest = (np.abs(points[2:-2, :, 1]).min(1) for points in (before, after))
    assert np.median(nearest_before) > 0.1 * SIDE
    assert nearest.max() < 0.01 * SIDE


def test_eaves_that_are_worn_off_are_not_torn() -> None:
    """Here more and there less: led back to where they were in the shape, some vertices of a rim stuck out."""
    worn = np.random.default_rng(1).uniform(0.1, 0.8, COLUMNS)
    before, after = settled(20.0, np.zeros(COLUMNS), worn, 0.9)
    assert (after - before)[..., 2].max() < LIFT * SIDE
    # At the shape's own time its edge is an edge.
    assert np.median(np.abs(settled(20.0, np.zeros(COLUMNS), worn, 1.0)[1][2:-2, ROWS, 2])) < 0.01 * SIDE
