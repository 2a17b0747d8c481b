"""What the surface asks of a function on the training frame: values, gradients and sound bounds over boxes.

A field is negative inside. Knows nothing about time, poses or meshes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from ..machine.cores import usable_cores
from .activation_bounds import activation as activation_named

CPU_CHUNK = 2048
"""Points evaluated at once per CPU thread, for a width of 64: the layer's buffers stay in the core's cache.

Follows from a core's second-level cache of 512 KB.
"""
GPU_CHUNK = 1 << 19
"""Points evaluated at once on a GPU. Chosen."""
SYMBOLS_PER_LAYER = 6
"""Errors of a layer that bounds keep apart: fewer are cheaper, more are tighter.

Measured: beyond 8 nothing is gained.
"""

ROUNDING = 2e-6
"""Relative error granted to single precision. Chosen: some thirty roundings of single precision."""


@dataclass
class Enclosure:
    """Linear bounds over boxes: within box i, |f(x) − value_i − slope_i·(x − centre_i)| ≤ error_i."""

    value: Tensor
    slope: Tensor
    error: Tensor

    def range(self, half: Tensor) -> tuple[Tensor, Tensor]:
        """Least and largest value over boxes of these half sides (m, 3)."""
        reach = (self.slope.abs() * half).sum(1) + self.error
        return self.value - reach, self.value + reach


class Field(Protocol):
    """A function of space whose zero set is the surface."""

    @property
    def device(self) -> torch.device:
        """Where points are expected and values returned."""

    def values(self, points: Tensor) -> Tensor:
        """The function at points (n, 3), as (n,)."""

    def gradient(self, points: Tensor) -> Tensor:
        """The spatial gradient at points (n, 3), as (n, 3)."""

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Both at once, which is cheaper than one after the other."""

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        """Sound linear bounds over boxes given by centres and half sides, both (m, 3)."""

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        """Sound least and largest values over boxes given by their corners, both (m, 3)."""


class LipschitzField:
    """Any function of points with a known Lipschitz constant (in the Euclidean norm)."""

    def __init__(
        self, function: Callable[[Tensor], Tensor], constant: float, device: torch.device | str = "cpu"
    ) -> None:
        self.function = function
        self.constant = constant
        self.device = torch.device(device)

    def values(self, points: Tensor) -> Tensor:
        with torch.no_grad():
            return self.function(points)

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            points = points.detach().requires_grad_(True)
            values = self.function(points)
            (gradient,) = torch.autograd.grad(values.sum(), points)
        return values.detach(), gradient

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        value = self.values(centre)
        return Enclosure(value, torch.zeros_like(centre), self.constant * half.norm(dim=1))

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)


