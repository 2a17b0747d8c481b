"""What a shape has beside its largest part, as a hat or a shield: whether it goes along with that from pose to pose.

It is carried by what of the largest part is near to it: place by place, or as a stiff piece held somewhere, whichever
brings it nearest to what the other shape has there. What comes nowhere near is left to the blend if it is little, and
refused if it is much. Matches nothing itself.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from ..shapes.distance import DistanceField
from ..shapes.mesh_topology import face_parts
from ..shapes.shape import Shape
from ..shapes.surface_samples import sample_surface
from .going_along import going_along
from .kinds import one_to_one, sorted_alike
from .mesh_fitting import Fitting
from .nearest_turns import nearest_turns
from .pairing import MOST_GAP, Pairing
from .shared_mesh import SharedMesh
from .stand_in_mesh import StandIn, beside_main_part, main_part, whole_stand_in

MOST_ASTRAY = 0.02
"""Mean distance from what the other shape has beside its largest part, in roots of that one's area. Chosen."""
MOST_LEFT = 0.25
"""Share of a shape's area that may come to nothing: a hat and a shield that only the first shape has are gone within a
fifth of the way, while a body that is refused for them has its limbs dissolved. Chosen."""
SAMPLES = 1_000
"""Places at which that is measured. Chosen."""
HOLDS = 12
"""Where a stiff piece may be held: a shield may be nearer to the hip than to the arm that carries it. Chosen."""
GRIP = 80
"""Vertices of the largest part about such a place, which say how the piece is turned. Chosen."""
SETTLED = 2
"""Of them that are moved onto what the other shape has there. Chosen."""
ROUNDS = 80
"""In which that is done, at most: what is round slides slowly. Chosen."""
MOST_MOVED = 0.1
"""By which the middle of one is moved then, in roots of the area. Chosen: a hat is not moved onto the body."""
MOST_MOVED_TO_LIKE = 0.25
"""The same onto its like. Chosen: a sword whose arm was turned about itself."""
LEFT_OF_IT = 0.02
"""Of the size of what the other shape does not have, at the end. Chosen: nothing at all has no turn."""
ARRIVED = 1e-4
"""Of the size of what it is moved onto: a piece that moves less in a round is there. Chosen."""
PIECES = 24
"""The largest, that are asked whether they are stiff; the others go along place by place. Chosen."""

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


def go_along(pairing: Pairing, first: Shape, second: Shape) -> bool:
    """Whether what both shapes have beside their largest parts becomes something of the other, or is little."""
    if _ground(pairing, first, second) is not None:
        return True
    return all(
        1 - main_part(shape.vertices, shape.triangles.astype(np.int64))[1] <= MOST_LEFT for shape in (first, second)
    )


def left_to_blend(pairing: Pairing, first: Shape, second: Shape) -> bool:
    """Whether either shape has something beside its largest part that comes to nothing of the other."""
    whole = len(pairing.first.ties) > 0 or first.solids is not None or pairing.mesh_of_second
    beside = not whole and any(beside_main_part(shape) is not None for shape in (first, second))
    return beside and _ground(pairing, first, second) is None


def with_lesser_parts(pairing: Pairing, first: Shape, second: Shape) -> SharedMesh | None:
    """All of the first shape laid onto the second, where more than its largest part was matched, or goes along."""
    if pairing.mesh_of_second:
        return None
    if first.solids is not None:
        return _with_solids(pairing, first, second)
    if len(pairing.first.ties):
        return _with_all_parts(pairing, first, second)
    if beside_main_part(first) is None:
        return None
    ground = _ground(pairing, first, second)
    whole = None if ground is None else whole_stand_in(first)
    if whole is None or ground is None:
        return None
    lesser = np.ones(len(whole.vertices), bool)
    lesser[whole.triangles[main_part(whole.vertices, whole.triangles)[0]]] = False
    return SharedMesh(whole, _carried(pairing, whole, lesser, ground)[0], second)


