"""Learns a space of poses; told how far it is, and asked to stop, through two functions. Knows no file.

What is learned is where among the codes each pose lies; a spline (``pose_spline.py``) goes through the poses there. The
losses on codes between poses are the paper's (``losses.py``). Ours: the spline knows a mesh by its triangles' turns and
stretches, in which a limb that swings goes straight; each pose is to be what a spline through all others has at its
code; codes begin where the poses differ most; codes between poses are led along mixed turns and stretches; a character
has one shape in all its poses; and another character's pose is led to differ by what tells the characters apart.
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
from .pose_spline import POWERS, PoseSpline, at, fitted
from .section import Learning

BATCH = 24
"""Blended poses, and pairs of poses, in a step. Chosen."""
RUN = 3000
"""Edges measured in a step. Chosen."""
RATE = 0.01
"""Of Adam, at the beginning. Chosen."""
NARROWEST = 0.02
"""Of the widest axis' spread: what narrower axes are divided by instead of their own. Chosen."""
POSING = 0.99
"""Share of the differences within characters that axes explain which are poses'. Chosen."""
PLACED, TURNED, LOCAL, GEODESIC, LED, LEFT_OUT = 10.0, 0.002, 0.1, 0.1, 1.0, 1.0
"""Weights; lengths are in units of the mesh's size. Chosen."""
DISENTANGLED = 3.0
"""Weight. Measured: edges between unseen poses of a crowd (two seeds) are .78 and .80 % off at .3, .77 and .79 at 1,
.75 and .77 at 3, and poses of another character .43 and .58, .33 and .42, .33 and .30 % of the size."""