class MLPField:
    """A multilayer perceptron from (n, 3) to (n,): evaluated without autograd, in cache-sized chunks on every core."""

    def __init__(self, layers: Sequence[tuple[Tensor, Tensor]], activation: str = "relu", threads: int = 0) -> None:
        """``layers`` are (weight (out, in), bias (out,)), the last one linear; ``threads`` 0 uses every core."""
        self.weights = [weight.detach().contiguous() for weight, _ in layers]
        self.transposed = [weight.t().contiguous() for weight in self.weights]
        self.biases = [bias.detach() for _, bias in layers]
        self.activation = activation_named(activation)
        self.device = self.weights[0].device
        self.width = max(weight.shape[0] for weight in self.weights)
        self.threads = threads or usable_cores()

    def values(self, points: Tensor) -> Tensor:
        result = points.new_empty(len(points))

        def work(chunks: Iterator[slice]) -> None:
            buffers = self._buffers(2)
            for chunk in chunks:
                hidden = self._hidden(points[chunk], buffers)[-1]
                torch.addmm(self.biases[-1], hidden, self.transposed[-1], out=result[chunk].unsqueeze(1))

        self._run(work, len(points), self._chunk())
        return result

    def gradient(self, points: Tensor) -> Tensor:
        return self.values_and_gradient(points)[1]

    def values_and_gradient(self, points: Tensor) -> tuple[Tensor, Tensor]:
        values, gradient = points.new_empty(len(points)), torch.empty_like(points)

        def work(chunks: Iterator[slice]) -> None:
            for chunk in chunks:
                slopes = []
                hidden = points[chunk]
                for weight, bias in zip(self.transposed[:-1], self.biases[:-1], strict=True):
                    hidden = torch.addmm(bias, hidden, weight)
                    slopes.append(self.activation.slope(hidden))
                    hidden = self.activation.apply_(hidden)
                values[chunk] = torch.addmm(self.biases[-1], hidden, self.transposed[-1]).squeeze(1)
                row = self.weights[-1].expand(len(hidden), -1)
                for weight, slope in zip(reversed(self.weights[:-1]), reversed(slopes), strict=True):
                    row = self.activation.mix(row, slope) @ weight
                gradient[chunk] = row

        self._run(work, len(points), self._chunk())
        return values, gradient

    def bounds(self, lower: Tensor, upper: Tensor) -> tuple[Tensor, Tensor]:
        half = (upper - lower) * 0.5
        return self.enclose(lower + half, half).range(half)

    def enclose(self, centre: Tensor, half: Tensor) -> Enclosure:
        """Affine arithmetic: forward for the ranges of the neurons, then backward for the output's coefficients."""
        value, error = centre.new_empty(len(centre)), centre.new_empty(len(centre))
        slope = torch.empty_like(centre)

        def work(chunks: Iterator[slice]) -> None:
            for chunk in chunks:
                value[chunk], slope[chunk], error[chunk] = self._enclose(centre[chunk], half[chunk])

        self._run(work, len(centre), max(self._chunk() // 16, 32))
        return Enclosure(value, slope, error)

    def _enclose(self, centre: Tensor, half: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Each neuron is ``middle + Σ generators · symbols ± radius``, symbols being unknown numbers in [-1, 1].

        The largest errors of a layer become symbols of their own, so that they can cancel further on; the rest are
        merged into the radius. Without that, the bounds are ten times as wide.
        """
        count = len(centre)
        middle, radius = centre, torch.zeros_like(centre)
        generators = torch.diag_embed(half).transpose(0, 1)  # (symbols, boxes, neurons), one symbol per axis at first
        fresh = None
        relaxed = []
        for weight, bias in zip(self.transposed[:-1], self.biases[:-1], strict=True):
            middle = torch.addmm(bias, middle, weight)
            generators = (generators.reshape(-1, len(weight)) @ weight).view(-1, count, len(bias))
            radius = radius @ weight.abs()
            if fresh is not None:
                errors, neurons = fresh
                generators = torch.cat([generators, weight[neurons.t()] * errors.t().unsqueeze(2)])
            slope, offset, error = self.activation.relax(middle, generators, radius)
            relaxed.append((slope, error))
            middle = self.activation.mix(middle, slope) + offset
            if len(relaxed) == len(self.weights) - 1:
                break
            generators = self.activation.mix(generators, slope)
            largest = error.topk(min(SYMBOLS_PER_LAYER, error.shape[1]), 1, sorted=False)
            fresh = largest.values, largest.indices
            radius = self.activation.mix(radius, slope.abs()) + error.scatter(1, largest.indices, 0.0)
        value = torch.addmm(self.biases[-1], middle, self.transposed[-1]).squeeze(1)
        row = self.weights[-1].expand(count, -1)
        total = torch.zeros_like(value)
        for weight, (slope, error) in zip(reversed(self.weights[:-1]), reversed(relaxed), strict=True):
            total += (row.abs() * error).sum(1)
            row = self.activation.mix(row, slope) @ weight
        # Single precision makes every sum uncertain by its terms, not by its result.
        terms = (middle.abs() @ self.weights[-1].abs().t()).squeeze(1) + (row.abs() * (half + centre.abs())).sum(1)
        return value, row, total * (1 + ROUNDING) + terms * ROUNDING

    def _hidden(self, points: Tensor, buffers: list[Tensor]) -> list[Tensor]:
        """The last hidden layer, computed in two buffers that take turns."""
        outputs = [points]
        for index, (weight, bias) in enumerate(zip(self.transposed[:-1], self.biases[:-1], strict=True)):
            buffer = buffers[index % len(buffers)].narrow(0, 0, len(points) * len(bias)).view(len(points), len(bias))
            torch.addmm(bias, outputs[-1], weight, out=buffer)
            outputs.append(self.activation.apply_(buffer))
        return outputs

    def _buffers(self, count: int) -> list[Tensor]:
        return [self.biases[0].new_empty(self._chunk() * self.width) for _ in range(count)]

    def _chunk(self) -> int:
        return GPU_CHUNK if self.device.type != "cpu" else max(CPU_CHUNK * 64 // max(self.width, 64), 256)

    def _run(self, work: Callable[[Iterator[slice]], None], count: int, chunk: int) -> None:
        """Hand chunks to one worker per thread; each takes the next one that is free."""
        chunks = iter([slice(start, min(start + chunk, count)) for start in range(0, count, chunk)])
        workers = min(self.threads, -(-count // chunk)) if self.device.type == "cpu" else 1
        work = torch.inference_mode()(work)
        with one_torch_thread():
            outcomes = [_pool().submit(work, chunks) for _ in range(workers - 1)]
            work(chunks)
            for outcome in outcomes:
                outcome.result()


@cache
def _pool() -> ThreadPoolExecutor:
    """Threads beside the caller's, kept from one call to the next."""
    return ThreadPoolExecutor(usable_cores(), thread_name_prefix="field")


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Keep torch from starting threads of its own: on small chunks, and on a busy machine, they stall each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
