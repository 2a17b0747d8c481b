"""Fields in the place of a trained morph, which frames are taken from, with and without detail."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray

from lipmlp_engine.guide import Blend, ExactMorph, Motion, VelocityLattice, common_pose
from lipmlp_engine.guide.exact_morph import ExactBlend
from lipmlp_engine.guide.frame_pose import Pose, PosePath
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.model.trained_morph import Morph
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.surface.detail import DetailedField
from lipmlp_engine.surface.field import Field, LipschitzField

Floats = NDArray[np.float32]


class _Exact:
    """A field in the place of the exact blend."""

    share = 0.5

    def __init__(self, field: Field) -> None:
        self._field = field

    def too_thin_for(self, cell: float) -> bool:
        return False

    def freedom(self, points: Floats) -> Floats:
        return np.zeros(len(points), np.float32)

    def values(self, points: Floats, cell: float = 0.0, scattered: bool = False) -> tuple[Floats, Floats]:
        values = self._field.values(torch.from_numpy(points)).numpy()
        return values, np.ones_like(values)

    def values_and_gradient(self, points: Floats) -> tuple[Floats, Floats, Floats]:
        values, gradient = (part.numpy() for part in self._field.values_and_gradient(torch.from_numpy(points)))
        return values, gradient, np.ones_like(values)


def detailed(field: Field) -> DetailedField:
    return DetailedField(field, cast(ExactBlend, _Exact(field)), 0.02)


def of_shape(shape: Shape) -> tuple[DetailedField, Pose]:
    """A shape that stands still, of which a network knows nothing, and where it lies in the training frame."""
    pose = common_pose([shape, shape])
    motion = Motion(PosePath([pose] * 2), [VelocityLattice(torch.zeros(20, 20, 20, 3))])
    nothing_known = LipschitzField(lambda points: 0 * points.sum(1), 0.0)
    return DetailedField(nothing_known, ExactMorph([shape, shape], motion, [Blend()]).at(0.0), 1.0), pose


class _Morphing:
    """In a world that is the training frame."""

    detailed = False

    def __init__(self, shown: Callable[[float], Field], pieces: int, cells: int) -> None:
        self.shown_field = shown
        self._pieces, self._cells = pieces, cells
        self.handles_of_shapes: dict[tuple[int, int, str], int] = {}

    def pose(self, time: float) -> Pose:
        return Pose(1.0, np.eye(3), np.zeros(3))

    def segment(self, time: float) -> int:
        return 0

    def parts_about(self, time: float) -> list[float]:
        return [1.0, 1.0]

    def pieces_about(self, time: float) -> int:
        return self._pieces

    def in_both_shapes(self, points: torch.Tensor, time: float) -> Floats:
        return np.hstack([points.numpy()] * 2)

    def outside_shape(self, points: torch.Tensor, time: float, index: int) -> NDArray[np.float64]:
        return self.shown_field(index).values(points).numpy().astype(np.float64)

    def cells(self, extraction: Extraction) -> int:
        return self._cells


def morphing(shown: Callable[[float], Field], pieces: int, cells: int) -> Morph:
    """A morph of what is shown at each time, between shapes in so many pieces."""
    return cast(Morph, _Morphing(shown, pieces, cells))
