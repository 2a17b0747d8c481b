"""How far the surface that is shown, with detail from the shapes, is from the one that the certificates are about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.spatial import KDTree

from ..files.mesh_frame import MeshFrame
from ..metrics.quality_report import Bound
from ..model.trained_morph import Morph
from .certificate import Figure
from .proofs import brief

SEARCHED = np.geomspace(1e-3, 0.06, 7)
"""How far from a vertex, along the network's slope, the other sign is looked for, in units of the training frame.

Chosen.
"""


def frame_distance(morph: Morph, frame: MeshFrame) -> float:
    """A length in the world that no vertex of a frame is farther than from the certified surface; maybe infinite.

    Where f is positive on one end of a line and negative on the other, it is zero on the way, so this is proved, but
    for rounding. A vertex where that is not found, as in a part that the network missed, is as far as the way over one
    where it is. Infinite where the network has no surface near any vertex.
    """
    pose, field = morph.pose(frame.time), morph.field(frame.time)
    points = torch.from_numpy(pose.to_training(frame.vertices.astype(np.float64)).astype(np.float32)).to(field.device)
    if not len(points):
        return 0.0
    values, slope = field.values_and_gradient(points)
    across = -torch.sign(values)[:, None] * torch.nn.functional.normalize(slope, dim=1)
    reach = torch.full_like(values, float("inf"))
    open_ = values != 0
    reach[~open_] = 0.0
    rows = torch.nonzero(open_).squeeze(1)
    for distance in SEARCHED.tolist():
        # Where f is steeper than elsewhere its slope may lead past the surface: the opposite way is tried as well.
        for way in (distance, -distance):
            there = field.values(points[rows] + way * across[rows])
            met = there * values[rows] <= 0
            reach[rows[met]] = distance
            rows = rows[~met]
        if not len(rows):
            break
    found = torch.isfinite(reach).cpu().numpy()
    lengths, places = reach.cpu().numpy().astype(np.float64), points.cpu().numpy()
    if found.any() and not found.all():
        ways, over = KDTree(places[found]).query(places[~found])
        lengths[~found] = ways + lengths[found][over]
    return float(lengths.max()) * pose.scale


def shown_figures(morph: Morph, distances: Sequence[float], diagonal: float) -> list[Figure]:
    """What is certain of what is shown, from the distances of its frames; nothing where it is the network's own."""
    if not morph.detailed:
        return []
    bound = Figure(
        "detail_bound",
        morph.detail_bound,
        "certified",
        "Largest value of f where the surface is shown",
        "units of the training frame",
    )
    meaning = "Distance of the shown vertices from the certified surface"
    percent = 100 * max(distances, default=0.0) / diagonal
    return [bound, Figure("shown_distance", percent, "certified", meaning, "% of the diagonal")]


def brief_bounds(morph: Morph, distances: Sequence[float], diagonal: float) -> list[Bound]:
    """What costs next to nothing, as a report keeps it; `lipmorph certify` finds closer bounds and more of them."""
    shown = shown_figures(morph, distances, diagonal) if distances else []
    return [figure.reported() for figure in [*brief(morph), *shown]]
