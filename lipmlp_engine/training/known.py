"""What a morph has beside its network, known before the training: shapes, motion, blends. Learns nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..guide import Blend, Motion
from ..job.description import Job
from ..model.trained_morph import Morph
from ..shapes.shape import Shape
from ..surface.parts import smallest_part


@dataclass(frozen=True)
class Known:
    """All of a morph but its network."""

    shapes: list[Shape]
    motion: Motion
    blends: list[Blend]

    def morph(
        self, job: Job, layers: list[tuple[Tensor, Tensor]], parameters: dict[str, Tensor], device: torch.device
    ) -> Morph:
        """The morph with a network's layers."""
        return Morph(job, layers, self.motion.to(device), parameters, self._smallest_parts, self.shapes, self.blends)

    @cached_property
    def _smallest_parts(self) -> list[float]:
        return [smallest_part(shape) for shape in self.shapes]