def _ground(pairing: Pairing, first: Shape, second: Shape) -> StandIn | None:
    """What of the second shape the first one's lesser parts come to; None where either's come to nothing.

    That is what the second one has beside its largest part, or, of what a coarse mesh has cut off, all of it.
    """
    own, other = beside_main_part(first), beside_main_part(second)
    main = StandIn(pairing.fit.places, pairing.first.triangles)
    if own is None:
        whole = StandIn(second.vertices, second.triangles.astype(np.int64))
        return whole if other is None or _astray(other, main) <= MOST_ASTRAY * pairing.second.scale else None
    every = np.ones(len(own.vertices), bool)
    if other is not None:
        laid = StandIn(_carried(pairing, own, every, other)[0], own.triangles)
        if (_astray(laid, other) + _astray(other, laid)) / 2 <= MOST_ASTRAY * pairing.second.scale:
            return other
    whole = StandIn(second.vertices, second.triangles.astype(np.int64))
    laid = StandIn(_carried(pairing, own, every, whole)[0], own.triangles)
    astray = [_astray(laid, whole)]
    if other is not None:
        both = np.concatenate([main.triangles, len(main.vertices) + laid.triangles])
        astray.append(_astray(other, StandIn(np.concatenate([main.vertices, laid.vertices]), both)))
    return whole if max(astray) <= MOST_ASTRAY * pairing.second.scale else None


def _with_all_parts(pairing: Pairing, first: Shape, second: Shape) -> SharedMesh | None:
    """What is outside of the first shape's parts, each place with what of them is nearest to it."""
    whole = whole_stand_in(first)
    if whole is None:
        return None
    growth = pairing.second.scale / pairing.first.scale
    parts = pairing.first
    places = going_along(parts.vertices, pairing.fit.places, parts.triangles, whole.vertices, growth)
    return SharedMesh(whole, places, second)


def _with_solids(pairing: Pairing, first: Shape, second: Shape) -> SharedMesh | None:
    """Each closed part of the first shape with what of its skin is nearest, or as a stiff piece.

    Where parts reach into each other their skin is one, meshed anew: what is thin, as a blade in a hand, is lost in it.
    """
    whole, ground = whole_stand_in(first), whole_stand_in(second)
    if whole is None or ground is None:
        return None
    growth = pairing.second.scale / pairing.first.scale
    begun = pairing.first
    along = going_along(begun.vertices, pairing.fit.places, begun.triangles, whole.vertices, growth)
    own, other = one_to_one(*sorted_alike(whole, ground), along)
    places, stiff = _carried(pairing, own, np.ones(len(own.vertices), bool), other)
    # What bends is laid onto its like: where parts melt with each other, skins end elsewhere than they do.
    return SharedMesh(whole, np.where(stiff[:, None], places, Fitting(own, other).slid(places).places), second)


def _carried(pairing: Pairing, surface: StandIn, lesser: NDArray[np.bool_], other: StandIn) -> tuple[Array, Flags]:
    """Where a surface comes to, and its lesser parts by whichever way brings each nearest to the other shape's; and
    what of it comes along as a stiff piece."""
    growth = pairing.second.scale / pairing.first.scale
    begun, ended = pairing.first.vertices, pairing.fit.places
    places = going_along(begun, ended, pairing.first.triangles, surface.vertices, growth)
    part = face_parts(surface.triangles, len(surface.vertices))[1]
    numbers, sizes = np.unique(part[lesser], return_counts=True)
    moved = np.zeros(len(places), bool)
    reach = MOST_MOVED if other.given_kinds is None else MOST_MOVED_TO_LIKE
    near = pairing.second.scale * np.array([MOST_GAP, MOST_ASTRAY, reach])
    lacking = np.zeros(len(places), bool)
    for rank, number in enumerate(numbers[np.argsort(-sizes, kind="stable")].tolist()):
        members = part == number
        piece = surface.vertices[members] * growth
        ground = _counterpart(other, int(surface.kinds[members][0]))
        if ground is None:
            lacking |= members
            continue
        whole = _settled(ground, _brought(piece, piece, places[members]), near[2])
        if _gap(ground, whole) <= near[0]:
            places[members], moved[members] = whole, True
        elif rank < PIECES and _gap(ground, places[members]) > near[0]:
            stiff = sorted(_stiff(begun * growth, ended, piece), key=lambda way: _gap(ground, way))
            ways = [places[members], *(_settled(ground, way, near[2]) for way in stiff[:SETTLED])]
            nearest = min(ways, key=lambda way: _gap(ground, way))
            there = _gap(ground, nearest) <= near[1]
            places[members] = nearest if there else ways[0]
            moved[members] = not there or nearest is not ways[0]
    for number in np.unique(part[lacking]).tolist():
        # What the other shape does not have goes with the part that it is nearest to, as a sword with the hand, and
        # becomes smaller on the way: as large as it is, it would be thinned until it is in crumbs.
        members = part == number
        own = surface.vertices * growth
        places[members] = _drawn_in(own[~lacking], places[~lacking], own[members])
    return places, moved | lacking


