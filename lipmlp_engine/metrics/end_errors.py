"""How well the ends of a morph reproduce their shapes: distances and normals between surfaces, nothing over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..files.results_folder import is_true
from ..shapes.distance import DistanceField
from ..shapes.surface_samples import sample_surface
from .solid import Points, Solid

CONVENTION = (
    "Points are drawn evenly from both surfaces and their distance to the other surface is taken, in % of the "
    "bounding-box diagonal of the shape. Chamfer is the mean of the two directed mean distances; the percentiles and "
    "the maximum (Hausdorff) are the larger of the two directions. Normal consistency is the mean cosine between the "
    "normals at a point and at the closest point of the other surface, orientation included, both ways. Only the "
    "outer surface of a shape counts: points of it that have inside, or outside, on both sides are left out; "
    "'outer share' says how much of it was left. All of this is sampled: a true maximum may be larger."
)

BESIDE = 3e-4
"""How far beside the surface inside and outside are asked for, as a share of the diagonal. Chosen."""


@dataclass
class EndMeasure:
    """One shape against the frame extracted at its time; distances in % of the shape's diagonal."""

    shape: str
    time: float
    chamfer: float
    shape_to_frame: float
    """Mean distance of the shape's points from the frame: large where a limb is missing."""
    frame_to_shape: float
    """Mean distance of the frame's points from the shape: large where something was invented."""
    percentile_95: float
    percentile_99: float
    hausdorff: float
    normal_consistency: float
    outer_share: float
    """Share of the shape's surface that is outer surface."""
    samples: int

    @property
    def true(self) -> bool:
        """Whether the frame shows all of the shape, by sampled distances."""
        return is_true(self.chamfer, self.percentile_99)


def measure_end(
    name: str,
    time: float,
    shape: Solid,
    frame: Solid,
    *,
    samples: int = 30_000,
    seed: int = 0,
    threads: int = 0,
    frame_field: DistanceField | None = None,
) -> EndMeasure | None:
    """Compare a shape with the surface that stands for it; None where the surface is empty."""
    if frame.empty or shape.empty:
        return None
    rng = np.random.default_rng(seed)
    shape_field = DistanceField(shape.vertices, shape.triangles, threads=threads)
    if frame_field is None:
        frame_field = DistanceField(frame.vertices, frame.triangles, threads=threads)

    points, normals, _ = sample_surface(shape.vertices, shape.triangles, samples, rng)
    outer = outer_points(shape_field, points, normals, shape.diagonal)
    there, there_cosine = _compare(points[outer], normals[outer], frame, frame_field)
    points, normals, _ = sample_surface(frame.vertices, frame.triangles, samples, rng)
    back, back_cosine = _compare(points, normals, shape, shape_field)
    if len(there) == 0:
        return None
    percent = 100.0 / shape.diagonal

    def larger(percentile: float) -> float:
        return percent * float(max(np.percentile(there, percentile), np.percentile(back, percentile)))

    return EndMeasure(
        shape=name,
        time=time,
        chamfer=percent * float(there.mean() + back.mean()) / 2,
        shape_to_frame=percent * float(there.mean()),
        frame_to_shape=percent * float(back.mean()),
        percentile_95=larger(95),
        percentile_99=larger(99),
        hausdorff=larger(100),
        normal_consistency=float(there_cosine.mean() + back_cosine.mean()) / 2,
        outer_share=float(outer.mean()),
        samples=samples,
    )


def outer_points(field: DistanceField, points: Points, normals: Points, diagonal: float) -> NDArray[np.bool_]:
    """Which surface points have inside on one side only, by the winding number."""
    step = BESIDE * diagonal * normals
    outside, inside = field.winding(points + step) > 0.5, field.winding(points - step) > 0.5
    single: NDArray[np.bool_] = outside != inside
    return single


def _compare(
    points: Points, normals: Points, other: Solid, field: DistanceField
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances to the other surface and cosines between the normals."""
    triangles, _, distances = field.closest(points)
    cosines = np.einsum("ij,ij->i", np.asarray(normals, np.float64), other.face_normals[triangles])
    return np.asarray(distances, np.float64), cosines
