"""A trained morph: the function f(x, t), the poses and flows that belong to it, and the file that keeps them all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from .. import __version__
from ..files.model_metadata import MODEL_FORMAT, read_metadata
from ..files.whole_file import written_whole
from ..guide import Blend, CarriedMesh, ExactMorph, Motion, Pace
from ..guide.frame_pose import Pose, PosePath
from ..guide.velocity_lattice import FLOW_STEPS, VelocityLattice
from ..job.description import Job
from ..job.errors import JobError, OutputError
from ..job.hearsay import HearsayError, parsed, shown
from ..job.sections import Extraction
from ..networks import exported_activation
from ..networks.plain_export import exported_field
from ..shapes.shape import Shape
from ..surface.detail import LARGEST_BOUND, DetailedField
from ..surface.field import Field
from ..surface.parts import pieces
from ..surface.resolution import cells_for, need_of
from ..surface.steady_motion import SurfaceMotion
from .model_check import (
    LARGEST_PACE,
    LARGEST_PART,
    check_blend,
    check_shape_arrays,
    check_tensors,
    numbers_of,
    shape_facts,
)


@dataclass
class Morph:
    """f is negative inside; it lives in the training frame, which ``pose(t)`` places in the world."""

    job: Job
    layers: list[tuple[Tensor, Tensor]]
    """The exported plain MLP: weights (out, in) and biases, inputs x, y, z, t."""
    motion: Motion
    parameters: dict[str, Tensor] = field(default_factory=dict)
    """The network's own parameters, from which a training can go on."""
    smallest_parts: list[float] = field(default_factory=list)
    """Of each shape, the least share of its volume that a part of it has; empty where that was not kept."""
    shapes: list[Shape] = field(default_factory=list)
    """As they were morphed; none in models of before they were kept."""
    blends: list[Blend] = field(default_factory=list)
    """How neighbours become one surface; none without a guide."""
    detail_bound: float = LARGEST_BOUND
    """The largest residual that detail from the shapes may add to f, in units of the training frame."""
    unfinished: dict[str, Tensor] = field(default_factory=dict)
    """Where the training stands, as long as it has not come to its end."""

    @property
    def names(self) -> list[str]:
        return [shape.name or Path(shape.path).stem for shape in self.job.shapes]

    @property
    def last_time(self) -> float:
        return float(len(self.job.shapes) - 1)

    @property
    def activation(self) -> str:
        """The activation of the exported MLP."""
        return exported_activation(self.job.network)

    def segment(self, time: float) -> int:
        """The pair of neighbours between which a time lies."""
        return int(min(max(time, 0.0), self.last_time - 1e-9))

    def field(self, time: float) -> Field:
        """f at a fixed time, as a function of space."""
        (weight, bias), *rest = self.layers
        return exported_field([(weight[:, :3], bias + weight[:, 3] * time), *rest], self.activation)

    def shown_field(self, time: float) -> Field:
        """The function whose surface is shown: f, with the detail that the shapes give it where that is wanted."""
        if self.detailed:
            return DetailedField(self.field(time), self._exact.at(time), self.detail_bound)
        return self.field(time)

    @property
    def detailed(self) -> bool:
        """Whether what is shown has its detail from the shapes."""
        wanted = self.job.extraction.detail == "shapes" and self.job.training.loss == "distance"
        return wanted and bool(self.blends) and bool(self.shapes)

    def make_ready(self, segments: Iterable[int]) -> None:
        """Find out what all frames of some segments have in common, before several threads ask for it at once."""
        if self.detailed:
            self._exact.make_ready(segments)

    @property
    def on_processor(self) -> bool:
        """Whether the function is evaluated on the CPU."""
        return self.layers[0][0].device.type == "cpu"

    def cells(self, extraction: Extraction) -> int:
        """Cells that surfaces are taken from: those asked for, or what the shapes need."""
        return cells_for(extraction, [need_of(surface) for surface in self._exact.surfaces] if self.detailed else [])

    @cached_property
    def _exact(self) -> ExactMorph:
        device = self.layers[0][0].device.type
        return ExactMorph(self.shapes, self.motion, self.blends, device, self.job.training.threads)

    def pose(self, time: float) -> Pose:
        return self.motion.path.at(time)

    def parts_about(self, time: float) -> list[float]:
        """The smallest parts of the two shapes about a time."""
        return self.smallest_parts[self.segment(time) :][:2]

    def pieces_about(self, time: float) -> int:
        """The most pieces that either shape about a time is in; 0 where that is not known."""
        about = self._pieces[self.segment(time) :][:2]
        return max(about) if len(about) == 2 and min(about) > 0 else 0

    @cached_property
    def handles_of_shapes(self) -> dict[tuple[int, int, str], int]:
        """How many handles each shape's own frame has, by its number, the cells and the kind of faces, once looked."""
        return {}

    @cached_property
    def _pieces(self) -> list[int]:
        return [pieces(shape) for shape in self.shapes]

    def velocity(self, points: Tensor, time: float) -> NDArray[np.float64]:
        """World velocity of f's surface at loose training-frame points, per unit of time."""
        return self.velocity_in_world(self.surface_motion(points, time).at_points(), points, time)

    def velocity_in_world(self, local: NDArray[np.float32], points: Tensor, time: float) -> NDArray[np.float64]:
        """What moves in the training frame, which moves itself."""
        pose = self.pose(time)
        turned = pose.scale * pose.directions_to_world(local.astype(np.float64))
        return turned + self.motion.path.velocity(points.cpu().numpy(), time)

    def surface_motion(
        self, points: Tensor, time: float, shown_gradient: NDArray[np.float32] | None = None
    ) -> SurfaceMotion:
        """How the surface moves at training-frame points, per unit of time.

        Along the normal it is what the function says whose surface is shown: f, or where its gradient is given the one
        with detail. Across it the flow says where matter goes.
        """
        segment = self.segment(time)
        flow = self.motion.velocity(points, time - segment, segment)
        if shown_gradient is not None:
            carried, places = flow.cpu().numpy(), points.cpu().numpy()
            return SurfaceMotion(carried, shown_gradient, *self._exact.change(places, carried, time))
        place = torch.cat([points, torch.full_like(points[:, :1], time)], 1)
        _, slopes = exported_field(self.layers, self.activation).values_and_gradient(place)
        missing = slopes[:, 3] + (flow * slopes[:, :3]).sum(1)
        trust = np.ones(len(points), np.float32)
        return SurfaceMotion(flow.cpu().numpy(), slopes[:, :3].cpu().numpy(), missing.cpu().numpy(), trust)

    def to_shape(self, points: Tensor, time: float, index: int) -> NDArray[np.float64]:
        """Where the matter at training-frame points of a time lies in one of the segment's two shapes, in the world."""
        there = self._carried(points, time, index)
        return self.motion.path.poses[index].to_world(there.astype(np.float64))

    def in_both_shapes(self, points: Tensor, time: float) -> NDArray[np.float32]:
        """The same for both of them in the training frame, (n, 6)."""
        segment = self.segment(time)
        return np.hstack([self._carried(points, time, index) for index in (segment, segment + 1)])

    def outside_shape(self, points: Tensor, time: float, index: int) -> NDArray[np.float64]:
        """How far points (n, 3) of the training frame, carried to a shape of their segment, lie outside of it, (n,)."""
        return self._exact.surfaces[index].signed(self._carried(points, time, index).astype(np.float64))

    def pieces_in_both_shapes(self, at_ends: NDArray[np.float32], time: float) -> NDArray[np.int64]:
        """The pieces of the segment's two shapes that matter is in, (n, 2), which lies there in them, (n, 6)."""
        segment = self.segment(time)
        sides = zip(self._exact.surfaces[segment : segment + 2], np.hsplit(at_ends.astype(np.float64), 2), strict=True)
        return np.stack([surface.pieces_at(places) for surface, places in sides], 1)

    def _carried(self, points: Tensor, time: float, index: int) -> NDArray[np.float32]:
        segment = self.segment(time)
        way = float(self.motion.pace(segment).way(torch.tensor(time - segment)))
        return self.motion.moved(points.cpu().numpy(), way, float(index - segment), segment)

    def save(self, path: Path) -> None:
        """Write the model; the file appears whole or not at all."""
        tensors = {"poses": torch.from_numpy(self.motion.path.to_array())}
        for index, flow in enumerate(self.motion.flows):
            if isinstance(flow, CarriedMesh):
                tensors[f"carried.{index}.stations"] = flow.stations.contiguous()
                tensors[f"carried.{index}.triangles"] = flow.triangles.contiguous()
            else:
                tensors[f"flow.{index}"] = flow.velocities.cpu().contiguous()
        for index, (weight, bias) in enumerate(self.layers):
            tensors[f"layers.{index}.weight"] = weight.detach().cpu().contiguous()
            tensors[f"layers.{index}.bias"] = bias.detach().cpu().contiguous()
        for index, shape in enumerate(self.shapes):
            tensors |= {f"shape.{index}.{name}": torch.from_numpy(part) for name, part in shape.arrays().items()}
        for index, blend in enumerate(self.blends):
            tensors |= {f"blend.{index}.{name}": part for name, part in blend.tensors().items()}
        for name, values in self.parameters.items():
            tensors[f"parameters.{name}"] = values.detach().cpu().clone().contiguous()
        for name, values in self.unfinished.items():
            tensors[f"unfinished.{name}"] = values.detach().cpu().clone().contiguous()
        metadata = {
            "format": MODEL_FORMAT,
            "engine": __version__,
            "job": json.dumps(self.job.to_dict()),
            "training_hash": self.job.training_hash(),
            "paces": json.dumps([pace.growth for pace in self.motion.paces]),
            "smallest_parts": json.dumps(self.smallest_parts),
            "detail_bound": json.dumps(self.detail_bound),
            "shapes": json.dumps([shape.facts() for shape in self.shapes]),
        }
        # Given a path, the library would write beside it under a name that nobody clears away after a kill.
        with written_whole(path) as stream:
            stream.write(save(tensors, metadata=metadata))

    @classmethod
    def load(cls, path: Path, device: torch.device | str = "cpu") -> Morph:
        """Read a model back."""
        metadata = read_metadata(path)
        try:
            with safe_open(path, framework="pt", device=str(device)) as stored:
                tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            raise OutputError(f"The model {path} cannot be read: {shown(error, 200)}.") from error
        try:
            job = Job.from_dict(parsed(metadata.get("job", "")))
            check_tensors(tensors, len(job.shapes))
            segments = len(job.shapes) - 1
            paces = numbers_of(metadata.get("paces", "[]"), segments, LARGEST_PACE)
            parts = numbers_of(metadata.get("smallest_parts", "[]"), segments + 1, LARGEST_PART)
            shapes = _kept_shapes(metadata, tensors, segments + 1)
            kept = [_under(f"blend.{k}.", tensors) for k in range(segments)]
            for blend in kept:
                check_blend(blend, FLOW_STEPS + 1)
            (bound,) = numbers_of(f"[{metadata.get('detail_bound', LARGEST_BOUND)}]", 1, LARGEST_BOUND) or [0.0]
        except (HearsayError, JobError) as error:
            raise OutputError(f"The model {path} is damaged: {str(error).rstrip('.')}.") from error
        count = sum(name.startswith("layers.") for name in tensors) // 2
        flows = _flows(tensors)
        steady = [Pace(pace) for pace in paces]
        blends = [Blend.restored(*pair) for pair in zip(kept, steady, strict=True)] if steady else []
        return cls(
            job=job,
            layers=[(tensors[f"layers.{k}.weight"], tensors[f"layers.{k}.bias"]) for k in range(count)],
            motion=Motion(PosePath.from_array(tensors["poses"].cpu().numpy()), flows, steady),
            parameters=_under("parameters.", tensors),
            smallest_parts=parts,
            shapes=shapes,
            blends=[blend for blend in blends if blend is not None],
            detail_bound=bound,
            unfinished=_under("unfinished.", tensors),
        )


def _kept_shapes(metadata: dict[str, str], tensors: dict[str, Tensor], count: int) -> list[Shape]:
    """The shapes that lie in the file, none in older ones; refused where they cannot be shapes."""
    shapes = []
    for number, fact in enumerate(shape_facts(metadata.get("shapes", "[]"), count)):
        arrays = {name: part.cpu().numpy() for name, part in _under(f"shape.{number}.", tensors).items()}
        check_shape_arrays(arrays, fact)
        shapes.append(Shape.restored(fact, arrays))
    return shapes


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): values for name, values in tensors.items() if name.startswith(prefix)}


def _flows(tensors: dict[str, Tensor]) -> list[VelocityLattice | CarriedMesh]:
    flows: list[VelocityLattice | CarriedMesh] = []
    while True:
        index = len(flows)
        if f"flow.{index}" in tensors:
            flows.append(VelocityLattice(tensors[f"flow.{index}"]))
        elif f"carried.{index}.stations" in tensors:
            flows.append(CarriedMesh(*(tensors[f"carried.{index}.{name}"] for name in ("stations", "triangles"))))
        else:
            return flows
