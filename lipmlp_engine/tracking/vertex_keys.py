"""Shape keys between poses of one mesh: its own vertices on the way that keeps its lengths. Asks no field.

Nothing is lost on such a way, and no topology forbids it: clothes may overlap the body, parts may touch in one pose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from ..guide import CarriedMesh
from ..guide.carried_mesh import STATIONS
from ..guide.pose_pairs import Way, joint_bends
from ..poses.length_keeping import LengthPath, lengths_kept
from ..poses.shared_mesh import ties_between
from ..shapes.self_intersections import crossing_triangles
from .template_mesh import Template
from .track import Track, chosen_keys

if TYPE_CHECKING:
    from ..model.trained_morph import Morph

Array = NDArray[np.float64]


def goes_by_vertices(morph: Morph, template: Template) -> bool:
    """Whether it is known where each vertex is in every shape, and all of the morph swings from pose to pose."""
    if not template.goals or template.faces is not None:
        return False
    flows = morph.motion.flows
    return len(template.goals) == len(flows) and all(isinstance(flow, CarriedMesh) for flow in flows)


def track_by_vertices(
    morph: Morph,
    template: Template,
    start: float,
    end: float,
    tolerance: float,
    notify: Callable[[float], None] = lambda _: None,
) -> Track:
    """The keys between ``start`` and ``end``; ``tolerance`` is in world units, ``notify`` told the fraction done."""
    poses = [template.vertices, *(template.goals[shape] for shape in sorted(template.goals))]
    # Where a map has a seam the file has a vertex twice; what meets in one pose alone are two.
    _, first, index = np.unique(np.concatenate(poses, axis=1), axis=0, return_index=True, return_inverse=True)
    index = index.reshape(-1)
    places, triangles = [pose[first] for pose in poses], index[template.triangles].astype(np.int64)
    shares = np.linspace(0, 1, STATIONS)
    kept = lengths_kept(morph.job.guide.rigidity)
    apart = [not crossing_triangles(pose, triangles).any() for pose in places]
    stations: list[Array] = []
    for (begun, ended), free in zip(pairwise(places), map(all, pairwise(apart)), strict=True):
        found = []
        for place in _places(begun, ended, triangles, shares, kept, free):
            found.append(place)
            notify((len(stations) + len(found) / STATIONS) / (len(places) - 1))
        stations.append(np.stack(found))
    _round_joints(stations, shares)
    times, states = [], []
    for segment, way in enumerate(stations):
        at = segment + morph.motion.pace(segment).time(torch.from_numpy(shares)).numpy()
        wanted = np.unique(np.clip(at, start, end))
        wanted = wanted[(wanted >= segment) & (wanted <= segment + 1)]
        times.append(wanted)
        states.append(CubicSpline(at, way)(wanted))
    all_times, once = np.unique(np.concatenate(times), return_index=True)
    all_states = np.concatenate(states)[once]
    keys = chosen_keys(all_times, all_states, tolerance)
    return Track(all_states[keys].astype(np.float32)[:, index], all_times[keys], template.triangles)


def _places(
    first: Array, last: Array, triangles: NDArray[np.int64], shares: Array, kept: float, apart: bool
) -> Iterator[Array]:
    """The vertices at shares of the way; where they are ``apart`` in both poses, pushed so where they run into each
    other on it."""
    path = LengthPath(first, last, triangles, kept, ties_between(first, last, triangles))
    way = Way(path, triangles) if apart else path
    yield from map(way.at, shares.tolist())


def _round_joints(stations: Sequence[Array], shares: Array) -> None:
    """Bend the ways so that an inner pose is passed with one speed."""
    arriving, leaving = joint_bends(shares)
    for before, after in pairwise(stations):
        jolt = CubicSpline(shares, after)(0.0, 1) - CubicSpline(shares, before)(1.0, 1)
        before += arriving * jolt
        after += leaving * jolt
