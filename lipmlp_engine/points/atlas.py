"""The deep geometric prior: an atlas of overlapping charts over a cloud, sampled densely with normals.

Follows Williams et al., Deep Geometric Prior for Surface Reconstruction (2019): that a network fits smooth surfaces
sooner than noise is the prior, and stopping in time is the filter. Charts are fitted each alone, then together, through
the points that they share. Knows nothing of meshes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree
from torch import Tensor

from .charts import Charts, Transport
from .neighbour_links import sheet_links
from .normal_estimation import Lines
from .orientation import oriented
from .oriented_samples import Samples

Array = NDArray[np.float64]

PATCH = 72
"""Points of a patch. Chosen."""
OVERLAP = 3.0
"""Patches around each point in the mean. Chosen."""
ALONE, TOGETHER = 120, 80
"""Steps of all charts, each for itself and then with its neighbours. Chosen."""
BETWEEN_PLANS = 8
"""Steps after which it is found anew which sample of a chart stands for which point. Chosen."""
SHARPEST = 0.35
"""Blur of the transport in the end, in spacings; it begins with two. Chosen."""
STOP = 0.85
"""A chart is left alone from where this share of the noise is all that separates it from its points. Chosen."""
AGREEMENT = 0.7
"""How far a chart is drawn to where its neighbours see a point that they share, once they are fitted together.

Chosen.
"""
RIM = 0.1
"""Of the unit square, where a chart is not sampled: there no points hold it on one side. Chosen."""
ACROSS = 8
"""Samples along each side of a chart. Chosen."""
_DIJKSTRA_CHUNK = 256


@dataclass
class Patches:
    """Which points each patch has, (b, PATCH), and their masses; what only fills a row up has none."""

    points: NDArray[np.int64]
    mass: NDArray[np.float32]


def atlas_samples(
    points: Array,
    lines: Lines,
    *,
    seed: int = 0,
    device: str = "cpu",
    threads: int = 0,
    notify: Callable[[float], None] = lambda _: None,
) -> tuple[Samples, str]:
    """Oriented samples all over the charts, and a sentence about them. Points about one unit large."""
    from ..machine.device_choice import choose_device

    patches = grown_patches(points, lines, seed)
    notify(0.1)
    with _torch_threads(threads):
        charts, steps = fitted(
            points, lines, patches, seed=seed, device=choose_device(device), notify=lambda s: notify(0.1 + 0.7 * s)
        )
    samples, normals = sampled(charts)
    notify(0.85)
    tree = cKDTree(samples)
    distance, nearest = tree.query(samples, k=17, workers=threads or -1)
    own = np.sqrt(np.pi * distance[:, -1] ** 2 / 16)
    found = Lines(
        normals, own, lines.noise / 3, nearest[:, 1:].astype(np.int64), samples, np.zeros(len(samples), np.bool_)
    )
    outwards = oriented(samples, found, threads)
    notify(1.0)
    spacing = lines.spacing[cKDTree(points).query(samples)[1]]
    sentence = f"fitted {len(patches.points):,} charts, stopped after {steps} steps"
    return Samples(samples, outwards, spacing, lines.noise, own**2), sentence


@contextmanager
def _torch_threads(threads: int) -> Iterator[None]:
    """So many threads for a while, where a number is given."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def grown_patches(points: Array, lines: Lines, seed: int) -> Patches:
    """Patches around centres in even distances, each grown along its own sheet."""
    rng = np.random.default_rng(seed)
    centres = _spread_centres(points, lines.spacing * np.sqrt(PATCH / OVERLAP) * 0.85, rng)
    links = sheet_links(points, lines)
    members = np.zeros((len(centres), PATCH), np.int64)
    mass = np.zeros((len(centres), PATCH), np.float32)
    for begin in range(0, len(centres), _DIJKSTRA_CHUNK):
        part = centres[begin : begin + _DIJKSTRA_CHUNK]
        reach = float(lines.spacing[part].max()) * np.sqrt(PATCH)
        away = dijkstra(links, directed=False, indices=part, limit=reach)
        nearest = np.argpartition(away, PATCH - 1, axis=1)[:, :PATCH]
        known = np.isfinite(np.take_along_axis(away, nearest, axis=1))
        members[begin : begin + len(part)] = np.where(known, nearest, part[:, None])
        mass[begin : begin + len(part)] = known / known.sum(axis=1, keepdims=True)
    enough = (mass > 0).sum(axis=1) >= PATCH // 6
    return Patches(members[enough], mass[enough])


