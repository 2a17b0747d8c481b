"""Finding the flow between two shapes: transport says where matter should go, elasticity how it may get there.

The flow is stationary, so it can be run forwards from the first shape and backwards from the second, and both meet
wherever one stops. Each round carries samples of both shapes along the flow found so far, asks optimal transport what
is still missing, and solves a linear elastic problem for a better flow; the stiffness falls from round to round, so
that the whole body moves first and its parts after. Transport between samples cannot do better than the samples are
dense; in the last rounds each point of either surface therefore makes for the nearest point of the other's.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sparse
import scipy.sparse.linalg
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree

from .lattice_equations import LatticeEquations
from .piece_pairs import Labels, PiecePairs
from .transport import Transport
from .velocity_lattice import VelocityLattice

NODES = 20
"""Of the flow's lattice, along each side. Chosen. Measured: a finer one invented no fewer parts and handles."""
ROUNDS = 5
"""In which transport says where samples go.

Measured, ten pairs and three seeds: six invent 1.03 parts and handles a run, five with fewer steps of the solver 1.27;
five are kept for their time.
"""
ROUGH_ROUND = 3
"""After which the flow is worth being looked at.

Measured: on a cat that becomes a koala, legs were loose one round earlier.
"""
CLOSING_ROUNDS = 6
"""Further rounds in which the carried surfaces close the rest of the gap.

Measured, ten pairs and three seeds: three invent 1.33 parts and handles a run, six 1.03.
"""
SOLVER_STEPS = 60
"""At most, for a round's linear problem: each begins where the one before ended, so the first need not be exact.

Chosen. Measured: the problem is solved to a thousandth, and what is missing at the ends stays within the differences
between seeds.
"""
STATIONS = 5
"""Places along each sample's path at which its velocity is asked for. Chosen."""
FIRST_STIFFNESS = 0.1
"""Of the flow in the first round. Chosen. Measured: half or twice of it changes nothing above chance."""
LAST_STIFFNESS = 1e-3
"""In the last round, at a rigidity of 0.5. Chosen; 0.003 at first, which left a gap between the carried surfaces.
Measured: half or twice of it changes nothing above chance, but that twice makes .2 % of a morph steep."""
VOLUME_WEIGHT = 1.0
"""What a change of volume costs beside a change of shape, at a volume setting of 0.5.

Chosen; 0.1 at first, which held it less. Measured: half or twice of it changes nothing above chance.
"""
BENDING_WEIGHT = 3e-3
"""What a bend of the flow costs.

Chosen; 1e-4 at first. Measured: twice of it makes .2 % more of a morph steep, half changes nothing above chance.
"""
SURFACE_WEIGHT = 2.0
"""Weight of all samples of the surface together, where those of the inside weigh one. Chosen. Measured: half or twice
of it changes nothing above chance."""
CLOSING_INSIDE_WEIGHT = 0.2
"""The inside keeps to its motion in the closing rounds, but yields to the surfaces. Chosen."""
NORMAL_COST = 0.15
"""Cost of mapping a surface point onto one that faces the other way is twice this, in training-frame units squared.

Chosen. Measured: half or twice of it changes nothing above chance.
"""
LANDMARK_WEIGHT = 4.0
"""Weight of all landmarks together, where all samples of the inside together weigh one. Chosen."""
HELD_WEIGHT = 40.0
"""The same of places that both shapes have in common, which are to stay. Chosen. Measured: with 4 a fifth of a body on
which something grew was led away by four hundredths of its size.
"""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ShapeSamples:
    """What the registration sees of a shape, in the training frame."""

    inside: Array
    surface: Array
    normals: Array
    volume: float
    nearest: Callable[[Array], tuple[Array, Array, Labels]]
    """Nearest point of the surface to each point given, the normal there, and in which part of the surface that is."""
    inside_parts: Labels
    """In which part of the surface each place of the inside lies, by that next to it."""
    surface_parts: Labels


@dataclass(frozen=True)
class Steering:
    """What the user may ask of the flow."""

    rigidity: float
    volume: float
    landmarks: tuple[Array, Array]
    """Points of the first shape and the points of the second that they must travel into, (n, 3) each."""
    weight: float = LANDMARK_WEIGHT
    """Of all these together."""
    pieces: PiecePairs | None = None
    """Which piece becomes which."""


