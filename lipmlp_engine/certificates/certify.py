"""Certifies a trained morph: what its exported weights prove, beside what samples show."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ..job import BOUNDED_FAMILIES
from ..morph import Morph
from ..networks.condense import evaluate
from ..surface.activations import ACTIVATIONS
from .certificate import Certificate, Figure
from .layer_bounds import Bound, entrywise_bound, residual_bound, row_sum_bound, singular_values, spectral_bound
from .regions import RegionBounds, prove_topology, refined_bound
from .sampling import overestimation, sampled_steepness, surface_points

SURFACE_POINTS = 5_000
"""At each of the times."""
TIMES_SAMPLED = 5
MOST_GRADIENTS = 50_000


def lipschitz_bounds(morph: Morph) -> dict[str, Bound]:
    """Every bound that follows from the exported layers, by the name of its rule; all hold."""
    bounds = {
        "spectral": spectral_bound(morph.layers),
        "row_sum": row_sum_bound(morph.layers),
        "entrywise": entrywise_bound(morph.layers, morph.activation),
    }
    if morph.job.network.family == "sll":
        bounds["residual"] = residual_bound(morph.parameters, morph.layers)
    return bounds


def certified_bound(morph: Morph) -> Bound:
    """The tightest of the bounds that follow from the layers."""
    first, *others = lipschitz_bounds(morph).values()
    for bound in others:
        first = first.tightest(bound)
    return first


def clearance(morph: Morph, points: NDArray[np.floating], time: float) -> NDArray[np.float64]:
    """Radius of a ball around each world point (n, 3) that the surface at this time provably does not enter.

    It is also the longest safe step of sphere tracing. In world units; of the function as exact arithmetic has it.
    """
    pose = morph.pose(time)
    local = torch.from_numpy(pose.to_training(np.asarray(points, np.float64)).astype(np.float32))
    values = morph.field(time).values(local.to(morph.layers[0][0].device)).abs().cpu().numpy()
    return np.asarray(values, np.float64) * pose.scale / certified_bound(morph).space


def certify(morph: Morph, samples: int = 100_000, rounds: int = 20) -> Certificate:
    """Work out the certificate; ``rounds`` of 1024 boxes each go into refined bounds and into the topology."""
    rules = lipschitz_bounds(morph)
    bound = certified_bound(morph)
    figures = [
        Figure(f"space_{name}", rule.space, "certified", f"Lipschitz constant in space, {meaning}")
        for name, meaning in _RULES.items()
        if (rule := rules.get(name)) is not None
    ]
    by_regions = _by_regions(morph, bound, rounds)
    space, time = (next(figure.value for figure in by_regions if figure.name == name) for name in ("space", "time"))
    figures += [*by_regions, *_by_samples(morph, Bound(space, time), samples)]
    return Certificate(morph.job.network.family, morph.activation, figures, singular_values(morph.layers))


_RULES = {
    "spectral": "product of the layers' largest singular values",
    "row_sum": "product of the layers' largest row sums",
    "entrywise": "product of absolute entries",
    "residual": "blocks of the SLL network",
}


def _by_regions(morph: Morph, bound: Bound, rounds: int) -> list[Figure]:
    """The best bounds of all, and whether the topology is proved."""
    figures: list[Figure] = []
    if morph.activation in ACTIVATIONS:
        network = RegionBounds(morph.layers, morph.activation, bound)
        if morph.job.network.family not in BOUNDED_FAMILIES:  # there the layers' bound is tight, ranges never beat it
            refined = refined_bound(network, morph.last_time, rounds)
            bound = bound.tightest(refined)
            figures.append(
                Figure("space_regions", refined.space, "certified", "Lipschitz constant in space, ranges over regions")
            )
        topology = prove_topology(network, 0.0, morph.last_time, rounds)
        settled = 100 * topology.settled
        figures += [
            Figure("topology_kept", topology.proved, "certified", "Topology proved not to change over all times"),
            Figure("topology_settled", settled, "certified", "Space and time in which that is proved", "%"),
        ]
    band = bound.time * _frame_step(morph)
    return [
        *figures,
        Figure("space", bound.space, "certified", "Lipschitz constant in space, the tightest"),
        Figure("time", bound.time, "certified", "Lipschitz constant in time, the tightest", "per unit of time"),
        Figure("band", band, "certified", "The surface of the next frame lies where |f| is at most this"),
    ]


def _by_samples(morph: Morph, bound: Bound, samples: int) -> list[Figure]:
    """Lower bounds, overestimated distances, and how far the surface moves from frame to frame."""
    layers = [(weight.cpu(), bias.cpu()) for weight, bias in morph.layers]
    steepness = sampled_steepness(
        lambda points: evaluate(layers, morph.activation, points), morph.last_time, min(samples, MOST_GRADIENTS)
    )
    safe, plain, motions = [], [], [np.zeros(1)]
    for time in np.linspace(0.0, morph.last_time, TIMES_SAMPLED):
        field = morph.field(float(time))
        surface = surface_points(field, SURFACE_POINTS)
        if len(surface):
            motions.append(np.linalg.norm(morph.velocity(surface, float(time)), axis=1) * _frame_step(morph))
            safe.append(overestimation(field, bound.space, samples // TIMES_SAMPLED, surface))
            plain.append(overestimation(field, 1.0, samples // TIMES_SAMPLED, surface))
    motion = np.concatenate(motions)
    too_long = 100 * float(np.mean([found.rate for found in safe] or [0.0]))
    overestimated = 100 * float(np.mean([found.rate for found in plain] or [0.0]))
    worst = max((found.worst for found in plain), default=0.0)
    usual = float(np.percentile(motion, 99))
    looseness = bound.space / max(steepness.space, 1e-30)
    return [
        Figure("space_sampled", steepness.space, "sampled", "Steepest slope in space that was met"),
        Figure("time_sampled", steepness.time, "sampled", "Fastest change in time that was met", "per unit of time"),
        Figure("looseness", looseness, "sampled", "Certified over met slope in space"),
        Figure("safe_overestimated", too_long, "sampled", "Safe steps |f| / L that were too long", "%"),
        Figure("overestimated", overestimated, "sampled", "Values |f| longer than the distance to the surface", "%"),
        Figure("overestimated_by", worst, "sampled", "Largest excess of |f| over the distance to the surface"),
        Figure("motion", float(motion.max()), "sampled", "Largest motion of the surface between frames", "world units"),
        Figure("motion_usual", usual, "sampled", "Motion that 99 % of the surface stays below", "world units"),
    ]


def _frame_step(morph: Morph) -> float:
    """The longest time between two frames."""
    times = np.sort(morph.job.frame_times())
    return float(np.diff(times).max()) if len(times) > 1 else 0.0
