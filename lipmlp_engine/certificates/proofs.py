"""Certifies a trained morph: what its exported weights prove, beside what samples show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ..job.certificate_settings import Certification
from ..job.sections import BOUNDED_FAMILIES
from ..model.trained_morph import Morph
from ..networks.plain_export import evaluate
from ..surface.activation_bounds import ACTIVATIONS
from .box_bounds import RegionBounds, refined_bound
from .certificate import Certificate, Figure
from .layer_bounds import Bound, entrywise_bound, residual_bound, row_sum_bound, singular_values, spectral_bound
from .proved_topology import Notify, prove_topology
from .sampled_bounds import overestimation, sampled_steepness, surface_points

SURFACE_POINTS = 5_000
"""At each of the times. Chosen."""
TIMES_SAMPLED = 5
"""Times at which values are compared with distances. Chosen."""
MOST_GRADIENTS = 50_000
"""Gradients that are looked at for the steepest. Chosen."""
BRIEF_SAMPLES = 8_000
"""For a report that nobody has asked to be certified. Chosen."""


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


def clearance(
    morph: Morph, points: NDArray[np.floating], time: float, bound: Bound | None = None
) -> NDArray[np.float64]:
    """Radius of a ball around each world point (n, 3) that the surface shown at this time provably does not enter.

    With detail from the shapes that surface is where |f| is no larger than the bound of the detail. It is also the
    longest safe step of sphere tracing. In world units; of the function as exact arithmetic has it. A ``bound`` that is
    known already may be tighter than that of the layers.
    """
    pose = morph.pose(time)
    local = torch.from_numpy(pose.to_training(np.asarray(points, np.float64)).astype(np.float32))
    values = morph.field(time).values(local.to(morph.layers[0][0].device)).abs().cpu().numpy()
    certain = np.maximum(np.asarray(values, np.float64) - (morph.detail_bound if morph.detailed else 0.0), 0.0)
    return certain * pose.scale / (bound or certified_bound(morph)).space


def certify(
    morph: Morph,
    wanted: Certification,
    rounds: int = 20,
    at: Sequence[float] | None = None,
    notify: Notify = lambda fraction: None,
) -> Certificate:
    """Work out the certificate; ``rounds`` of halving go into refined bounds, and ``at`` is a point of the world whose
    clearance is of interest. ``notify`` is told the fraction done."""
    rules = lipschitz_bounds(morph)
    bound = certified_bound(morph)
    certificate = Certificate(morph.job.network.family, morph.activation)
    certificate.singular_values = singular_values(morph.layers)
    certificate.figures = [
        Figure(f"space_{name}", rule.space, "certified", f"Lipschitz constant in space, {meaning}")
        for name, meaning in _RULES.items()
        if (rule := rules.get(name)) is not None
    ]
    if morph.activation in ACTIVATIONS:
        network = RegionBounds(morph.layers, morph.activation, bound)
        if morph.job.network.family not in BOUNDED_FAMILIES:  # there the layers' bound is tight, ranges never beat it
            refined = refined_bound(network, morph.last_time, rounds)
            bound = bound.tightest(refined)
            certificate.figures.append(
                Figure("space_regions", refined.space, "certified", "Lipschitz constant in space, ranges over regions")
            )
        topology = prove_topology(
            network, 0.0, morph.last_time, wanted.boxes, lambda share: notify(0.1 + 0.8 * min(share, 1.0))
        )
        certificate.kept_topology = topology.intervals
        certificate.figures += [
            Figure("topology_kept", topology.share == 1, "certified", "Topology proved not to change over all times"),
            Figure("topology_share", 100 * topology.share, "certified", "Time in which that is proved", "%"),
        ]
    notify(0.9)
    certificate.figures += _tightest(morph, bound)
    if at is not None:
        certificate.figures.append(_clearance_figure(morph, at, bound))
    certificate.figures += _by_samples(morph, bound, wanted.samples)
    return certificate


def brief(morph: Morph) -> list[Figure]:
    """The figures that cost next to nothing: what the layers alone prove, beside what a few samples show."""
    bound = certified_bound(morph)
    return [
        *_tightest(morph, bound)[:2],
        *_steepness(morph, BRIEF_SAMPLES, bound),
        _overestimated(morph, BRIEF_SAMPLES),
    ]


_RULES = {
    "spectral": "product of the layers' largest singular values",
    "row_sum": "product of the layers' largest row sums",
    "entrywise": "product of absolute entries",
    "residual": "blocks of the SLL network",
}


def _tightest(morph: Morph, bound: Bound) -> list[Figure]:
    return [
        Figure("space", bound.space, "certified", "Lipschitz constant in space, the tightest"),
        Figure("time", bound.time, "certified", "Lipschitz constant in time, the tightest", "per unit of time"),
        Figure(
            "band",
            bound.time * _frame_step(morph),
            "certified",
            "The surface of the next frame lies where |f| is at most this",
        ),
    ]


def _clearance_figure(morph: Morph, at: Sequence[float], bound: Bound) -> Figure:
    place = np.asarray([at], np.float64)
    radius = min(float(clearance(morph, place, time, bound)[0]) for time in morph.job.frame_times())
    where = ", ".join(f"{value:g}" for value in at)
    return Figure(
        "clearance",
        radius,
        "certified",
        f"Ball around ({where}) that no frame enters, where the shapes lay",
        "world units",
    )


def _steepness(morph: Morph, samples: int, bound: Bound) -> list[Figure]:
    layers = [(weight.cpu(), bias.cpu()) for weight, bias in morph.layers]
    met = sampled_steepness(
        lambda points: evaluate(layers, morph.activation, points), morph.last_time, min(samples, MOST_GRADIENTS)
    )
    looseness = bound.space / max(met.space, 1e-30)
    return [
        Figure("space_sampled", met.space, "sampled", "Steepest slope in space that was met"),
        Figure("time_sampled", met.time, "sampled", "Fastest change in time that was met", "per unit of time"),
        Figure("looseness", looseness, "sampled", "Certified over met slope in space"),
    ]


def _overestimated(morph: Morph, samples: int) -> Figure:
    """How often |f| is longer than the distance at the first shape and in the middle of the chain."""
    rates = [0.0]
    for time in (0.0, morph.last_time / 2):
        field = morph.field(time)
        surface = surface_points(field, samples // 4)
        if len(surface):
            rates.append(overestimation(field, 1.0, samples // 2, surface).rate)
    rate = 100 * float(np.mean(rates[1:] or rates))
    return Figure("overestimated", rate, "sampled", _OVERESTIMATED, "%")


_OVERESTIMATED = "Values |f| longer than the distance to the surface"


def _by_samples(morph: Morph, bound: Bound, samples: int) -> list[Figure]:
    """Lower bounds, overestimated distances, and how far the surface moves from frame to frame."""
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
    shown = 100 * float(np.mean([found.typical for found in plain] or [0.0]))
    usual = float(np.percentile(motion, 99))
    return [
        *_steepness(morph, samples, bound),
        Figure("safe_overestimated", too_long, "sampled", "Safe steps |f| / L that were too long", "%"),
        Figure("overestimated", overestimated, "sampled", _OVERESTIMATED, "%"),
        Figure("overestimated_by", worst, "sampled", "Largest excess of |f| over the distance to the surface"),
        Figure("shown", shown, "sampled", "Share of the distance to the surface that |f| shows as a rule", "%"),
        Figure("motion", float(motion.max()), "sampled", "Largest motion of the surface between frames", "world units"),
        Figure("motion_usual", usual, "sampled", "Motion that 99 % of the surface stays below", "world units"),
    ]


def _frame_step(morph: Morph) -> float:
    """The longest time between two frames."""
    times = np.sort(morph.job.frame_times())
    return float(np.diff(times).max()) if len(times) > 1 else 0.0
