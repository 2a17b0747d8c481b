"""Of few points, what a fit through them misses is what is bent; none of it is taken for noise and smoothed away."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.surface_samples import sample_surface


def test_two_crossed_blocks_of_200_points_keep_their_shape() -> None:
    blocks = [trimesh.creation.box((1, 0.5, 0.2)), trimesh.creation.box((0.3, 0.9, 0.3))]
    blocks[1].apply_translation((0.2, 0, 0.1))
    solid = trimesh.boolean.union(blocks, engine="manifold")
    points, _, _ = sample_surface(solid.vertices, solid.faces, 200, np.random.default_rng(0))
    found = reconstruct(Cloud(points), "blocks", Points(), threads=1)
    diagonal = Cloud(points).diagonal
    truth = DistanceField(np.asarray(solid.vertices, np.float64), np.asarray(solid.faces, np.int32), threads=1)
    made = DistanceField(found.vertices, found.triangles, threads=1)
    assert truth.closest(found.vertices)[2].mean() < 0.02 * diagonal
    assert made.closest(points)[2].mean() < 0.015 * diagonal
    assert (found.report.parts, found.report.genus) == (1, 0)
