"""A hat, a shield, a bag: what a character has beside its body, each pose with a mesh of its own."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import KDTree
from trimesh import Trimesh
from trimesh.creation import box, cylinder
from trimesh.transformations import rotation_matrix

from benchmarks.poses.characters import biped
from benchmarks.poses.measures import remeshed
from benchmarks.poses.skeleton import Skin
from lipmlp_engine.guide import pose_pairs
from lipmlp_engine.guide.pose_pairs import find_ways
from lipmlp_engine.job.sections import Guide, Sampling
from lipmlp_engine.poses.lesser_parts import go_along, with_lesser_parts
from lipmlp_engine.poses.mesh_edges import edge_lengths, edges_of
from lipmlp_engine.poses.pairing import Pairing
from lipmlp_engine.poses.recognition import pair
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.mesh_topology import face_parts
from lipmlp_engine.shapes.shape import Shape

Array = NDArray[np.float64]

WAVING = {"left arm": (0.0, 120.0, 0.0), "left forearm": (0.0, 25.0, 0.0), "head": (0.0, 0.0, 30.0)}
CARRIED_BY = {"hat": "head", "shield": "left forearm"}
HOLDING = {**CARRIED_BY, "sword": "left hand", "grip": "left hand"}


@cache
def bodies() -> dict[float, tuple[Array, NDArray[np.int32]]]:
    """A man at shares of his way to waving; at its end he has another mesh."""
    character = biped()
    skin = character.skin(60)
    faces = skin.triangles.astype(np.int32)
    places = {share: character.posed(skin, WAVING, share) for share in (0.0, 0.5, 1.0)}
    return {0.0: (places[0.0], faces), 0.5: (places[0.5], faces), 1.0: remeshed(places[1.0], faces, 66, seed=2)}


def piece(name: str, share: float) -> Trimesh:
    """A hat above his head, a shield beside his left forearm."""
    hat = cylinder(0.13, 0.12, sections=24).subdivide().apply_translation([0, 0.03, 1.97])
    shield = box((0.03, 0.3, 0.3)).subdivide().subdivide().apply_translation([-0.53, 0.02, 1.12])
    sword = box((0.04, 0.8, 0.008)).subdivide().apply_translation([-0.54, 0.3, 0.92])
    grip = box((0.02, 0.02, 0.02)).apply_translation([-0.54, 0.03, 0.92])
    made = {"hat": hat, "shield": shield, "sword": sword, "grip": grip}[name]
    character = biped()
    names = [bone.name for bone in character.bones]
    weights = np.tile(np.eye(len(names))[names.index(HOLDING[name])], (len(made.vertices), 1))
    skin = Skin(np.asarray(made.vertices, np.float64), np.asarray(made.faces, np.int64), weights)
    moved = Trimesh(character.posed(skin, WAVING, share), made.faces, process=False)
    return moved if share < 1 else moved.subdivide()


def dressed(share: float, *pieces: Trimesh) -> Shape:
    body = Trimesh(*bodies()[share], process=False)
    whole = body + sum(pieces, Trimesh()) if pieces else body
    return Shape("waving" if share else "standing", np.asarray(whole.vertices), whole.faces.astype(np.int32))


def both(share: float) -> Shape:
    return dressed(share, piece("hat", share), piece("shield", share))


@cache
def matched() -> Pairing:
    found = pair(both(0.0), both(1.0))
    assert isinstance(found, Pairing), found
    return found


def test_a_hat_and_a_shield_swing_along_with_a_body_that_is_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pose_pairs, "pair", lambda *_: matched())
    (way,), (said,) = find_ways([both(0.0), both(1.0)], [(np.empty((0, 3)),) * 2], Guide())
    assert way is not None and said.startswith("Guide: poses")
    halfway = way.at(0.5)
    count, part = face_parts(way.triangles, len(halfway))
    assert count == 3
    size = float(np.linalg.norm(np.ptp(bodies()[0.0][0], axis=0)))
    for name in CARRIED_BY:
        truth = KDTree(piece(name, 0.5).subdivide().subdivide().vertices)
        off = min(float(truth.query(halfway[part == number])[0].mean()) for number in range(count))
        assert off < 0.02 * size, name


def test_each_part_arrives_where_the_other_shape_has_it() -> None:
    whole = with_lesser_parts(matched(), both(0.0), both(1.0))
    assert whole is not None
    count, part = face_parts(whole.first.triangles, len(whole.places))
    for name in CARRIED_BY:
        there = KDTree(piece(name, 1.0).subdivide().subdivide().vertices)
        assert min(there.query(whole.places[part == number])[0].max() for number in range(count)) < 0.04


def test_a_thin_sword_in_a_hand_arrives_stiff_where_the_other_shape_has_it() -> None:
    """It is held at another angle there, and no part of the skin, which is one with the hand's."""
    sword = piece("sword", 1.0)
    grip = piece("grip", 1.0).vertices.mean(0)
    sword.apply_transform(rotation_matrix(np.radians(30), [1, 0, 0], grip))
    first = prepare(dressed(0.0, piece("sword", 0.0)), Sampling())
    second = prepare(dressed(1.0, sword), Sampling())
    assert first.solids is not None and second.solids is not None
    whole = with_lesser_parts(matched(), first, second)
    assert whole is not None
    blade = whole.first.parts[whole.first.triangles[:, 0]] == whole.first.parts[whole.first.vertices[:, 1].argmax()]
    members = np.unique(whole.first.triangles[blade])
    off = DistanceField(sword.vertices, sword.faces).closest(whole.places[members])[2]
    assert off.max() < 0.01
    edges = edges_of(whole.first.triangles[blade])
    grown = edge_lengths(whole.places, edges) / edge_lengths(whole.first.vertices, edges)
    assert np.ptp(grown) < 1e-6  # by as much as the whole at most


