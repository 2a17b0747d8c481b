"""Counts of parts, handles and cavities, and what a morph has beyond its ends."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.metrics.frame_topology import Topology, compare_topology, topology_of
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.metrics.thickness import thickness_at, thin_share
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.shapes.surface_samples import sample_surface

ONE = Topology(components=1, specks=0, cavities=0, genus=0, closed=True)
TWO = Topology(components=2, specks=0, cavities=0, genus=0, closed=True)
RING = Topology(components=1, specks=0, cavities=0, genus=1, closed=True)
DUST = Topology(components=1, specks=3, cavities=0, genus=0, closed=True)


def solid_of(*parts: trimesh.Trimesh) -> Solid:
    mesh = trimesh.util.concatenate(parts)
    return Solid(np.asarray(mesh.vertices, np.float64), np.asarray(mesh.faces, np.int32))


def beside(mesh: trimesh.Trimesh, distance: float) -> trimesh.Trimesh:
    copy = mesh.copy()
    copy.apply_translation((distance, 0, 0))
    return copy


def test_simple_shapes(ball: Shape, torus: Shape, two_balls: Shape, nested: Shape) -> None:
    assert topology_of(Solid.of_shape(ball)) == ONE
    assert topology_of(Solid.of_shape(torus)) == RING
    assert topology_of(Solid.of_shape(two_balls)) == TWO
    assert topology_of(Solid.of_shape(nested)) == Topology(1, 0, 1, 0, True)


def test_handles_of_several_parts_add_up() -> None:
    ring = trimesh.creation.torus(1.0, 0.3)
    assert topology_of(solid_of(ring, beside(ring, 4), beside(ring, 8))).genus == 3


def test_a_tiny_part_is_a_speck() -> None:
    large, tiny = trimesh.creation.icosphere(3, 1.0), trimesh.creation.icosphere(1, 0.05)
    found = topology_of(solid_of(large, beside(tiny, 3)))
    assert (found.components, found.specks) == (1, 1)


def test_loose_triangles_are_welded(soup: Shape) -> None:
    assert topology_of(Solid.of_shape(soup)) == ONE


def test_an_open_surface_has_no_genus(open_ball: Shape) -> None:
    found = topology_of(Solid.of_shape(open_ball))
    assert not found.closed and found.genus is None


def test_quads_count_like_triangles() -> None:
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    quads = np.array([[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]], np.int32)
    cube = Solid.of_frame(MeshFrame(0.0, corners, quads))
    assert topology_of(cube) == ONE
    assert np.isclose(cube.volume, 1) and np.isclose(cube.area, 6)


def test_a_handle_that_no_end_has_is_found() -> None:
    found = compare_topology([0, 0.25, 0.5, 0.75, 1], [ONE, ONE, RING, ONE, ONE], [ONE, ONE])
    assert found.extra_genus == 1 and found.spurious_times == [0.5]
    assert found.changes == [(0.25, 0.5), (0.5, 0.75)]


def test_what_one_end_has_is_not_extra() -> None:
    found = compare_topology([0, 0.3, 0.6, 1], [ONE, TWO, RING, TWO], [RING, TWO])
    assert found.extra_components == 0 and found.extra_genus == 0
    # At its own time a shape stands alone: the ring has lost its handle, which is no excess.
    assert found.spurious_times == []


def test_dust_at_an_end_is_told() -> None:
    found = compare_topology([0, 0.5, 1], [DUST, ONE, ONE], [ONE, ONE])
    assert found.extra_specks == 3 and found.spurious_times == [0]


def test_parts_that_merge_and_part_again_are_regrown() -> None:
    found = compare_topology([0, 0.5, 1], [TWO, ONE, TWO], [TWO, TWO])
    assert found.lost_components == 1 and found.regrown_components == 1
    assert compare_topology([0, 0.5, 1], [ONE, ONE, TWO], [ONE, TWO]).regrown_components == 0


def test_each_segment_of_a_chain_is_held_against_its_own_ends() -> None:
    found = compare_topology([0, 0.5, 1, 1.5, 2], [ONE, TWO, TWO, ONE, ONE], [ONE, TWO, ONE])
    assert found.extra_components == 0
    found = compare_topology([0, 0.5, 1, 1.5, 2], [ONE, TWO, ONE, ONE, TWO], [ONE, ONE, TWO])
    assert found.extra_components == 1 and found.spurious_times == [0.5]


def test_thickness_of_a_ball_and_of_a_slab(ball: Shape) -> None:
    rng = np.random.default_rng(0)
    points, normals, _ = sample_surface(ball.vertices, ball.triangles, 200, rng)
    assert np.allclose(thickness_at(Solid.of_shape(ball), points, normals), 2, rtol=0.01)
    slab = solid_of(trimesh.creation.box((2.0, 2.0, 0.1)))
    flat = thickness_at(slab, np.array([[0.3, 0.2, 0.05]]), np.array([[0.0, 0.0, 1.0]]))
    assert np.allclose(flat, 0.1, rtol=0.01)


def test_only_thin_parts_are_thin(ball: Shape) -> None:
    body = solid_of(trimesh.creation.icosphere(4, 1.0))
    stick = trimesh.creation.cylinder(0.1, 2.0)
    assert thin_share(Solid.of_shape(ball)) == 0
    share = thin_share(solid_of(trimesh.creation.icosphere(4, 1.0), beside(stick, 3)))
    side, whole = 2 * np.pi * 0.1 * 2.0, body.area + 2 * np.pi * 0.1 * 2.1
    assert np.isclose(share, side / whole, atol=0.01)
    assert np.isclose(thin_share(solid_of(beside(stick, 300))), thin_share(solid_of(stick)), atol=0.02)
