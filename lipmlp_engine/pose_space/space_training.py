"""Learns a space of poses; told how far it is, and asked to stop, through two functions. Knows no file.

The losses are the paper's (``losses.py``). Ours: the basis, which holds blended poses beside the given ones; codes
begin where the poses' turns differ most; codes between poses are led along blended poses, so that a limb knows which
way round; and where a mesh lies in space, which distances do not say.
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
from .blended import BlendedPoses
from .learned_space import PoseSpace
from .metric import Metric, chosen_pairs
from .pose_set import PoseSet
from .section import Learning
from .space_networks import PoseNetwork

MIXTURES = 300
"""Blended poses in the basis. Chosen."""
MOST_AXES = 120
"""Of the basis. Chosen."""
FAINTEST = 1e-4
"""Of the first axis' spread: less is left out. Chosen."""
BATCH = 24
"""Blended poses, and pairs of poses, in a step. Chosen."""
RUN = 3000
"""Near pairs measured in a step. Chosen."""
RATE = 3e-3
"""Of Adam, at its peak. Chosen."""
ALONE = 0.1
"""Share of the steps in which nothing but the poses themselves is learned. Taken from Cosmo et al. (2020)."""
ALONG_SURFACE = 0.3
"""Share of the steps from which on ways along the surface are measured. Taken from Cosmo et al. (2020)."""
FIT, LOCAL, GEODESIC, LED, DISENTANGLED, CODES, MET = 10.0, 0.1, 0.1, 10.0, 1.0, 1e-6, 0.01
"""Weights; distances are in units of the mesh's size. Chosen."""

Array = NDArray[np.float64]
Notify = Callable[[str, float, float | None], None]
"""Called with the phase, how much of it is done, and the loss where there is one; may raise to stop."""


@dataclass
class Lesson:
    """What is trained on: coordinates of the poses and of mixtures of them, and the poses' distances."""

    poses: Tensor
    mixtures: Tensor
    weights: Tensor
    metric: Metric
    spread: Tensor
    characters: Tensor
    vertices: int
    first_codes: Tensor

    def __post_init__(self) -> None:
        with torch.no_grad():
            self.near, self.far = self.metric.near(self.poses), self.metric.far(self.poses)
            self.ways = self.metric.geodesic(self.poses)


@dataclass(frozen=True)
class Means:
    """What the training uses; to compare with, it can be taken away."""

    begun: bool = True
    """Codes begin where the poses' turns differ most; else anywhere."""
    priors: bool = True
    """The paper's interpolation and disentanglement; without, an autoencoder."""
    led: bool = True
    """Codes between poses are led along blended poses, where there are priors."""


def learn(found: PoseSet, wishes: Learning, notify: Notify = lambda *_: None, means: Means | None = None) -> PoseSpace:
    """Train a space."""
    before = torch.get_num_threads()
    # The work is too small for several threads, and one thread gives the same result on every machine of a kind.
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(wishes.seed)
            return _learned(found, wishes, notify, means or Means())
    finally:
        torch.set_num_threads(before)


def sizes_of(found: PoseSet, wishes: Learning) -> tuple[int, int]:
    """How many numbers a code has for the pose and for the shape."""
    return min(wishes.pose, len(found.poses) - 1), min(wishes.shape, len(set(found.characters)) - 1)


def _learned(found: PoseSet, wishes: Learning, notify: Notify, means: Means) -> PoseSpace:
    random = np.random.default_rng(wishes.seed)
    size = found.size
    poses = found.poses / size
    used = found.used
    number = np.zeros(poses.shape[1], np.int64)
    number[used] = np.arange(len(used))
    notify("guide", 0.0, None)
    blended = BlendedPoses(poses[:, used], number[found.triangles])
    weights = _weights(len(poses), random)
    mixtures = np.tensordot(weights, poses, 1)
    for index, row in enumerate(weights):
        mixtures[index, used] = blended.at(row)
        notify("guide", (index + 1) / MIXTURES, None)
    middle = poses.mean(0)
    steps = np.concatenate([poses, mixtures]) - middle
    basis, coordinates = _basis(steps.reshape(len(steps), -1))
    basis = basis.reshape(len(basis), -1, 3)
    pairs = chosen_pairs(poses[:, used], number[found.triangles], random)
    spread = coordinates.std(0)
    count = len(poses)
    pose_size, shape_size = sizes_of(found, wishes)
    lesson = Lesson(
        _single(coordinates[:count]),
        _single(coordinates[count:]),
        _single(weights),
        Metric(pairs, middle[used], basis[:, used]),
        _single(spread),
        torch.tensor(found.characters),
        poses.shape[1],
        _single(_first_codes(blended, found.characters, pose_size, shape_size)),
    )
    network = PoseNetwork(len(basis), pose_size + shape_size)
    _fit(network, lesson, wishes, pose_size, notify, means)
    with torch.no_grad():
        inner = network.encode(lesson.poses / lesson.spread).double().numpy()
    axes, origin = _handy(inner, pose_size)
    codes = (inner - origin) @ np.linalg.inv(axes)
    return PoseSpace(
        network, middle * size, basis, spread * size, found.triangles, codes, axes, origin,
        list(found.names), list(found.characters), pose_size,
    )  # fmt: skip


