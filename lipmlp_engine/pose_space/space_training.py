"""Learns a space of poses; told how far it is, and asked to stop, through two functions. Knows no file.

The losses are the paper's (``losses.py``). Ours: the network knows a mesh by its triangles' turns and stretches, in
which a limb that swings goes straight; codes begin where the poses differ most; codes between poses are led along mixed
turns and stretches; another character's pose is led to differ by what tells the characters apart; and where a mesh lies
in space, which lengths do not say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import losses
from .deformed_mesh import basis_of
from .learned_space import PoseSpace
from .metric import Metric, what_is_measured
from .pose_set import PoseSet
from .section import Learning
from .space_networks import PoseNetwork

BATCH = 24
"""Blended poses, and pairs of poses, in a step. Chosen."""
RUN = 3000
"""Edges measured in a step. Chosen."""
RATE = 3e-3
"""Of Adam, at its peak. Chosen."""
NARROWEST = 0.02
"""Of the widest axis' spread: what narrower axes are divided by instead of their own. Chosen."""
POSING = 0.99
"""Share of the differences within characters that axes explain which are poses'. Chosen."""
ALONE = 0.1
"""Share of the steps in which nothing but the poses themselves is learned. Taken from Cosmo et al. (2020)."""
ALONG_SURFACE = 0.3
"""Share of the steps from which on ways along the surface are measured. Taken from Cosmo et al. (2020)."""
PLACED, TURNED, LOCAL, GEODESIC, LED, DISENTANGLED, CODES, MET = 10.0, 0.002, 0.1, 0.1, 1.0, 1.0, 1e-6, 0.01
"""Weights; lengths are in units of the mesh's size. Chosen. Measured: other weights make .03 % of difference at most to
lengths between poses of a biped and a quadruped."""

Array = NDArray[np.float64]
Notify = Callable[[str, float, float | None], None]
"""Called with the phase, how much of it is done, and the loss where there is one; may raise to stop."""


@dataclass
class Lesson:
    """What is trained on: coordinates of the poses, and their distances."""

    poses: Tensor
    metric: Metric
    spread: Tensor
    nearness: Tensor
    characters: Tensor
    apart: Tensor
    """For every pose what its character adds to it."""
    first_codes: Tensor

    def __post_init__(self) -> None:
        with torch.no_grad():
            self.near, self.ways = self.metric.near(self.poses), self.metric.geodesic(self.poses)

    def off(self, decoded: Tensor, wanted: Tensor) -> Tensor:
        """How far meshes are from those that are wanted: their places, and their turns and stretches."""
        step = decoded - wanted
        placed = ((step @ self.nearness) * step).sum(1).mean()
        return PLACED * placed + TURNED * step.square().sum(1).mean()


def learn(found: PoseSet, wishes: Learning, notify: Notify = lambda *_: None) -> PoseSpace:
    """Train a space."""
    before = torch.get_num_threads()
    # The work is too small for several threads, and one thread gives the same result on every machine of a kind.
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(wishes.seed)
            return _learned(found, wishes, notify)
    finally:
        torch.set_num_threads(before)


def sizes_of(found: PoseSet, wishes: Learning) -> tuple[int, int]:
    """How many numbers a code has for the pose and for the shape."""
    return min(wishes.pose, len(found.poses) - 1), min(wishes.shape, len(set(found.characters)) - 1)


def _learned(found: PoseSet, wishes: Learning, notify: Notify) -> PoseSpace:
    random = np.random.default_rng(wishes.seed)
    size = found.size
    poses = found.poses / size
    notify("guide", 0.0, None)
    basis, coordinates = basis_of(poses, found.triangles)
    notify("guide", 1.0, None)
    mesh = basis.mesh
    measured = what_is_measured(poses[:, mesh.used], mesh.numbered(mesh.triangles), random)
    spread = coordinates.std(0)
    spread = np.maximum(spread, NARROWEST * max(float(spread.max()), 1e-12))
    pose_size, shape_size = sizes_of(found, wishes)
    first_codes, apart = _first_codes(coordinates, found.characters, pose_size, shape_size)
    lesson = Lesson(
        _single(coordinates),
        Metric.of_stretches(measured, basis),
        _single(spread),
        _single(basis.nearness),
        torch.tensor(found.characters),
        _single(apart),
        _single(first_codes),
    )
    network = PoseNetwork(len(spread), pose_size + shape_size)
    _fit(network, lesson, wishes, pose_size, notify)
    with torch.no_grad():
        encoded = network.encode(lesson.poses / lesson.spread)
        left_over = coordinates - network.decode(encoded).double().numpy() * spread
        inner = encoded.double().numpy()
    axes, origin = _handy(inner, pose_size)
    codes = (inner - origin) @ np.linalg.inv(axes)
    return PoseSpace(
        network, basis, spread, size, codes, left_over, axes, origin, list(found.names), list(found.characters),
        pose_size,
    )  # fmt: skip


