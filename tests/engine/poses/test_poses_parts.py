"""A character whose clothes are meshes of their own that reach into each other, each pose in meshes of its own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from trimesh.creation import icosphere
from trimesh.remesh import subdivide

from benchmarks.poses.characters import biped, quadruped
from benchmarks.poses.measures import on_pose
from benchmarks.poses.skeleton import Character, Turns
from lipmlp_engine.guide.pose_pairs import find_ways
from lipmlp_engine.job.sections import Guide
from lipmlp_engine.poses.joined_parts import joined_parts
from lipmlp_engine.poses.kinds import KindField, nearest_alike, one_to_one, sorted_alike
from lipmlp_engine.poses.mesh_edges import edge_lengths, edges_of, strain
from lipmlp_engine.poses.mesh_fitting import judged_fit
from lipmlp_engine.poses.pairing import Pairing
from lipmlp_engine.poses.recognition import pair
from lipmlp_engine.poses.stand_in_mesh import StandIn
from lipmlp_engine.shapes.shape import Shape, vertex_normals

Array = NDArray[np.float64]

ARMS: Turns = {"left arm": (0.0, 70.0, 0.0), "right thigh": (35.0, 0.0, 0.0)}
BANDS = {"trousers": (-np.inf, 1.05, 0.0), "shirt": (0.97, 1.6, 0.012), "head": (1.52, np.inf, 0.0)}
"""From and up to which height each goes, and how far it stands off."""


@cache
def worn(make: str, moved: bool) -> tuple[list[tuple[Array, NDArray[np.int32]]], Array, NDArray[np.int32]]:
    """The pieces of a character at rest or moved, and the whole body there."""
    character: Character = {"biped": biped, "quadruped": quadruped}[make]()
    skin = character.skin(60)
    faces = skin.triangles.astype(np.int32)
    body = character.posed(skin, ARMS if moved and make == "biped" else {})
    normals = vertex_normals(body, faces)
    height = skin.vertices[faces].mean(1)[:, 2] * (1.9 / skin.vertices[:, 2].max())
    pieces = []
    for low, high, off in BANDS.values():
        own = faces[(height > low) & (height < high)]
        used, numbers = np.unique(own, return_inverse=True)
        pieces.append(((body + off * normals)[used], numbers.reshape(-1, 3).astype(np.int32)))
    return pieces, body, faces


def dressed(make: str, moved: bool) -> Shape:
    """All pieces in one shape; moved, in other meshes of another order."""
    vertices, triangles, count = [], [], 0
    pieces = worn(make, moved)[0]
    for places, faces in reversed(pieces) if moved else pieces:
        if moved:
            places, faces = subdivide(places, faces)
        vertices.append(places)
        triangles.append(faces + count)
        count += len(places)
    return Shape(
        "moved" if moved else make, np.concatenate(vertices), np.concatenate(triangles).astype(np.int32), closed=False
    )


@cache
def found() -> Pairing | str:
    return pair(dressed("biped", False), dressed("biped", True))


def test_a_character_in_pieces_is_matched_piece_by_piece():
    pairing = found()
    assert isinstance(pairing, Pairing), pairing
    # His hands hang as low as his trousers, and are cut off with those.
    assert len(np.unique(pairing.first.parts)) == 5
    chosen = np.arange(0, len(pairing.first.vertices), 7)
    rightly = on_pose(
        pairing.first.vertices[chosen], worn("biped", False)[1], worn("biped", True)[1], worn("biped", False)[2]
    )
    off = np.linalg.norm(rightly - pairing.fit.places[chosen], axis=1)
    assert off.mean() < 0.02 * np.linalg.norm(np.ptp(rightly, axis=0))


def test_its_limbs_keep_their_lengths_on_the_way():
    pairing = found()
    assert isinstance(pairing, Pairing)
    first, second = dressed("biped", False), dressed("biped", True)
    none = (np.empty((0, 3)), np.empty((0, 3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lipmlp_engine.guide.pose_pairs.pair", lambda *_: pairing)
        ways, said = find_ways([first, second], [none], Guide())
    way = ways[0]
    assert way is not None and said[0].startswith("Guide: poses")
    edges = edges_of(way.triangles)
    ends, middle = (
        [edge_lengths(way.path.at(share), edges) for share in (0.0, 1.0)],
        edge_lengths(way.path.at(0.5), edges),
    )
    long = ends[0] > 0.2 * ends[0].mean()
    assert np.abs(middle / ((ends[0] + ends[1]) / 2) - 1)[long].mean() < 0.02


def test_another_animal_in_as_many_pieces_is_refused():
    assert isinstance(pair(dressed("biped", False), dressed("quadruped", True)), str)


def test_pieces_are_tied_where_they_lie_on_each_other_for_long():
    joined = joined_parts(dressed("biped", False), dressed("biped", True))
    assert joined is not None
    for surface in joined:
        assert np.isfinite(surface.distances(np.array([0]))).all()
        assert len(surface.ties) > 50 and (surface.parts[surface.ties[:, 0]] != surface.parts[surface.ties[:, 1]]).all()
        # Waist, neck and wrists.
        heights = surface.vertices[surface.ties].mean(1)[:, 2]
        assert (heights > 0.7).all() and heights.max() > 1.5
        assert len(np.unique(surface.kinds)) == 4 and surface.kinds.min() == 1


def test_one_piece_has_no_parts_to_be_joined():
    body = worn("biped", False)
    assert joined_parts(Shape("body", body[1], body[2]), dressed("biped", True)) is None


def two_plates(turned: bool = False) -> StandIn:
    """A large and a small plate, the small one a little above the large one."""
    steps = np.linspace(0, 1, 9)
    x, y = np.meshgrid(steps, steps)
    flat = np.stack([x.ravel(), y.ravel(), np.zeros(81)], 1)
    corner = np.array([k for k in range(72) if k % 9 < 8])
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 9], 1), np.stack([corner + 1, corner + 10, corner + 9], 1)]
    )
    small = 0.4 * flat + [0.1, 0.1, 0.02]
    if turned:
        return StandIn(np.concatenate([small, flat]), np.concatenate([faces, faces + 81]))
    return StandIn(np.concatenate([flat, small]), np.concatenate([faces, faces + 81]))


def test_parts_are_of_one_kind_with_what_has_as_much_area():
    one, other = sorted_alike(two_plates(), two_plates(turned=True))
    assert one.kinds[0] == other.kinds[-1] != one.kinds[-1] == other.kinds[0]


def test_of_twins_each_is_one_kind_with_the_nearest() -> None:
    ball = icosphere(2)
    pair_of = ball.copy().apply_translation([-2, 0, 0]) + ball.copy().apply_translation([2, 0, 0])
    surface = StandIn(np.asarray(pair_of.vertices), np.asarray(pair_of.faces, np.int64))
    twins = replace(surface, given_kinds=np.ones(len(surface.vertices), np.int64))
    one, other = one_to_one(twins, twins, surface.vertices * [-1, 1, 1])
    left = surface.vertices[:, 0] < 0
    assert set(one.kinds[left]) == set(other.kinds[~left]) and set(one.kinds[~left]) == set(other.kinds[left])
    alone = replace(surface, given_kinds=np.where(left, 1, 0))
    assert not one_to_one(alone, twins, surface.vertices)[0].kinds[~left].any()


def test_only_what_is_of_its_kind_is_near_to_a_place():
    one, other = sorted_alike(two_plates(), two_plates(turned=True))
    nearest = nearest_alike(one.vertices, one.kinds, other.vertices, other.kinds)[1]
    assert (other.kinds[nearest] == one.kinds).all()
    _, closest, distances = KindField(other, one.kinds).closest(one.vertices)
    assert np.allclose(closest, one.vertices, atol=1e-6) and np.allclose(distances, 0, atol=1e-6)


def test_the_back_of_a_sheet_is_not_turned_over():
    """Of two sides that lie on each other the nearest may be either."""
    plate = two_plates()
    large = plate.triangles[:128]
    both = StandIn(plate.vertices[:81], np.concatenate([large, large[:, ::-1]]))
    apart = np.concatenate([both.vertices, both.vertices - [0, 0, 1e-3]])
    sheet = StandIn(apart, np.concatenate([large[:, ::-1], large + 81]), np.array([[0, 81]]))
    across = StandIn(apart[:, [0, 1, 2]] * [1, 1, -1], sheet.triangles)
    fit = judged_fit(sheet, across, sheet.vertices, KindField(across, sheet.kinds))
    loose = StandIn(sheet.vertices, sheet.triangles)
    assert fit.turned == 0 < judged_fit(loose, across, sheet.vertices, KindField(across, sheet.kinds)).turned


def test_an_edge_of_next_to_no_length_does_not_count_for_all_others():
    before = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [2, 1e-12, 0]])
    after = before + np.array([[0.0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 1e-3, 0]])
    assert strain(before, after, np.array([[0, 1], [1, 2], [2, 3]])) < 0.02