def test_a_sword_that_the_other_shape_lacks_is_drawn_into_the_hand() -> None:
    first = prepare(dressed(0.0, piece("sword", 0.0)), Sampling())
    second = prepare(dressed(1.0, piece("hat", 1.0).apply_translation([0, 0, -0.08])), Sampling())
    assert first.solids is not None and second.solids is not None
    whole = with_lesser_parts(matched(), first, second)
    assert whole is not None
    blade = whole.first.parts == whole.first.parts[whole.first.vertices[:, 1].argmax()]
    size = np.linalg.norm(np.ptp(whole.places[blade], axis=0))
    grip = piece("grip", 1.0).vertices.mean(0)
    assert size < 0.05 and np.linalg.norm(whole.places[blade] - grip, axis=1).max() < 0.2


@pytest.mark.parametrize("where", ["on the other arm", "away"])
def test_a_part_that_comes_to_nothing_of_its_kind_is_not_guessed_at(where: str) -> None:
    """As little as a shield is left to the blend; the body is matched all the same."""
    shield = piece("shield", 1.0)
    if where == "on the other arm":
        shield = piece("shield", 0.0).apply_scale([-1, 1, 1])
        shield.invert()
    else:
        shield.apply_translation([0, 1.0, 0])
    elsewhere = dressed(1.0, piece("hat", 1.0), shield)
    assert with_lesser_parts(matched(), both(0.0), elsewhere) is None
    assert go_along(matched(), both(0.0), elsewhere)
    assert go_along(matched(), dressed(0.0), elsewhere) and go_along(matched(), both(0.0), dressed(1.0))


def test_it_is_said_that_what_only_one_of_both_has_comes_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A man with a hat that the other one lacks raised his arms without a word about it."""
    monkeypatch.setattr(pose_pairs, "pair", lambda *_: matched())
    for pair_of_shapes, lacking in (((both(0.0), dressed(1.0)), True), ((both(0.0), both(1.0)), False)):
        (way,), (said,) = find_ways(pair_of_shapes, [(np.empty((0, 3)),) * 2], Guide())
        assert way is not None and said.endswith("beside its largest part dissolves or grows.") == lacking


def test_much_that_comes_to_nothing_is_refused() -> None:
    tower = box((0.4, 0.4, 2.0)).subdivide().subdivide().apply_translation([1.5, 0, 1.0])
    assert not go_along(matched(), both(0.0), dressed(1.0, tower))
    assert not go_along(matched(), dressed(0.0, tower), both(1.0))


def torn(at: float) -> Shape:
    """The man as he stands with a gap in his left arm, as a coarse mesh leaves it; the hand is a part of its own."""
    places, faces = bodies()[0.0]
    beyond = places[faces][:, :, 0] < at
    return Shape("torn", places, faces[beyond.all(1) | ~beyond.any(1)])


def test_what_a_coarse_mesh_has_cut_off_goes_along_with_the_body_it_belongs_to() -> None:
    first = torn(-0.35)
    count, _ = face_parts(first.triangles, len(first.vertices))
    assert count == 2
    assert go_along(matched(), first, dressed(1.0))
    whole = with_lesser_parts(matched(), first, dressed(1.0))
    assert whole is not None and face_parts(whole.first.triangles, len(whole.places))[0] == 2
    ground = KDTree(Trimesh(*bodies()[1.0], process=False).subdivide().vertices)
    assert ground.query(whole.places)[0].max() < 0.06
