"""A mesh that runs into itself on its way is pushed apart there, and nowhere else; and which pairs have such a mesh."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from trimesh.creation import icosphere

from benchmarks.poses.characters import SIT, biped
from benchmarks.poses.measures import edge_lengths
from lipmlp_engine.guide.pose_pairs import Way, find_ways
from lipmlp_engine.job.sections import Guide
from lipmlp_engine.poses.length_keeping import LengthPath
from lipmlp_engine.poses.self_contact import SelfContact
from lipmlp_engine.shapes.self_intersections import crossing_pairs, crossing_triangles
from lipmlp_engine.shapes.shape import Shape

Array = NDArray[np.float64]


@cache
def sitting_down() -> tuple[Array, Array, NDArray[np.int64]]:
    """A man on his way to sit, whose thighs run into his belly; how he stands, where he is, and his faces."""
    character = biped()
    skin = character.skin(50)
    triangles = skin.triangles.astype(np.int64)
    return character.posed(skin, {}), character.posed(skin, SIT), triangles


def test_what_runs_into_itself_is_pushed_apart() -> None:
    standing, sitting, triangles = sitting_down()
    places = LengthPath(standing, sitting, triangles).at(0.75)
    assert crossing_pairs(places, triangles) > 10
    apart = SelfContact(standing, triangles).pushed_apart(places)
    assert crossing_pairs(apart, triangles) == 0
    diagonal = np.linalg.norm(np.ptp(standing, axis=0))
    way = np.linalg.norm(apart - places, axis=1) / diagonal
    assert way.max() < 0.03 and np.median(way) < 1e-3
    lengths = edge_lengths(apart, triangles) / edge_lengths(places, triangles)
    assert np.abs(lengths - 1).mean() < 0.02 and np.median(np.abs(lengths - 1)) < 1e-3


def test_what_does_not_is_left_as_it_is() -> None:
    standing, sitting, triangles = sitting_down()
    places = LengthPath(standing, sitting, triangles).at(0.3)
    assert crossing_pairs(places, triangles) == 0
    assert SelfContact(standing, triangles).pushed_apart(places) is places


def test_a_way_between_poses_is_free_of_it_and_exact_at_its_ends() -> None:
    standing, sitting, triangles = sitting_down()
    way = Way(LengthPath(standing, sitting, triangles), triangles)
    assert crossing_pairs(way.at(0.8), triangles) == 0
    assert np.abs(way.at(1.0) - sitting).max() < 1e-9 and np.abs(way.at(0.0) - standing).max() < 1e-9


def test_the_triangles_that_cut_are_those_that_are_counted() -> None:
    first = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], np.float64)
    through = np.array([[0.2, 0.2, -1], [0.3, 0.2, 1], [0.2, 0.3, 1]])
    aside = np.add(first, [5, 0, 0])
    vertices, triangles = np.concatenate([first, through, aside]), np.arange(9).reshape(3, 3)
    assert crossing_pairs(vertices, triangles) == 1
    assert crossing_triangles(vertices, triangles).tolist() == [True, True, False]


def test_each_pair_of_neighbours_says_which_guide_it_takes_and_why() -> None:
    standing, sitting, triangles = sitting_down()
    faces = triangles.astype(np.int32)
    man, chair = Shape("standing", standing, faces), Shape("sitting", sitting, faces)
    ball = icosphere(3, 0.5)
    other = Shape("ball", np.asarray(ball.vertices), np.asarray(ball.faces, np.int32))
    none = np.empty((0, 3)), np.empty((0, 3))
    ways, verdicts = find_ways([man, chair, other], [none, none], Guide(correspondence="none"))
    assert ways[0] is not None and ways[1] is None
    assert verdicts[0].startswith("Guide: poses, because 'standing' and 'sitting' match: lengths change by ")
    assert verdicts[1] == "Guide: transport, because 'sitting' and 'ball' are no poses of one shape."