def _counterpart(other: StandIn, kind: int) -> DistanceField | None:
    """What of a surface is of a kind; all of it where nothing is told apart, and None where nothing is of that kind."""
    alike = other.kinds[other.triangles[:, 0]] == kind
    if other.given_kinds is not None and not (kind and alike.any()):
        return None
    return DistanceField(other.vertices, other.triangles[alike])


def _gap(ground: DistanceField, places: Array) -> float:
    return float(ground.closest(places)[2].mean())


def _settled(ground: DistanceField, piece: Array, reach: float) -> Array:
    """A stiff piece moved as a whole onto the ground, if it is near: what holds it may have turned about itself."""
    start = piece
    for _ in range(ROUNDS):
        before, piece = piece, _brought(piece, piece, np.asarray(ground.closest(piece)[1], np.float64))
        if np.abs(piece - before).max() < ARRIVED * ground.scale:
            break
    return piece if np.linalg.norm(piece.mean(0) - start.mean(0)) <= reach else start


def _brought(piece: Array, start: Array, aims: Array) -> Array:
    """A piece moved as a whole as that move goes which brings the places where it starts nearest to their aims."""
    middle, there = start.mean(0), aims.mean(0)
    turn = nearest_turns(((aims - there).T @ (start - middle))[None])[0]
    return np.asarray((piece - middle) @ turn.T + there)


def _stiff(begun: Array, ended: Array, piece: Array) -> list[Array]:
    """A piece as it comes along as a whole, held by what of a mesh is near to it at one place or another."""
    near = np.unique(KDTree(begun).query(piece)[1])
    holds = near[np.linspace(0, len(near) - 1, min(HOLDS, len(near))).astype(int)]
    return [_held(begun, ended, piece, hold) for hold in holds.tolist()]


def _drawn_in(begun: Array, ended: Array, piece: Array) -> Array:
    """The same, held where it is nearest to the mesh, and drawn into that."""
    away, nearest = KDTree(begun).query(piece)
    hold = int(nearest[away.argmin()])
    return np.asarray(ended[hold] + LEFT_OF_IT * (_held(begun, ended, piece, hold) - ended[hold]))


def _held(begun: Array, ended: Array, piece: Array, hold: int) -> Array:
    """Where a piece goes as a whole with what lies about one vertex of the mesh."""
    # A hand that hangs beside the hip is no part of it.
    away = [np.linalg.norm(pose - pose[hold], axis=1) for pose in (begun, ended)]
    grip = np.argsort(np.maximum(*away), kind="stable")[:GRIP]
    return _brought(piece, begun[grip], ended[grip])


def _astray(surface: StandIn, other: StandIn) -> float:
    """How far places of a surface are from another one, in the mean."""
    places = sample_surface(surface.vertices, surface.triangles, SAMPLES, np.random.default_rng(0))[0]
    return float(DistanceField(other.vertices, other.triangles).closest(places)[2].mean())
