"""Shapes whose vertices correspond because their files have the same faces: a second shape key, a sculpted copy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..job.description import Job
from ..job.errors import ShapeError
from ..shapes.same_mesh import same_faces
from ..shapes.shape import Shape
from .shape_files import read_shape

LANDMARKS = 48
"""Pairs of vertices that stand for all where a flow is looked for. Chosen."""


def vertex_landmarks(shapes: Sequence[Shape]) -> list[list[list[float] | None]]:
    """Landmarks for a chain of shapes as their files have them: vertices spread well over the first of each pair."""
    rows: list[list[list[float] | None]] = []
    for index, (first, second) in enumerate(pairwise(shapes)):
        if not same_faces(first, second):
            raise ShapeError(
                f"'{first.name}' and '{second.name}' do not have the same faces, so that their vertices do not "
                "correspond; set guide.correspondence to auto."
            )
        for vertex in _spread(first.vertices[np.unique(first.triangles)], np.unique(first.triangles)):
            row: list[list[float] | None] = [None] * len(shapes)
            row[index], row[index + 1] = first.vertices[vertex].tolist(), second.vertices[vertex].tolist()
            rows.append(row)
    return rows


def _spread(points: NDArray[np.float64], numbers: NDArray[np.integer]) -> list[int]:
    """Each next one as far as can be from those already taken."""
    distances = np.linalg.norm(points - points.mean(axis=0), axis=1)
    chosen: list[int] = []
    for _ in range(min(LANDMARKS, len(points))):
        farthest = int(distances.argmax())
        fresh = np.linalg.norm(points - points[farthest], axis=1)
        distances = fresh if not chosen else np.minimum(distances, fresh)
        chosen.append(int(numbers[farthest]))
    return chosen


def given_landmarks(job: Job, base: Path) -> list[list[list[float] | None]]:
    """Those that the vertices of a job's files give where it wants them in any case."""
    if job.guide.correspondence != "vertices":
        return []
    return vertex_landmarks([read_shape(base / shape.path, shape.name) for shape in job.shapes])
