"""Shapes whose distances are known exactly, for every engine test; knows nothing of what is tested."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.shapes.shape import Shape

from .known_shapes import moved, shape_of


@pytest.fixture(scope="session")
def ball() -> Shape:
    """Radius 1 at the origin; off the true sphere by less than 3e-4."""
    return shape_of(trimesh.creation.icosphere(subdivisions=5, radius=1.0), "ball")


@pytest.fixture(scope="session")
def box() -> Shape:
    """Sides 1, 2 and 3 about the origin."""
    return shape_of(trimesh.creation.box((1.0, 2.0, 3.0)), "box")


@pytest.fixture(scope="session")
def torus() -> Shape:
    """Radii 1 and 0.4 about the z axis; off the true torus by less than 1e-3."""
    return shape_of(trimesh.creation.torus(1.0, 0.4, major_sections=128, minor_sections=64), "torus")


@pytest.fixture(scope="session")
def two_balls() -> Shape:
    """Radius 0.5 each, at x = -1 and x = 1."""
    part = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    both = trimesh.util.concatenate([moved(part, (-1, 0, 0)), moved(part, (1, 0, 0))])
    return shape_of(both, "two balls")


@pytest.fixture(scope="session")
def open_ball() -> Shape:
    """The unit sphere down to half a unit below its middle, without a floor."""
    heights, turns = 24, 96
    tilt, turn = np.meshgrid(
        np.linspace(0, 2 * np.pi / 3, heights), np.linspace(0, 2 * np.pi, turns, endpoint=False), indexing="ij"
    )
    vertices = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    index = np.arange(heights * turns, dtype=np.int32).reshape(heights, turns)
    upper, lower = index[:-1], index[1:]
    after = [np.roll(row, -1, axis=1) for row in (upper, lower)]
    triangles = np.concatenate(
        [
            np.stack(corners, axis=-1).reshape(-1, 3)
            for corners in ((upper, lower, after[1]), (upper, after[1], after[0]))
        ]
    )
    return Shape("open ball", vertices.reshape(-1, 3), triangles, closed=False)


@pytest.fixture(scope="session")
def nested() -> Shape:
    """A ball of radius 1 with a spherical cavity of radius 0.5."""
    outer = trimesh.creation.icosphere(subdivisions=4, radius=1.0)
    inner = trimesh.creation.icosphere(subdivisions=4, radius=0.5)
    inner.invert()
    return shape_of(trimesh.util.concatenate([outer, inner]), "nested")


@pytest.fixture(scope="session")
def overlapping_boxes() -> Shape:
    """Two unit cubes, at x = -0.25 and x = 0.25: together 1.5 × 1 × 1, with walls inside."""
    part = trimesh.creation.box((1.0, 1.0, 1.0))
    both = trimesh.util.concatenate([moved(part, (-0.25, 0, 0)), moved(part, (0.25, 0, 0))])
    return shape_of(both, "overlapping boxes")


@pytest.fixture(scope="session")
def flipped(ball: Shape) -> Shape:
    """The unit ball with every third triangle facing inwards."""
    triangles = ball.triangles.copy()
    triangles[::3] = triangles[::3, ::-1]
    return Shape("flipped", ball.vertices, triangles)


@pytest.fixture(scope="session")
def soup(ball: Shape) -> Shape:
    """The unit ball as loose triangles that share no vertices."""
    corners = ball.vertices[ball.triangles].reshape(-1, 3)
    return Shape("soup", corners, np.arange(len(corners), dtype=np.int32).reshape(-1, 3), closed=False)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real shapes; tests that want it are skipped where it is not."""
    folder = Path(os.environ.get("LIPMORPH_DATA", Path(__file__).parents[3] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no folder of shapes: set LIPMORPH_DATA")
    return folder


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A morph of three shapes with flows, as the training keeps it."""
    import torch

    from lipmlp_engine.guide import Motion, Pace
    from lipmlp_engine.guide.frame_pose import Pose, PosePath
    from lipmlp_engine.guide.velocity_lattice import VelocityLattice
    from lipmlp_engine.model.trained_morph import Morph

    sizes = [(4, 8), (8, 8), (8, 1)]
    layers = [(torch.randn(out, into), torch.randn(out)) for into, out in sizes]
    path = PosePath([Pose(1.0, np.eye(3), np.zeros(3)) for _ in range(3)])
    flows = [VelocityLattice(torch.zeros(4, 4, 4, 3)) for _ in range(2)]
    job = Job(shapes=[ShapeInput("a.npz", "A"), ShapeInput("b.npz", "B"), ShapeInput("c.npz", "C")])
    morph = Morph(job, layers, Motion(path, flows, [Pace(0.1), Pace(0.0)]), smallest_parts=[1.0, 0.5, 1.0])
    place = tmp_path_factory.mktemp("model") / "model.safetensors"
    morph.save(place)
    return place
