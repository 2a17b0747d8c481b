"""Slivers: a surface that is cut into them has the same distances as one that is not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.shape import Shape, doubled_area_vectors
from lipmlp_engine.shapes.slivers import FEW, Triangles, Vertices, well_measured

SLICES = 700
TURN = Rotation.from_euler("xyz", [0.3, 0.7, 1.1]).as_matrix()


@pytest.fixture(scope="module")
def sliced_box() -> tuple[Vertices, Triangles]:
    """A box, .8 by .6 by .2 and one diagonal large, four of whose sides are cut into strips .001 wide."""
    across = np.linspace(-0.3, 0.3, SLICES + 1)
    corners = np.array([[-0.4, -0.1], [0.4, -0.1], [0.4, 0.1], [-0.4, 0.1]])
    vertices = np.array([[x, y, z] for y in across for x, z in corners])
    slices = np.arange(0, 4 * SLICES, 4)[:, None]
    lid = np.array([[0, 1, 2], [0, 2, 3]])
    triangles = [lid[:, ::-1], lid + 4 * SLICES]
    for here, there in ((0, 1), (1, 2), (2, 3), (3, 0)):
        triangles += [slices + np.array([here, there, there + 4]), slices + np.array([here, there + 4, here + 4])]
    faces = np.concatenate(triangles).astype(np.int32)
    middle = vertices[faces].mean(1)
    outwards = np.einsum("ij,ij->i", doubled_area_vectors(vertices, faces), middle) > 0
    # As they come out of a solid: told from any of their corners, and in no plane of the axes.
    first = np.random.default_rng(0).integers(0, 3, (len(faces), 1))
    faces = np.take_along_axis(np.where(outwards[:, None], faces, faces[:, ::-1]), (first + np.arange(3)) % 3, axis=1)
    return vertices @ TURN.T, faces


def test_beside_slivers_distances_and_directions_are_those_of_the_surface(
    sliced_box: tuple[Vertices, Triangles],
) -> None:
    """Flat faces cut out of a solid were riddled with faces turned over: the next sliver was taken for the nearest."""
    vertices, triangles = sliced_box
    points = np.random.default_rng(0).uniform([-0.39, -0.29, 0.1], [0.39, 0.29, 0.101], (20_000, 3))
    field = DistanceField(vertices, triangles)
    distance, direction, nearest = field.measure(points @ TURN.T)
    assert np.abs(distance - (points[:, 2] - 0.1)).max() < 2e-5
    assert (direction @ TURN[:, 2]).min() > 0.99
    # What is told is a triangle of the surface as it was given.
    of = vertices[triangles[nearest]] @ TURN
    assert np.allclose(of[:, :, 2], 0.1)
    assert (of[:, :, 1].min(1) < points[:, 1] + 1e-5).all() and (of[:, :, 1].max(1) > points[:, 1] - 1e-5).all()


@pytest.fixture
def caps() -> tuple[Vertices, Triangles]:
    """Triangles, closed to a tent, of which those at its foot have no corner that is anything like a right angle."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0.4, 3e-4, 0], [0.5, 0.4, 0], [0.5, 0.2, 0.3]])
    return vertices, np.array([[0, 2, 1], [0, 3, 2], [2, 3, 1], [0, 1, 4], [1, 3, 4], [3, 0, 4]], np.int32)


def test_what_has_no_right_angle_is_cut_into_what_has(caps: tuple[Vertices, Triangles]) -> None:
    vertices, triangles = caps
    found, parts, of = well_measured(vertices, triangles)
    assert len(triangles) < len(parts) < len(triangles) + 10 < FEW
    assert np.array_equal(found[: len(vertices)], vertices)
    assert Topology(triangles).closed and Topology(parts).closed
    # Each triangle's parts cover it, and face as it does.
    area = doubled_area_vectors(found, parts)
    total = np.stack([np.bincount(of, column, len(triangles)) for column in area.T], 1)
    assert np.allclose(total, doubled_area_vectors(vertices, triangles), atol=1e-12)
    points = np.random.default_rng(0).uniform([0.1, 1e-5, -1e-3], [0.9, 5e-5, -1e-4], (5_000, 3))
    distance, direction, _ = DistanceField(vertices, triangles).measure(points)
    assert np.abs(distance + points[:, 2]).max() < 2e-5 and direction[:, 2].max() < -0.95


def test_needles_as_narrow_as_rounding_are_left_to_their_neighbours() -> None:
    """Their neighbours are as near, to within what is called on the surface."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [0.5, 3e-5, 0], [0.5, 0.4, 0]])
    _, parts, of = well_measured(vertices, np.array([[0, 1, 2], [0, 2, 3], [2, 1, 3]], np.int32))
    assert np.array_equal(of, [0, 1, 2]) and len(parts) == 3


def test_what_has_no_slivers_is_the_surface_that_it_was(torus: Shape) -> None:
    vertices = torus.vertices / torus.diagonal
    found, parts, of = well_measured(vertices, torus.triangles)
    assert found is vertices and np.array_equal(of, np.arange(len(torus.triangles)))
    assert np.allclose(doubled_area_vectors(found, parts), doubled_area_vectors(vertices, torus.triangles))
