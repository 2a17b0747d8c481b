"""A space to compare with: a network that knows vertices' places, with the paper's losses or without any prior."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from lipmlp_engine.pose_space import losses
from lipmlp_engine.pose_space.metric import Metric, what_is_measured
from lipmlp_engine.pose_space.space_networks import PoseNetwork

RATE, BATCH = 3e-3, 24
PLACED, LOCAL, GEODESIC, CODES = 10.0, 0.1, 0.1, 1e-6
REFINEMENTS = 60

Array = NDArray[np.float64]


@dataclass
class PlainSpace:
    """Codes as the network has them; ``middle`` (3 n,), ``basis`` (k, 3 n), ``spread`` (k,)."""

    network: PoseNetwork
    middle: Array
    basis: Array
    spread: Array

    def decode(self, codes: Array) -> Array:
        with torch.no_grad():
            found = self.network.decode(torch.from_numpy(np.atleast_2d(codes).astype(np.float32))).double().numpy()
        return (self.middle + found * self.spread @ self.basis).reshape(len(found), -1, 3)

    def encode(self, poses: Array) -> Array:
        """The codes at which the decoder comes nearest."""
        wanted = (poses.reshape(len(poses), -1) - self.middle) @ self.basis.T / self.spread
        goal, spread = torch.from_numpy(wanted.astype(np.float32)), torch.from_numpy(self.spread.astype(np.float32))
        with torch.no_grad():
            start = self.network.encode(goal)
        return np.concatenate([self._refined(start[k : k + 1], goal[k : k + 1], spread) for k in range(len(goal))])

    def _refined(self, start: torch.Tensor, goal: torch.Tensor, spread: torch.Tensor) -> Array:
        code = start.clone().requires_grad_()
        search = torch.optim.LBFGS([code], max_iter=REFINEMENTS, line_search_fn="strong_wolfe")
        size = float((goal * spread).square().sum()) + 1e-12

        def off() -> torch.Tensor:
            search.zero_grad()
            loss = ((self.network.decode(code) - goal) * spread).square().sum() / size
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        search.step(off)  # type: ignore[no-untyped-call]
        return np.asarray(code.detach().double().numpy())


def learn_plainly(
    poses: Array, triangles: NDArray[np.int64], numbers: int, steps: int, seed: int, priors: bool
) -> PlainSpace:
    """Poses (k, n, 3) in units of their size; with the paper's interpolation losses where there are ``priors``."""
    torch.manual_seed(seed)
    rows = poses.reshape(len(poses), -1)
    middle = rows.mean(0)
    _, sizes, basis = np.linalg.svd(rows - middle, full_matrices=False)
    basis = basis[sizes > 1e-4 * sizes[0]]
    coordinates = (rows - middle) @ basis.T
    spread = coordinates.std(0)
    network = PoseNetwork(len(basis), numbers)
    values, widths = (torch.from_numpy(part.astype(np.float32)) for part in (coordinates / spread, spread))
    places = torch.from_numpy(coordinates.astype(np.float32))
    measured = what_is_measured(poses, triangles, np.random.default_rng(seed))
    axes = basis.reshape(len(basis), -1, 3)
    ends = [(middle.reshape(-1, 3), axes, pairs) for pairs in (measured.near, measured.edges)]
    metric = Metric(
        *((rest[p[:, 0]] - rest[p[:, 1]], added[:, p[:, 0]] - added[:, p[:, 1]]) for rest, added, p in ends),
        measured.ways,
    )
    near, ways = metric.near(places), metric.geodesic(places)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-6
        codes = network.encode(values)
        off = (network.decode(codes) * widths - places).square().sum(1).mean() / poses.shape[1]
        loss = PLACED * off + CODES * losses.codes(codes)
        if priors and step >= 0.1 * steps:
            first, second = torch.randint(len(codes), (2, BATCH))
            share = torch.rand(BATCH, 1)
            between = network.decode(share * codes[first] + (1 - share) * codes[second]) * widths
            loss = loss + LOCAL * losses.local_interpolation(metric.near(between), near[first], near[second], share)
            loss = loss + GEODESIC * losses.interpolation(metric.geodesic(between), ways[first], ways[second], share)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return PlainSpace(network, middle, basis, spread)