Array = NDArray[np.float64]
Decoded = Callable[[Tensor], Tensor]
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
    pose_size: int

    def __post_init__(self) -> None:
        with torch.no_grad():
            self.near, self.ways = self.metric.near(self.poses.float()), self.metric.geodesic(self.poses.float())

    @property
    def values(self) -> Tensor:
        """What the spline goes through."""
        return self.poses / self.spread

    def off(self, step: Tensor) -> Tensor:
        """What it costs that meshes are such steps from those that are wanted: places, and turns and stretches."""
        placed = ((step @ self.nearness) * step).sum(1).mean()
        return PLACED * placed + TURNED * step.square().sum(1).mean()

    def run(self) -> slice:
        """Some of the edges."""
        begin = int(torch.randint(max(self.metric.near.count - RUN, 1), (1,)))
        return slice(begin, begin + RUN)


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
        torch.from_numpy(coordinates),
        Metric.of_stretches(measured, basis),
        torch.from_numpy(spread),
        torch.from_numpy(basis.nearness),
        torch.tensor(found.characters),
        torch.from_numpy(apart),
        torch.from_numpy(first_codes),
        pose_size,
    )
    spline = _fit(lesson, wishes, notify)
    left_over = coordinates - spline.decode(spline.nodes).numpy() * spread
    inner = spline.nodes.numpy()
    axes, origin = _handy(inner, pose_size)
    codes = (inner - origin) @ np.linalg.inv(axes)
    return PoseSpace(
        spline, basis, spread, size, codes, left_over, axes, origin, list(found.names), list(found.characters),
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


def _fit(lesson: Lesson, wishes: Learning, notify: Notify) -> PoseSpline:
    """The spline, of every power, of which a pose that is left out is told best."""
    found: list[tuple[float, PoseSpline]] = []
    for number, power in enumerate(POWERS):

        def heard(done: float, loss: float, number: int = number) -> None:
            notify("train", (number + done) / len(POWERS), loss)

        codes = _placed(lesson, power, wishes.steps, heard)
        with torch.no_grad():
            left_out = lesson.off(fitted(codes, lesson.values, power, lesson.pose_size)[1] * lesson.spread)
            found.append((float(left_out), PoseSpline.through(codes, lesson.values, power, lesson.pose_size)))
    return min(found, key=lambda one: one[0])[1]


def _placed(lesson: Lesson, power: int, steps: int, heard: Callable[[float, float], None]) -> Tensor:
    """Codes of the poses."""
    size = lesson.pose_size
    own = lesson.first_codes[:, :size].clone().requires_grad_()
    whose = lesson.characters
    shapes = torch.stack([lesson.first_codes[whose == one, size:].mean(0) for one in range(int(whose.max()) + 1)])
    shapes.requires_grad_()
    optimiser = torch.optim.Adam([own, shapes], lr=RATE)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (0.5 + 0.5 * math.cos(math.pi * step / steps)) + 1e-6
        codes = torch.cat([own, shapes[whose]], 1)
        weights, left_out = fitted(codes, lesson.values, power, size)

        def decoded(some: Tensor, codes: Tensor = codes, weights: Tensor = weights) -> Tensor:
            return at(some, codes, weights, power, size) * lesson.spread

        loss = _interpolated(lesson, codes, decoded) + _led(lesson, codes, decoded)
        # Of too few poses none can be left out.
        if len(codes) > codes.shape[1] + 1:
            loss = loss + _left_out(lesson, left_out * lesson.spread)
        if codes.shape[1] > size:
            loss = loss + _disentangled(lesson, own, shapes[whose], decoded)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if step % 10 == 0 or step + 1 == steps:
            heard((step + 1) / steps, float(loss.detach()))
    return torch.cat([own, shapes[whose]], 1).detach()


def _left_out(lesson: Lesson, step: Tensor) -> Tensor:
    """Each pose as a spline through all others has it: where it is, and how long its edges are."""
    run = lesson.run()
    near = lesson.metric.near((lesson.poses - step).float(), run.start, run.stop)
    return LEFT_OUT * (lesson.off(step) + LOCAL * losses.relative(near, lesson.near[:, run]))


def _led(lesson: Lesson, codes: Tensor, decoded: Decoded) -> Tensor:
    """Codes between poses are those of mixed turns and stretches."""
    chosen = torch.randint(len(codes), (3, BATCH))
    weights = torch.distributions.Dirichlet(torch.ones(3)).sample((BATCH,)).T[:, :, None].double()
    wanted, mixed = ((weights * values[chosen]).sum(0) for values in (lesson.poses, codes))
    return LED * lesson.off(decoded(mixed) - wanted)


def _interpolated(lesson: Lesson, codes: Tensor, decoded: Decoded) -> Tensor:
    first, second = torch.randint(len(codes), (2, BATCH))
    share = torch.rand(BATCH, 1)
    between = decoded(share * codes[first] + (1 - share) * codes[second]).float()
    metric, run = lesson.metric, lesson.run()
    local = metric.near(between, run.start, run.stop)
    loss = LOCAL * losses.local_interpolation(local, lesson.near[first, run], lesson.near[second, run], share)
    ways = metric.geodesic(between)
    return loss + GEODESIC * losses.interpolation(ways, lesson.ways[first], lesson.ways[second], share)


def _disentangled(lesson: Lesson, poses: Tensor, shapes: Tensor, decoded: Decoded) -> Tensor:
    first, second = torch.randint(len(poses), (2, BATCH))
    share = torch.rand(BATCH, 1)
    mixed = torch.cat([share * poses[first] + (1 - share) * poses[second], shapes[first]], 1)
    extrinsic = losses.reconstruction(lesson.metric.geodesic(decoded(mixed).float()), lesson.ways[first])
    # Another character in the first one's pose: as far as what tells them apart is the same in every pose.
    wanted = lesson.poses[first] + lesson.apart[second] - lesson.apart[first]
    intrinsic = lesson.off(decoded(torch.cat([poses[first], shapes[second]], 1)) - wanted)
    return GEODESIC * extrinsic + DISENTANGLED * intrinsic


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
