"""Handles finer than a cloud can tell are closed, in its surface; what its points do tell stays."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.false_handles import finer_than_told, without_false_handles
from lipmlp_engine.points.oriented_samples import Samples
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.points.winding_grid import WindingGrid
from lipmlp_engine.points.zero_surface import extracted
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.shape import signed_volume
from lipmlp_engine.shapes.surface_samples import sample_surface

BRIDGE, HOLE = 0.012, 0.1


def handles(triangles: NDArray[np.int32]) -> int:
    topology = Topology(triangles)
    assert topology.closed
    return (2 * topology.part_count - topology.euler_number) // 2


def plates(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance to two plates above each other that are joined at their left ends, one with a round hole, and with
    a thin bridge between them and a thin tunnel through the other one."""

    def box(middle: tuple[float, float, float], half: tuple[float, float, float]) -> NDArray[np.float64]:
        beyond = np.abs(places - middle) - half
        return np.asarray(np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0))

    def rod(x: float, y: float, radius: float) -> NDArray[np.float64]:
        return np.asarray(np.hypot(places[:, 0] - x, places[:, 1] - y) - radius)

    upper = np.maximum(box((0, 0, 0.1), (0.5, 0.3, 0.05)), -rod(0.25, 0, HOLE))
    lower = np.maximum(box((0, 0, -0.1), (0.5, 0.3, 0.05)), -rod(-0.2, -0.1, BRIDGE))
    solid = np.minimum(np.minimum(upper, lower), box((-0.45, 0, 0), (0.05, 0.3, 0.1)))
    return np.minimum(solid, np.maximum(rod(0, 0.1, BRIDGE), np.abs(places[:, 2]) - 0.1))


@pytest.mark.parametrize(("spacing", "noise", "left"), [(0.04, 0.0, 1), (0.012, 0.0, 3), (0.012, 0.02, 1)])
def test_what_is_narrower_than_the_spacing_or_the_noise_is_closed(spacing: float, noise: float, left: int) -> None:
    corners = np.array([[-0.5, -0.3, -0.15], [0.5, 0.3, 0.15]])
    grid = WindingGrid(corners, 0.009, threads=1)
    values = plates(grid.places(np.arange(np.prod(grid.shape)))).astype(np.float32).reshape(grid.shape)
    before, triangles = extracted(values, grid)
    assert handles(triangles) == 3
    whole = signed_volume(before, triangles)
    samples = Samples(corners, np.eye(3)[:2], np.full(2, spacing), noise)
    after, triangles = without_false_handles(values, grid, finer_than_told(samples), lambda: extracted(values, grid))
    assert handles(triangles) == left
    assert signed_volume(after, triangles) == pytest.approx(whole, rel=0.003)
    assert left < 3 or np.array_equal(after, before)


def test_a_ring_on_a_block_stays_and_holes_through_it() -> None:
    block = trimesh.creation.box((1, 0.5, 0.2))
    ear = trimesh.creation.torus(0.12, 0.03, major_sections=64, minor_sections=24)
    ear.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (1, 0, 0)))
    ear.apply_translation((0.25, 0, 0.15))
    drill = trimesh.creation.cylinder(0.04, 1, sections=48)
    drill.apply_translation((-0.25, 0, 0))
    solid = trimesh.boolean.difference(
        [trimesh.boolean.union([block, ear], engine="manifold"), drill], engine="manifold"
    )
    assert solid.euler_number == -2
    points, _, _ = sample_surface(solid.vertices, solid.faces, 6000, np.random.default_rng(0))
    found = reconstruct(Cloud(points), "cup", Points(), threads=1)
    assert found.report.parts == 1 and found.report.genus == 2
    # The wire is less than five spacings thick.
    assert 5 * found.report.spacing / 100 * Cloud(points).diagonal > 2 * 0.03
