"""A training step recorded once as a CUDA graph and replayed: small networks otherwise wait for their kernel launches.

Written after torch's documentation; no GPU was at hand to run it. Whatever goes wrong while recording, the step runs
unrecorded, slower and with the same result.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP_STEPS = 3
"""Steps that torch wants to see on a side stream before it records. Taken from torch's documentation."""

Step = Callable[[], Tensor]


def captured(step: Step, generator: torch.Generator) -> Step:
    """The same step, replayed from a graph; ``generator`` is what the step draws its batches with."""
    side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(WARM_UP_STEPS):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    try:
        graph.register_generator_state(generator)
        with torch.cuda.graph(graph):
            loss = step()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:
        return step

    def replay() -> Tensor:
        graph.replay()
        return loss

    return replay
