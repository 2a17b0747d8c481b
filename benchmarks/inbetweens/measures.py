"""The figures of one morph, and when one method does as well as another by them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.metrics import measure_morph
from lipmlp_engine.metrics.frame_motion import surface_step
from lipmlp_engine.metrics.solid import Solid
from lipmlp_engine.shapes.distance import DistanceField

from .pairs import Pair

Figures = dict[str, float | None]
"""By the names of MEASURES; None is worse than any number: nothing was there to be measured."""

END_SAMPLES = 5_000


@dataclass(frozen=True)
class Measure:
    """How one figure is compared."""

    title: str
    tolerance: float
    """A difference up to this is a tie."""
    more_is_better: bool = False
    only_known: bool = False
    """Exists only for pairs whose true motion is known."""


MEASURES = {
    "least_volume": Measure("least volume, of the smaller end's (capped at 1)", 0.05, more_is_better=True),
    "volume_departure": Measure("largest factor off the log-linear volume", 0.05),
    "area_departure": Measure("largest factor off the log-linear area", 0.05),
    "invented": Measure("parts, specks, cavities and handles beyond the ends, or lost", 0.5),
    "thin_loss": Measure("share of thin parts that vanish and regrow", 0.1),
    "path_length": Measure("path length over the ends' Hausdorff distance", 0.1),
    "speed_variation": Measure("unevenness of speed", 0.1),
    "jerk": Measure("jerk of the centroid, diagonals per unit of time cubed", 5.0),
    "ends": Measure("Chamfer distance at the worse end, % of the diagonal", 0.1),
    "off_truth": Measure("mean distance from the true in-between, % of the diagonal", 0.5, only_known=True),
}


def measure(frames: Sequence[MeshFrame], pair: Pair, threads: int = 0) -> Figures:
    """Every figure of a morph given as frames from time 0 to 1."""
    report = measure_morph(frames, pair.shapes, samples=END_SAMPLES, threads=threads)
    middle, topology = report.middle, report.topology
    invented = topology.extra_components + topology.extra_specks + topology.extra_cavities + topology.extra_genus
    figures: Figures = {
        "least_volume": min(middle.least_volume, 1.0),
        "volume_departure": _departure(middle.volume, middle.volume_path),
        "area_departure": _departure(middle.area, middle.area_path),
        "invented": float(invented + max(topology.lost_components, 0) + topology.regrown_components),
        "thin_loss": float(middle.thin_loss),
        "path_length": middle.path_length,
        "speed_variation": middle.speed_variation,
        "jerk": middle.centroid_jerk,
        "ends": max(end.chamfer for end in report.ends) if len(report.ends) == 2 else None,
    }
    if pair.motion is not None:
        figures["off_truth"] = _off_truth(frames, pair, threads)
        figures["least_of_truth"] = float(np.min(np.divide(middle.volume, middle.volume_path)))
    return {name: value if value is not None and math.isfinite(value) else None for name, value in figures.items()}


def compare(name: str, ours: float | None, theirs: float | None) -> int:
    """1 where ours is better, 0 for a tie within the tolerance, -1 where it is worse."""
    rule = MEASURES[name]
    if ours is None or theirs is None:
        return int(ours is not None) - int(theirs is not None)
    gain = ours - theirs if rule.more_is_better else theirs - ours
    return 0 if abs(gain) <= rule.tolerance else int(math.copysign(1, gain))


def true_frames(pair: Pair, times: Sequence[float]) -> list[MeshFrame]:
    """A known motion as it should be, none for other pairs; fine enough to be measured at its vertices."""
    import trimesh

    frames = []
    for time in times:
        shape = pair.truth(time)
        if shape is not None:
            vertices, triangles = trimesh.remesh.subdivide_to_size(  # type: ignore[no-untyped-call]
                shape.vertices, shape.triangles, shape.diagonal / 40
            )
            frames.append(MeshFrame(time, np.asarray(vertices, np.float32), np.asarray(triangles, np.int32)))
    return frames


def _departure(values: Sequence[float], path: Sequence[float]) -> float | None:
    if min(values) <= 0:
        return None
    return float(np.exp(np.abs(np.log(np.divide(values, path))).max()))


def _off_truth(frames: Sequence[MeshFrame], pair: Pair, threads: int) -> float | None:
    """Mean over time of the mean distance between surface and true surface, both ways."""
    distances = []
    for frame, true in zip(frames, true_frames(pair, [frame.time for frame in frames]), strict=True):
        solids = Solid.of_frame(frame), Solid.of_frame(true)
        if solids[0].empty:
            return None
        first, second = (DistanceField(solid.vertices, solid.triangles, threads=threads) for solid in solids)
        distances.append(surface_step(*solids, 1.0, (first, second), 20_000).mean)
    return 100 * float(np.mean(distances)) / pair.first.diagonal
