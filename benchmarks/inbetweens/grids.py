"""Fields on a regular grid around both shapes, and the surfaces in them; knows nothing of networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.guide import Pose, common_pose
from lipmlp_engine.job.sections import Extraction
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.surface.field import LipschitzField
from lipmlp_engine.surface.parts import smallest_part, speck_share, without_specks
from lipmlp_engine.surface.zero_set import extract_surface

from .pairs import Pair


@dataclass(frozen=True)
class Grid:
    """Both shapes' exact signed distances, (n + 1)³ each, in units of half the grid's side."""

    pose: Pose
    first: Tensor
    second: Tensor
    least_part: float
    """What has less than this share of the volume is left out, as it is from the frames of a morph."""

    @property
    def cells(self) -> int:
        return len(self.first) - 1

    @property
    def cell(self) -> float:
        """A cell's side."""
        return 2 / self.cells

    def frame(self, values: Tensor, time: float) -> MeshFrame:
        """The surface where values on the grid are zero."""
        field = interpolated(values)
        vertices, faces = without_specks(*extract_surface(field, self.cells), self.least_part)
        return MeshFrame(time, self.pose.to_world(vertices.astype(np.float64)).astype(np.float32), faces)


def grid_of(pair: Pair, cells: int, threads: int = 0) -> Grid:
    """Measure both shapes on a common grid."""
    pose = common_pose(pair.shapes)
    axis = np.linspace(-1, 1, cells + 1)
    places = pose.to_world(np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3))
    values = []
    for shape in pair.shapes:
        distances = DistanceField(shape.vertices, shape.triangles, threads=threads).signed(places) / pose.scale
        values.append(torch.from_numpy(distances.astype(np.float32)).view(cells + 1, cells + 1, cells + 1))
    least_part = speck_share(Extraction().least_part, [smallest_part(shape) for shape in pair.shapes])
    return Grid(pose, values[0], values[1], least_part)


def interpolated(values: Tensor) -> LipschitzField:
    """Trilinear between the grid's values, with the constant that the steepest differences give."""
    # grid_sample wants z, y, x.
    volume = values.permute(2, 1, 0)[None, None].contiguous()

    def function(points: Tensor) -> Tensor:
        found = torch.nn.functional.grid_sample(
            volume, points.view(1, 1, 1, -1, 3), align_corners=True, padding_mode="border"
        )
        return found.view(-1)

    steepest = torch.stack([values.diff(dim=axis).abs().max() for axis in range(3)]) * (len(values) - 1) / 2
    return LipschitzField(function, float(steepest.norm()) or 1.0)
