"""Bridges that make one body of two are cut where they are thin and short; wires and wide necks stay."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.false_bridges import cut_false_bridges
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.points.winding_grid import WindingGrid
from lipmlp_engine.points.zero_surface import extracted
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.shape import signed_volume
from lipmlp_engine.shapes.surface_samples import sample_surface

CELL = 0.01


def joined_plates(places: NDArray[np.float64], gap: float, radius: float) -> NDArray[np.float64]:
    """The distance to two plates above each other with a round rod between them."""
    z = np.abs(places[:, 2])
    beyond = np.stack(
        [np.abs(places[:, 0]) - 0.4, np.abs(places[:, 1]) - 0.3, np.abs(z - gap / 2 - 0.05) - 0.05], axis=1
    )
    plates = np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0)
    rod = np.maximum(np.hypot(places[:, 0] - 0.203, places[:, 1] - 0.101) - radius, z - gap)
    return np.asarray(np.minimum(plates, rod))


@pytest.mark.parametrize(
    ("gap", "radius", "parts"), [(0.015, 0.012, 2), (0.015, 0.06, 1), (0.12, 0.012, 1), (0.015, 0.0, 2)]
)
def test_a_bridge_that_is_thin_and_short_is_cut_and_no_other(gap: float, radius: float, parts: int) -> None:
    grid = WindingGrid(np.array([[-0.4, -0.3, -0.2], [0.4, 0.3, 0.2]]), CELL, threads=1)
    values = joined_plates(grid.places(np.arange(np.prod(grid.shape))), gap, radius).astype(np.float32)
    values = values.reshape(grid.shape)
    whole, triangles = extracted(values, grid)
    assert Topology(triangles).part_count == (2 if radius == 0 else 1)
    before = values.copy()
    cut_false_bridges(values, grid)
    vertices, left = extracted(values, grid)
    topology = Topology(left)
    assert topology.closed and topology.part_count == parts and topology.euler_number == 2 * parts
    assert signed_volume(vertices, left) == pytest.approx(signed_volume(whole, triangles), rel=0.002)
    assert ((values != before).any()) == (radius > 0 and parts == 2)


def test_bodies_that_reach_the_rim_of_the_grid_are_told_apart() -> None:
    grid = WindingGrid(np.array([[0.0, 0, 0], [1, 1, 1]]), 1 / 12)
    values = np.full(grid.shape, -grid.cell, np.float32)
    middle = tuple(size // 2 for size in grid.shape)
    values[middle[0]] = grid.cell
    values[middle] = -0.1 * grid.cell
    cut_false_bridges(values, grid)
    assert (values[middle[0]] > 0).sum() >= values[middle[0]].size - 1
    assert Topology(extracted(values, grid)[1]).part_count == 2


def test_two_boxes_that_nearly_touch_are_two() -> None:
    boxes = [trimesh.creation.box((0.5, 0.5, 0.3)) for _ in range(2)]
    boxes[1].apply_translation((0.512, 0.1, 0))
    solid = trimesh.util.concatenate(boxes)
    points, _, _ = sample_surface(solid.vertices, solid.faces, 6_000, np.random.default_rng(0))
    found = reconstruct(Cloud(points), "boxes", Points(), threads=1)
    assert found.report.parts == 2 and found.report.genus == 0
    # The gap is narrower than the points are apart.
    assert found.report.spacing / 100 * Cloud(points).diagonal > 0.012
    assert found.report.astray < 0.3 and not any("grown together" in note for note in found.notes)


def test_spokes_that_noise_hides_are_told_of() -> None:
    spokes = [trimesh.creation.box((0.6, 0.008, 0.008)) for _ in range(3)]
    for number, spoke in enumerate(spokes):
        spoke.apply_translation((0.35, 0.1 * number - 0.1, 0))
    solid = trimesh.boolean.union([trimesh.creation.box((0.4, 0.4, 0.4)), *spokes], engine="manifold")
    rng = np.random.default_rng(0)
    points, _, _ = sample_surface(solid.vertices, solid.faces, 6_000, rng)
    points = points + 0.006 * rng.standard_normal(points.shape)
    found = reconstruct(Cloud(points), "brush", Points(), threads=1)
    told = [note for note in found.notes if "is lost or has grown together" in note]
    assert len(told) == 1 and f"{found.report.astray:.1f} % of its points lie more than" in told[0]
    assert 0.3 < found.report.astray < 20
