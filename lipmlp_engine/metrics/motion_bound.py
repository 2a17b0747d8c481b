"""Certified bounds on how far the surface moves between frames, from enclosures of the field; samples prove nothing.

Needs a morph's fields, and torch for them; knows nothing of how they came to be.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..files.mesh_frame import MeshFrame
from ..surface.field import Field

if TYPE_CHECKING:
    from ..guide.frame_pose import Pose
    from ..model.trained_morph import Morph

COARSEST = 16
"""Boxes along a side of the training frame to begin with. Chosen."""
FINEST = 1024
"""Boxes along a side of the training frame at which the search ends. Chosen."""
ROOM = 1.1
"""The search ends where the bound is within this factor of what samples show. Chosen."""
WITNESS = 1 / 512
"""How close to a vertex, in the training frame, a change of sign must prove that the surface passes. Chosen."""
MOST_BOXES = 400_000
"""Boxes at which it ends as well. Chosen."""

Points = NDArray[np.float64]


PROJECTIONS = 3
"""Steps in which a sample is led onto the surface. Chosen."""
LONGEST_STEP = 0.05
"""Of them, in units of the training frame. Chosen."""


@dataclass(frozen=True)
class _Moment:
    """The surface at one time: the field that encloses it, and points that are proved to lie beside it."""

    field: Field
    pose: Pose
    witnesses: Points
    """In world units, each within ``slack`` of the surface."""
    slack: float


def certified_motion(morph: Morph, frames: Iterable[MeshFrame]) -> list[float]:
    """For each pair of consecutive frames a length, in world units, that their Hausdorff distance cannot exceed.

    It holds for the surfaces f = 0 within the training frame [-1, 1]³, up to rounding, whatever the frames'
    resolution; infinite where one of the two has no surface that could be proved. Costs seconds a pair, so it is for
    those who ask for certificates, not for every report.
    """
    bounds: list[float] = []
    before: _Moment | None = None
    for frame in frames:
        now = _moment(morph.field(frame.time), morph.pose(frame.time), frame)
        if before is not None:
            bounds.append(max(_reach(now, before), _reach(before, now)))
        before = now
    return bounds


def _moment(field: Field, pose: Pose, frame: MeshFrame) -> _Moment:
    world = np.asarray(frame.vertices, np.float64)
    points = torch.as_tensor(pose.to_training(world), dtype=torch.float32, device=field.device)
    if len(points):
        # What is shown has detail that f has not: its vertices are led onto f's own surface.
        for _ in range(PROJECTIONS):
            values, slope = field.values_and_gradient(points)
            steepness = slope.square().sum(1).clamp(min=1e-2)
            points = points - (values / steepness).clamp(-LONGEST_STEP, LONGEST_STEP)[:, None] * slope
        world = pose.to_world(points.cpu().numpy().astype(np.float64))
        normals = torch.nn.functional.normalize(field.gradient(points), dim=1)
        changes = field.values(points - WITNESS * normals) * field.values(points + WITNESS * normals) < 0
        inside = (points.abs() < 1 - WITNESS).all(dim=1)
        world = world[(changes & inside).cpu().numpy()]
    return _Moment(field, pose, world, WITNESS * pose.scale)


def _reach(of: _Moment, to: _Moment) -> float:
    """How far at most a point of one surface is from the other: branch and bound over boxes that may hold it."""
    if len(to.witnesses) == 0:
        return math.inf
    tree = cKDTree(to.witnesses)
    seen = float(tree.query(of.witnesses)[0].max()) if len(of.witnesses) else 0.0
    enough = ROOM * (seen + to.slack)
    bound = 0.0
    half = 1.0 / COARSEST
    line = (np.arange(COARSEST) * 2 + 1) * half - 1
    centres: Points = np.stack(np.meshgrid(line, line, line, indexing="ij"), axis=-1).reshape(-1, 3)
    while True:
        centres = centres[_may_hold_surface(of.field, centres, half)]
        if len(centres) == 0:
            return bound
        distance = np.asarray(tree.query(of.pose.to_world(centres))[0], np.float64)
        farthest = distance + math.sqrt(3) * half * of.pose.scale + to.slack
        open_boxes = farthest > enough
        bound = max(bound, float(farthest[~open_boxes].max(initial=0.0)))
        centres = centres[open_boxes]
        if half <= 1.0 / FINEST or 8 * len(centres) > MOST_BOXES:
            return max(bound, float(farthest[open_boxes].max(initial=0.0)))
        half /= 2
        corners = np.array([[x, y, z] for x in (-half, half) for y in (-half, half) for z in (-half, half)])
        centres = (centres[:, None, :] + corners).reshape(-1, 3)


def _may_hold_surface(field: Field, centres: Points, half: float) -> NDArray[np.bool_]:
    """Boxes in which the field's enclosure allows a zero; a hair wider, because it is computed in single precision."""
    middle = torch.as_tensor(centres, dtype=torch.float32, device=field.device)
    low, high = field.bounds(middle - half * (1 + 1e-5), middle + half * (1 + 1e-5))
    held: NDArray[np.bool_] = ((low <= 0) & (high >= 0)).cpu().numpy()
    return held
