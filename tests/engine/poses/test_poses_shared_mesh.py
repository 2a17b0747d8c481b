"""Shapes that are one mesh in two poses: what the vertices say is taken, however many parts there are."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from trimesh import Trimesh, transformations, util
from trimesh.creation import box, cylinder, icosphere

from benchmarks.poses.characters import biped
from benchmarks.poses.skeleton import Skin
from lipmlp_engine.commands.match import matched_colours
from lipmlp_engine.guide.pose_pairs import find_ways
from lipmlp_engine.job.sections import Guide, Sampling
from lipmlp_engine.poses.length_keeping import LengthPath
from lipmlp_engine.poses.self_contact import SelfContact
from lipmlp_engine.poses.shared_mesh import shared_mesh, ties_between
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.look import Look
from lipmlp_engine.shapes.same_mesh import one_mesh
from lipmlp_engine.shapes.shape import Shape

Array = NDArray[np.float64]
NO_LANDMARKS = np.empty((0, 3)), np.empty((0, 3))
WAVING = {"left arm": (0.0, 110.0, 0.0), "left forearm": (0.0, 20.0, 0.0), "head": (0.0, 0.0, 60.0)}


@cache
def dressed() -> tuple[Array, Array, Array, NDArray[np.int32], NDArray[np.bool_]]:
    """A man with a hat above his head and a box beside his forearm: standing, half-way, waving, faces, what is his."""
    character = biped()
    body = character.skin(50)
    hat = cylinder(0.1, 0.1, sections=24).subdivide().apply_translation([0, 0.03, 1.96])
    bag = box((0.1, 0.1, 0.1)).subdivide().subdivide().apply_translation([-0.44, -0.12, 1.1])
    whole = util.concatenate([Trimesh(body.vertices, body.triangles, process=False), hat, bag])
    vertices = np.asarray(whole.vertices, np.float64)
    weights = character.weights(vertices)
    names = [bone.name for bone in character.bones]
    own = np.arange(len(vertices)) < len(body.vertices)
    for part, bone in ((slice(len(body.vertices), -len(bag.vertices)), "head"), (slice(-98, None), "left forearm")):
        weights[part] = np.eye(len(names))[names.index(bone)]
    skin = Skin(vertices, np.asarray(whole.faces, np.int64), weights)
    poses = [character.posed(skin, WAVING, share) for share in (0.0, 0.5, 1.0)]
    return *poses, np.asarray(whole.faces, np.int32), own


def shapes() -> tuple[Shape, Shape]:
    standing, _, waving, faces, _ = dressed()
    return Shape("standing", standing, faces), Shape("waving", waving, faces)


def test_all_parts_swing_along() -> None:
    standing, halfway, waving, faces, own = dressed()
    size = float(np.linalg.norm(np.ptp(standing, axis=0)))
    ties = ties_between(standing, waving, faces.astype(np.int64))
    place = LengthPath(standing, waving, faces, ties=ties).at(0.5)
    off = np.linalg.norm(place - halfway, axis=1) / size
    straight = np.linalg.norm((standing + waving) / 2 - halfway, axis=1) / size
    assert off[own].mean() < 0.01 and off[~own].max() < 0.03 < straight[~own].max()
    alone = LengthPath(standing, waving, faces).at(0.5)
    assert np.linalg.norm(alone - halfway, axis=1)[~own].max() / size > 2 * off[~own].max()


def test_parts_that_are_near_in_one_pose_alone_are_not_tied() -> None:
    near, far = (icosphere(2, 0.3).apply_translation([away, 0, 0]) for away in (0.65, 3.0))
    ball = icosphere(2, 0.3)
    faces = np.concatenate([ball.faces, ball.faces + len(ball.vertices)])
    close, apart = (np.concatenate([ball.vertices, other.vertices]) for other in (near, far))
    assert len(ties_between(close, close, faces))
    assert not len(ties_between(close, apart, faces))
    assert not len(ties_between(apart, apart, faces))


def test_neighbours_with_the_same_faces_are_poses_unless_something_else_is_said() -> None:
    first, second = shapes()
    mark = np.array([[0.0, 0.1, 1.7]]), np.array([[0.1, 0.1, 1.7]])
    (way,), (verdict,) = find_ways([first, second], [NO_LANDMARKS], Guide())
    assert way is not None and "they have the same faces, and lengths change by" in verdict
    assert len(np.unique(way.triangles)) == len(way.at(0.0))
    for guide, marks in (
        (Guide(correspondence="none"), NO_LANDMARKS),
        (Guide(), mark),
    ):
        _, (verdict,) = find_ways([first, second], [marks], guide)
        assert "same faces" not in verdict
    (way,), _ = find_ways([first, second], [mark], Guide(correspondence="vertices"))
    assert way is not None


def test_what_was_mended_differently_is_still_one_mesh() -> None:
    """Overlapping parts that were merged, or holes that were closed, in one pose and not in the other."""
    standing, _, waving, faces, own = dressed()
    first = Shape("standing", standing, faces, look=Look(standing, faces))
    keep = own[faces].all(axis=1)
    second = Shape("waving", waving, faces[keep], look=Look(waving, faces))
    found = shared_mesh(first, second)
    assert found is not None
    size = float(np.linalg.norm(np.ptp(standing, axis=0)))
    path = LengthPath(found.first.vertices, found.places, found.first.triangles, ties=found.ties)
    ends = Shape("laid", path.at(1.0), found.first.triangles.astype(np.int32)).bounds
    assert np.abs(np.subtract(ends, Shape("", waving, faces).bounds)).max() < 0.02 * size


def puppet(thigh: float, joint: float = 0.1, gap: float = 0.0) -> Trimesh:
    """Hips, a ball in them and a thigh about it that is turned, all of their own, and a thin blade stuck into that."""
    hips, ball = box((0.4, 0.3, 0.2)).apply_translation([0, 0, 0.1 + gap]), icosphere(1, joint)
    leg = cylinder(0.08, 0.5, sections=8).apply_translation([0, 0, -0.25 - gap])
    blade = box((0.6, 0.004, 0.03)).apply_translation([0.3, 0, -0.4 - gap])
    turn = transformations.rotation_matrix(np.radians(thigh), [1, 0, 0])
    return util.concatenate([hips, *(part.apply_transform(turn) for part in (ball, leg, blade))])


def test_what_hangs_loosely_turns_about_where_it_hangs() -> None:
    """A tie between parts that slide on each other may be turned any way itself."""
    standing, halfway, lifted = (puppet(angle, 0.04, 0.03).subdivide().subdivide() for angle in (0, 75, 150))
    ties = ties_between(standing.vertices, lifted.vertices, standing.faces)
    place = LengthPath(standing.vertices, lifted.vertices, standing.faces, ties=ties).at(0.5)
    assert np.abs(place - halfway.vertices).max() < 0.02


def test_stiff_parts_that_reach_into_each_other_turn_the_short_way_and_stay_whole() -> None:
    standing, halfway, lifted = (puppet(angle) for angle in (-30, 40, 110))
    first, second = (
        prepare(Shape("puppet", mesh.vertices, mesh.faces, look=Look(mesh.vertices, mesh.faces)), Sampling())
        for mesh in (standing, lifted)
    )
    assert first.solids is not None
    found = shared_mesh(first, second)
    assert found is not None
    path = LengthPath(found.first.vertices, found.places, found.first.triangles, ties=found.ties)
    place = path.at(0.5)
    size = float(np.linalg.norm(np.ptp(standing.vertices, axis=0)))
    there = DistanceField(halfway.vertices, halfway.faces).closest(place)[2]
    back = DistanceField(place, found.first.triangles).closest(halfway.vertices)[2]
    assert max(there.max(), back.max()) < 0.01 * size
    assert np.abs(SelfContact(path.at(0), found.first.triangles, path.at(1)).pushed_apart(place) - place).max() == 0


def test_a_cloth_is_one_mesh_however_it_hangs() -> None:
    places = np.linspace(-1, 1, 12)
    x, y = (part.ravel() for part in np.meshgrid(places, places, indexing="ij"))
    corner = np.arange(144).reshape(12, 12)[:-1, :-1].ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 12, corner + 13], 1), np.stack([corner, corner + 13, corner + 1], 1)]
    )
    faces = faces.astype(np.int32)
    flat, hung = np.stack([x, y, 0 * x], 1), np.stack([np.sin(x), y, np.cos(x)], 1)
    job = Sampling()
    first, second = (prepare(Shape("cloth", at, faces, look=Look(at, faces)), job) for at in (flat, hung))
    assert one_mesh(first, second) is not None
    found = shared_mesh(first, second)
    assert found is not None
    way = LengthPath(found.first.vertices, found.places, found.first.triangles, ties=found.ties).at(1.0)
    assert np.abs(np.hypot(way[:, 0], way[:, 2]) - 1).max() < 0.03


@pytest.mark.parametrize("changed", ["mirrored", "other faces", "fewer vertices"])
def test_what_is_not_one_mesh(changed: str) -> None:
    first, second = shapes()
    if changed == "mirrored":
        places = second.vertices * [-1, 1, 1]
        look = Look(places, second.triangles)
        second = prepare(Shape("mirrored", places, second.triangles, look=look), Sampling())
    elif changed == "other faces":
        second = Shape("other", second.vertices, second.triangles[::-1])
    else:
        second = Shape("fewer", second.vertices[:-1], second.triangles[: len(second.triangles) // 2])
    assert one_mesh(*shapes()) is not None
    assert one_mesh(first, second) is None


def test_a_match_by_vertices_is_shown_and_sure() -> None:
    first, second = shapes()
    colours, (told,) = matched_colours([first, second], [NO_LANDMARKS], Guide())
    assert told.matched and told.confidence == 1.0 and "same faces" in told.sentence
    assert np.abs(colours[0] - colours[1]).mean() < 0.02