def register(
    source: ShapeSamples,
    target: ShapeSamples,
    steering: Steering,
    roughly: Callable[[VelocityLattice], None] | None = None,
) -> VelocityLattice:
    """The stationary flow whose unit-time map carries the source into the target.

    ``roughly`` is given the flow as soon as every limb is on its way.
    """
    equations = LatticeEquations(NODES, VOLUME_WEIGHT * 10 ** (4 * (steering.volume - 0.5)), BENDING_WEIGHT)
    divergence = float(np.log(target.volume / source.volume))
    last_stiffness = min(LAST_STIFFNESS * 10 ** (4 * (steering.rigidity - 0.5)), FIRST_STIFFNESS)
    stiffnesses = [*np.geomspace(FIRST_STIFFNESS, last_stiffness, ROUNDS), *[last_stiffness] * CLOSING_ROUNDS]

    solution = np.zeros(3 * NODES**3)
    flow = VelocityLattice(torch.zeros(NODES, NODES, NODES, 3))
    insides, surfaces = (steering.pieces.inside, steering.pieces.surface) if steering.pieces else (None, None)
    between_insides = Transport(pieces=insides), Transport(pieces=insides)
    facing = NORMAL_COST * (1 - source.normals @ target.normals.T)
    between_surfaces = Transport(facing, surfaces), Transport(facing, surfaces)
    for round_, stiffness in enumerate(stiffnesses):
        closing = round_ >= ROUNDS
        if closing and steering.pieces is None:
            wishes = [_holding_wishes(flow, source.inside, target.inside)]
        else:
            # Surfaces that close the gap would draw a piece back that has not yet come all its way.
            wishes = [_wishes(flow, source.inside, target.inside, between_insides, 1.0)]
        if closing:
            wishes.append(_closing_wishes(flow, source, target, steering.pieces))
        elif round_:
            wishes.append(_wishes(flow, source.surface, target.surface, between_surfaces, SURFACE_WEIGHT))
        if len(steering.landmarks[0]):
            wishes.append(_landmark_wishes(flow, *steering.landmarks, steering.weight))
        places, velocities, weights = (np.concatenate(parts) for parts in zip(*wishes, strict=True))
        system, wanted = equations.system(stiffness, places, velocities, weights / weights.sum(), divergence)
        precondition = sparse.diags_array(1 / equations.diagonal(system))
        solution, _ = scipy.sparse.linalg.cg(
            system, wanted, x0=solution, rtol=1e-3, maxiter=SOLVER_STEPS, M=precondition
        )
        coarse = np.moveaxis(solution.reshape(3, NODES, NODES, NODES), 0, -1)
        flow = VelocityLattice(torch.from_numpy(np.ascontiguousarray(coarse, np.float32)))
        if roughly is not None and round_ == ROUGH_ROUND:
            roughly(flow)
    return VelocityLattice.smooth(coarse)


def _stations(flow: VelocityLattice, points: Array, duration: float) -> list[Array]:
    path = [torch.from_numpy(np.asarray(points, np.float32))]
    for _ in range(STATIONS - 1):
        path.append(flow.carry(path[-1], duration / (STATIONS - 1)))
    return [station.numpy().astype(np.float64) for station in path]


def _along(flow: VelocityLattice, path: list[Array], missing: Array, weight: float) -> tuple[Array, Array, Array]:
    """On its way each sample should move as it does, plus what it misses at the end."""
    velocities = [flow.at(torch.from_numpy(place.astype(np.float32))).numpy() + missing for place in path]
    count = len(path) * len(missing)
    return np.concatenate(path), np.concatenate(velocities), np.full(count, weight / max(count, 1))


def _wishes(
    flow: VelocityLattice, source: Array, target: Array, ways: tuple[Transport, Transport], weight: float
) -> tuple[Array, Array, Array]:
    """What optimal transport asks for, ``ways`` there from where the source is carried and back from the target."""
    forward = _stations(flow, source, 1.0)
    backward = _stations(flow, target, -1.0)
    with ThreadPoolExecutor(2) as pool:
        there = pool.submit(ways[0].targets, forward[-1], target)
        back = pool.submit(ways[1].targets, source, backward[-1])
        destinations, origins = there.result()[0], back.result()[1]
    ahead, behind = destinations - forward[-1], backward[-1] - origins
    if not flow.velocities.any():
        # At rest a sample would ask for its whole way on the spot; spread that along the straight line instead.
        forward = [source + share * ahead for share in np.linspace(0, 1, STATIONS)]
        backward = [target - share * behind for share in np.linspace(0, 1, STATIONS)]
    parts = zip(_along(flow, forward, ahead, weight), _along(flow, backward, behind, weight), strict=True)
    places, velocities, weights = (np.concatenate(pair) for pair in parts)
    return places, velocities, weights


def _holding_wishes(flow: VelocityLattice, source: Array, target: Array) -> tuple[Array, Array, Array]:
    """The inside goes on moving as it does: transport has said by now all that it can."""
    parts = [
        _along(flow, _stations(flow, points, duration), np.zeros_like(points), CLOSING_INSIDE_WEIGHT)
        for points, duration in ((source, 1.0), (target, -1.0))
    ]
    places, velocities, weights = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    return places, velocities, weights


def _closing_wishes(
    flow: VelocityLattice, source: ShapeSamples, target: ShapeSamples, pieces: PiecePairs | None
) -> tuple[Array, Array, Array]:
    """Each carried surface point makes for the nearest point of the other surface, where that faces the same way."""
    parts = []
    for side, (start, end, duration) in enumerate(((source, target, 1.0), (target, source, -1.0))):
        path = _stations(flow, start.surface, duration)
        place, normals, part = end.nearest(path[-1])
        if pieces is not None:
            own, others = pieces.surface[side], pieces.surface[1 - side]
            there = pieces.of_part[1 - side][part]
            strayed = np.flatnonzero((there >= 0) & (there != own))
            for piece in np.unique(own[strayed]):
                rows, goals = strayed[own[strayed] == piece], np.flatnonzero(others == piece)
                goals = goals[KDTree(end.surface[goals]).query(path[-1][rows])[1]]
                place[rows], normals[rows] = end.surface[goals], end.normals[goals]
        alike = (normals * start.normals).sum(1) > 0
        missing = np.where(alike[:, None], place - path[-1], 0.0) * duration
        parts.append(_along(flow, path, missing, SURFACE_WEIGHT))
    places, velocities, weights = (np.concatenate(pair) for pair in zip(*parts, strict=True))
    return places, velocities, weights


def _landmark_wishes(flow: VelocityLattice, source: Array, target: Array, weight: float) -> tuple[Array, Array, Array]:
    path = _stations(flow, source, 1.0)
    missing = target - path[-1]
    if not flow.velocities.any():
        path = [source + share * missing for share in np.linspace(0, 1, STATIONS)]
    return _along(flow, path, missing, weight)
