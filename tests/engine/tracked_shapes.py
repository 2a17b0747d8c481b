"""Shapes with known motions, and morphs between them that are trained for a moment, for the tests of tracking."""

from __future__ import annotations

import numpy as np

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.shape import Shape

from .known_shapes import shape_of, wedge

CENTRE = wedge().center_mass
AWAY = np.array([1.0, 0.0, 0.0])


def source() -> Shape:
    """A shape without any symmetry, in triangles of a tenth of its size."""
    return shape_of(wedge().subdivide_to_size(0.25), "source")


def trained(shapes: list[Shape], steps: int = 400) -> Morph:
    job = Job.preset("draft", shapes=[ShapeInput(shape.name, shape.name) for shape in shapes])
    job.training.steps, job.training.threads, job.sampling.points = steps, 1, 8_000
    job.guide.kind = "transport"
    job.training.batch = 1_024
    return train(job, shapes, lambda event: None, lambda: False)


def moved_and_scaled(points: np.ndarray, time: float) -> np.ndarray:
    return (points - CENTRE) * 1.5**time + CENTRE + np.array([3.0, 1.0, 0]) * time