def _weights(count: int, random: np.random.Generator) -> Array:
    """Of the poses in each mixture: two or three of them."""
    weights = np.zeros((MIXTURES, count))
    for row in weights:
        few = random.choice(count, min(count, int(random.integers(2, 4))), replace=False)
        row[few] = random.dirichlet(np.ones(len(few)))
    return weights


def _first_codes(blended: BlendedPoses, characters: Sequence[int], pose_size: int, shape_size: int) -> Array:
    """Where codes begin: the poses' main differences in turns, the characters' in stretches."""
    turned = _main(blended.turned(), pose_size)
    if not shape_size:
        return turned
    whose = np.array(characters)
    stretched = blended.stretched()
    kinds = np.stack([stretched[whose == one].mean(0) for one in range(whose.max() + 1)])
    return np.concatenate([turned, _main(kinds[whose], shape_size)], 1)


def _main(features: Array, size: int) -> Array:
    """The rows along their main axes, the widest of spread 1."""
    steps = features - features.mean(0)
    values, vectors = np.linalg.eigh(steps @ steps.T)
    rows = vectors[:, ::-1][:, :size] * np.sqrt(np.maximum(values[::-1][:size], 0))
    return np.asarray(rows / max(float(rows[:, 0].std()), 1e-12))


def _basis(steps: Array) -> tuple[Array, Array]:
    """Orthonormal rows that span the meshes (m, 3 n), and their coordinates."""
    values, vectors = np.linalg.eigh(steps @ steps.T)
    order = np.argsort(values)[::-1][:MOST_AXES]
    sizes = np.sqrt(np.maximum(values[order], 0))
    kept = sizes > FAINTEST * sizes[0]
    basis = (vectors[:, order[kept]] / sizes[kept]).T @ steps
    return np.asarray(basis), np.asarray(steps @ basis.T)


def _fit(network: PoseNetwork, lesson: Lesson, wishes: Learning, pose_size: int, notify: Notify, means: Means) -> None:
    values = torch.cat([lesson.poses, lesson.mixtures]) / lesson.spread
    starts = torch.cat([lesson.first_codes, lesson.weights @ lesson.first_codes])
    if means.begun:
        network.encoder.begin_at(values, starts)
        network.decoder.begin_at(starts, values)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE)
    for step in range(wishes.steps):
        done = step / wishes.steps
        for group in optimiser.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 50) * (0.5 + 0.5 * math.cos(math.pi * done)) + 1e-6
        codes = network.encode(lesson.poses / lesson.spread)
        decoded = network.decode(codes) * lesson.spread
        loss = FIT * losses.reconstruction(lesson.metric.far(decoded), lesson.far) + CODES * losses.codes(codes)
        loss = loss + FIT * _placed(decoded, lesson.poses, lesson)
        if means.priors and done >= ALONE:
            loss = loss + _interpolated(network, lesson, codes, done >= ALONG_SURFACE)
            if means.led:
                loss = loss + _led(network, lesson, codes)
            if codes.shape[1] > pose_size and done >= ALONG_SURFACE:
                loss = loss + DISENTANGLED * _disentangled(network, lesson, codes, pose_size)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 10 == 0 or step + 1 == wishes.steps:
            notify("train", (step + 1) / wishes.steps, float(loss.detach()))


def _placed(decoded: Tensor, wanted: Tensor, lesson: Lesson) -> Tensor:
    """The mean square of how far vertices are off: the basis is orthonormal."""
    return (decoded - wanted).square().sum(1).mean() / lesson.vertices


def _led(network: PoseNetwork, lesson: Lesson, codes: Tensor) -> Tensor:
    """Codes between poses are those of blended poses, and the other way round."""
    chosen = torch.randint(len(lesson.mixtures), (BATCH,))
    mixed = lesson.weights[chosen] @ codes
    loss = LED * _placed(network.decode(mixed) * lesson.spread, lesson.mixtures[chosen], lesson)
    met = network.encode(lesson.mixtures[chosen] / lesson.spread)
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
    # Another pose of the same character, drawn evenly.
    like = (lesson.characters[first, None] == lesson.characters[None]).float()
    other = torch.multinomial(like, 1)[:, 0]
    mixed = torch.cat([poses[first], share * shapes[first] + (1 - share) * shapes[other]], 1)
    intrinsic = losses.relative(lesson.metric.far(network.decode(mixed) * lesson.spread), lesson.far[first])
    return extrinsic + intrinsic


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