def _first_codes(coordinates: Array, characters: Sequence[int], pose_size: int, shape_size: int) -> tuple[Array, Array]:
    """Where codes begin: along the poses' main differences within each character, then along what is left of theirs.

    That is given too, for every pose.
    """
    whose = np.array(characters)
    means = np.stack([coordinates[whose == one].mean(0) for one in range(whose.max() + 1)])
    _, sizes, within = np.linalg.svd(coordinates - means[whose], full_matrices=False)
    codes = (coordinates - coordinates.mean(0)) @ within[:pose_size].T
    codes /= max(float(codes[:, 0].std()), 1e-12)
    # Characters were seen in different poses: what these alone explain does not tell the characters apart.
    posing = within[: max(pose_size, 1 + int(np.searchsorted(np.cumsum(sizes**2) / (sizes**2).sum(), POSING)))]
    left = means - means.mean(0)
    left -= left @ posing.T @ posing
    if shape_size:
        kinds = (left @ np.linalg.svd(left, full_matrices=False)[2][:shape_size].T)[whose]
        codes = np.concatenate([codes, kinds / max(float(kinds[:, 0].std()), 1e-12)], 1)
    return np.asarray(codes), np.asarray(left[whose])


def _fit(network: PoseNetwork, lesson: Lesson, wishes: Learning, pose_size: int, notify: Notify) -> None:
    values = lesson.poses / lesson.spread
    network.encoder.begin_at(values, lesson.first_codes)
    network.decoder.begin_at(lesson.first_codes, values)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in range(wishes.steps):
        done = step / wishes.steps
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-6
        codes = network.encode(values)
        loss = lesson.off(network.decode(codes) * lesson.spread, lesson.poses) + CODES * losses.codes(codes)
        if done >= ALONE:
            loss = loss + _interpolated(network, lesson, codes, done >= ALONG_SURFACE) + _led(network, lesson, codes)
            if codes.shape[1] > pose_size and done >= ALONG_SURFACE:
                loss = loss + DISENTANGLED * _disentangled(network, lesson, codes, pose_size)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 10 == 0 or step + 1 == wishes.steps:
            notify("train", (step + 1) / wishes.steps, float(loss.detach()))


def _led(network: PoseNetwork, lesson: Lesson, codes: Tensor) -> Tensor:
    """Codes between poses are those of mixed turns and stretches, and the other way round."""
    chosen = torch.randint(len(codes), (3, BATCH))
    weights = torch.distributions.Dirichlet(torch.ones(3)).sample((BATCH,)).T[:, :, None]
    wanted, mixed = ((weights * values[chosen]).sum(0) for values in (lesson.poses, codes))
    loss = LED * lesson.off(network.decode(mixed) * lesson.spread, wanted)
    met = network.encode(wanted / lesson.spread)
    return loss + MET * (met - mixed.detach()).square().mean()


def _interpolated(network: PoseNetwork, lesson: Lesson, codes: Tensor, along_surface: bool) -> Tensor:
    first, second = torch.randint(len(codes), (2, BATCH))
    share = torch.rand(BATCH, 1)
    decoded = network.decode(share * codes[first] + (1 - share) * codes[second]) * lesson.spread
    metric = lesson.metric
    begin = int(torch.randint(max(metric.near.count - RUN, 1), (1,)))
    run = slice(begin, begin + RUN)
    local = metric.near(decoded, begin, begin + RUN)
    loss = LOCAL * losses.local_interpolation(local, lesson.near[first, run], lesson.near[second, run], share)
    if along_surface:
        ways = metric.geodesic(decoded)
        loss = loss + GEODESIC * losses.interpolation(ways, lesson.ways[first], lesson.ways[second], share)
    return loss


def _disentangled(network: PoseNetwork, lesson: Lesson, codes: Tensor, pose_size: int) -> Tensor:
    poses, shapes = codes[:, :pose_size], codes[:, pose_size:]
    first, second = torch.randint(len(codes), (2, BATCH))
    share = torch.rand(BATCH, 1)
    mixed = torch.cat([share * poses[first] + (1 - share) * poses[second], shapes[first]], 1)
    extrinsic = losses.reconstruction(lesson.metric.geodesic(network.decode(mixed) * lesson.spread), lesson.ways[first])
    # The shape on its way to another one's, the pose the first one's: also among characters, as far as what tells them
    # apart is the same in every pose.
    mixed = torch.cat([poses[first], share * shapes[first] + (1 - share) * shapes[second]], 1)
    wanted = lesson.poses[first] + (1 - share) * (lesson.apart[second] - lesson.apart[first])
    return extrinsic + lesson.off(network.decode(mixed) * lesson.spread, wanted)


def _handy(inner: Array, pose_size: int) -> tuple[Array, Array]:
    """Axes and origin in which codes run from −1 to 1, pose and shape apart, the widest first."""
    axes, origin = np.zeros((inner.shape[1], inner.shape[1])), np.zeros(inner.shape[1])
    for part in (slice(0, pose_size), slice(pose_size, inner.shape[1])):
        own = inner[:, part]
        if not own.shape[1]:
            continue
        turn = np.linalg.svd(own - own.mean(0))[2]
        along = own @ turn.T
        low, high = along.min(0), along.max(0)
        half = np.maximum((high - low) / 2, 1e-9)
        axes[part, part] = half[:, None] * turn
        origin[part] = (low + high) / 2 @ turn
    return axes, origin


def _single(values: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
