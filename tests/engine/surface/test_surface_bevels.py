"""Bevels that are finer than the cells: their rims are straight, and sharp edges beside them are what they were."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import trimesh

from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.detailed_zero_set import extract_detailed
from lipmlp_engine.surface.surface_nets import triangles_from_quads
from tests.engine.still_morphs import of_shape

HALF = np.array([1.0, 0.6, 0.35])
TURN = trimesh.transformations.euler_matrix(0.1, 0.2, 0.3)
CELLS = 64


def bevelled_box(width: float) -> Shape:
    """A box, turned, whose edges are cut off by so much on both sides."""
    signs = np.array(list(itertools.product((-1, 1), repeat=3)))
    corners = np.concatenate([signs * (HALF - width * (1 - np.eye(3)[axis])) for axis in range(3)])
    hull = trimesh.convex.convex_hull(corners)
    hull.apply_transform(TURN)
    return Shape("box", np.asarray(hull.vertices), np.asarray(hull.faces, np.int32))


@pytest.mark.parametrize(("width", "most"), [(0.01, 0.008), (0.02, 0.008), (0.03, 0.002), (0.0, 1e-3)])
def test_a_bevel_finer_than_the_cells_has_no_teeth(width: float, most: float) -> None:
    """Of a straight rim no face leans along the edge; with each vertex on an edge of its own up to a thirtieth did."""
    box = bevelled_box(width)
    field, pose = of_shape(box)
    found = extract_detailed(field, CELLS)
    places = pose.to_world(found.vertices.astype(np.float64)) @ TURN[:3, :3]
    halves = places[triangles_from_quads(found.vertices, found.faces)]
    normals = np.cross(halves[:, 1] - halves[:, 0], halves[:, 2] - halves[:, 0])
    area = np.linalg.norm(normals, axis=1)
    leaning = np.abs(normals / np.maximum(area, 1e-12)[:, None]).min(1) > np.sin(np.radians(8))
    # Corners lean every way.
    away = (np.abs(halves.mean(1)) < HALF - 0.1).any(1)
    assert (area * (leaning & away)).sum() < most * area.sum()
