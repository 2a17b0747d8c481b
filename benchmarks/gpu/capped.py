"""The engine's command line with little memory on the card: python -m benchmarks.gpu.capped GIGABYTES BATCH ARGUMENTS

Without a card, batches of that many samples and half as many run out of memory as torch would have it.
"""

from __future__ import annotations

import sys

import torch
from torch import Tensor

from lipmlp_engine.commands import main
from lipmlp_engine.training import fit
from lipmlp_engine.training.gradients import BatchGradients


def cap(gigabytes: float, batch: int) -> None:
    if torch.cuda.is_available():
        whole = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, gigabytes * 1e9 / whole))
        return

    class TooMany(BatchGradients):
        """Gradients for which half the batch is still too much."""

        def __call__(self, points: Tensor, values: Tensor) -> tuple[Tensor, list[Tensor]]:
            if len(points) >= batch // 2:
                raise torch.OutOfMemoryError("a rehearsal of a full card")
            return super().__call__(points, values)

    setattr(fit, BatchGradients.__name__, TooMany)


if __name__ == "__main__":
    cap(float(sys.argv[1]), int(sys.argv[2]))
    sys.exit(main.main(sys.argv[3:]))