def _spread_centres(points: Array, radius: Array, rng: np.random.Generator) -> NDArray[np.int64]:
    """Points no two of which are closer than their radius, and all others within it: a Poisson-disc choice."""
    tree = cKDTree(points)
    free = np.ones(len(points), np.bool_)
    chosen = []
    for index in rng.permutation(len(points)):
        if free[index]:
            chosen.append(index)
            free[tree.query_ball_point(points[index], radius[index])] = False
    return np.array(chosen, np.int64)


def fitted(
    points: Array,
    lines: Lines,
    patches: Patches,
    *,
    seed: int = 0,
    device: torch.device | str = "cpu",
    notify: Callable[[float], None] = lambda _: None,
) -> tuple[Charts, int]:
    """Charts fitted to their patches, and the steps that the last of them took."""
    member = torch.from_numpy(patches.points).to(device)
    mass = torch.from_numpy(patches.mass).to(device)
    cloud = torch.from_numpy(points.astype(np.float32)).to(device)
    normals = torch.from_numpy(lines.normals.astype(np.float32)).to(device)
    own, across = cloud[member], normals[member]
    charts = Charts(*_flat(own, mass), seed)
    square = _square(PATCH, seed).to(device)
    transport = Transport(mass)
    spacing = torch.from_numpy(lines.spacing.astype(np.float32)).to(device)[member[:, 0]]
    free = torch.ones(len(member), dtype=torch.bool, device=device)
    weights = torch.ones_like(mass) / PATCH
    seen = torch.zeros_like(cloud)
    steps = 0
    for step in range(ALONE + TOGETHER):
        together = step >= ALONE
        if step % BETWEEN_PLANS == 0:
            notify(step / (ALONE + TOGETHER))
            places = charts(square)
            blur = spacing * max(SHARPEST, 2.0 * (1 - step / ALONE))
            plan = transport.plan(places, own, blur)
            share = plan / plan.sum(1, keepdim=True).clamp(min=1e-12)
            image = torch.bmm(share.transpose(1, 2), places)
            off = ((image - own) * across).sum(2).square()
            error = (mass * off).sum(1).sqrt()
            if step > ALONE // 4:
                free = error > STOP * lines.noise
            goal = own
            if together:
                seen = _means(image, member, mass, len(cloud))
                goal = own + AGREEMENT * (seen[member] - image)
                free = torch.ones_like(free)
            targets = torch.bmm(plan, goal)
        if not free.any():
            continue
        charts.step(square, targets, weights, free, rate=4e-3 if not together else 1.5e-3)
        steps = step + 1
    return charts, steps


def sampled(charts: Charts) -> tuple[Array, Array]:
    """Places and normals on an even grid of every chart, away from its rim."""
    ticks = torch.linspace(RIM, 1 - RIM, ACROSS, device=charts.scale.device)
    grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="ij"), dim=-1).reshape(-1, 2)
    places, normals = charts.with_normals(grid)
    return (
        places.reshape(-1, 3).cpu().numpy().astype(np.float64),
        normals.reshape(-1, 3).cpu().numpy().astype(np.float64),
    )


def _flat(own: Tensor, mass: Tensor) -> tuple[Tensor, Tensor]:
    """The plane through each patch: a square of the patch's spread, and its middle."""
    middle = (mass.unsqueeze(2) * own).sum(1)
    local = own - middle.unsqueeze(1)
    values, axes = torch.linalg.eigh(torch.einsum("bn,bni,bnj->bij", mass, local, local).cpu())
    sides = axes[:, :, 1:].transpose(1, 2) * (12 * values[:, 1:].clamp(min=1e-12)).sqrt().unsqueeze(2)
    return sides.to(own.device), middle


def _square(count: int, seed: int) -> Tensor:
    """Points spread evenly over the unit square."""
    from scipy.stats import qmc

    return torch.from_numpy(qmc.Halton(2, seed=seed).random(count).astype(np.float32))


def _means(image: Tensor, member: Tensor, mass: Tensor, count: int) -> Tensor:
    """Where the charts around each point see it, in the mean."""
    known = (mass > 0).reshape(-1).float()
    total = torch.zeros(count, 3, device=image.device).index_add_(
        0, member.reshape(-1), image.reshape(-1, 3) * known[:, None]
    )
    times = torch.zeros(count, device=image.device).index_add_(0, member.reshape(-1), known)
    return total / times.clamp(min=1).unsqueeze(1)
