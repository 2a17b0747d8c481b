"""Limbs that have grown together with the body in one of two poses, as in characters that are meshed as one skin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from trimesh.creation import capsule

from lipmlp_engine.poses.matching import Match
from lipmlp_engine.poses.mesh_fitting import Fit, judged_fit
from lipmlp_engine.poses.pairing import MOST_TURNED, MOST_TURNED_IN_ALL, Pairing
from lipmlp_engine.poses.second_looks import excused
from lipmlp_engine.poses.stand_in_mesh import StandIn, evened
from lipmlp_engine.poses.touching_limbs import touching
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import unit_normals

Array = NDArray[np.float64]


def rod() -> StandIn:
    """Two long and a fifth thick, along x."""
    made = capsule(2.0, 0.1, count=[16, 16]).subdivide()
    places = np.asarray(made.vertices, np.float64)[:, [2, 0, 1]]
    return evened(places - places.mean(0), np.asarray(made.faces, np.int64), 1_500)


def bent_double(places: Array, radius: float) -> Array:
    """Its middle led round half a circle, both ends beside each other."""
    along, aside = places[:, 0], places[:, 1] + radius
    angle = np.clip(along / radius, -np.pi / 2, np.pi / 2)
    beyond = along - radius * angle
    x = aside * np.cos(angle) - np.abs(beyond)
    return np.stack([x, aside * np.sin(angle), places[:, 2]], 1)


def pairing(turned: float, at_touches: float, contradiction: float = 0.3) -> Pairing:
    mesh = rod()
    match = Match(np.arange(len(mesh.vertices)), np.arange(3), stretch=0.01, upright=1.0)
    fit = Fit(mesh.vertices + 1.0, gap=0.001, bare=0.0, strain=0.03, turned=turned, touching=at_touches)
    return Pairing(mesh, mesh, match, fit, contradiction=contradiction)


def test_what_lies_beside_a_part_that_is_far_along_the_surface_touches() -> None:
    mesh = rod()
    every = np.arange(len(mesh.vertices))
    assert not touching(mesh, mesh.vertices, every, 0.06).any()
    folded = bent_double(mesh.vertices, radius=0.12)
    found = touching(mesh, folded, every, 0.06)
    inner = (mesh.vertices[:, 1] < -0.09) & (np.abs(mesh.vertices[:, 0]) > 0.4) & (np.abs(mesh.vertices[:, 0]) < 0.8)
    outer = mesh.vertices[:, 1] > 0.05
    assert found[inner].all() and not found[outer].any()
    assert not len(touching(mesh, folded, every[:0], 0.06))


def test_a_wall_that_another_limb_hides_does_not_look_the_wrong_way() -> None:
    """A dog's legs folded into each other: the nearest wall is the other leg's, and faces the other way."""
    mesh = rod()
    folded = StandIn(bent_double(mesh.vertices, radius=0.05) * [1, 1, -1], mesh.triangles)
    field = DistanceField(folded.vertices, folded.triangles)
    places = folded.vertices + 0.06 * np.sign(mesh.vertices[:, :1]) * [0, 1, 0]
    nearest = unit_normals(folded.vertices, folded.triangles)[field.closest(places)[0]]
    against = float(((nearest * folded.normals).sum(1) < 0).mean())
    assert against > 0.05
    assert judged_fit(mesh, folded, places, field).turned < 0.6 * against
    over = StandIn(mesh.vertices, mesh.triangles[:, ::-1])
    assert judged_fit(over, folded, places, field).turned > 0.8


def test_faces_that_look_the_wrong_way_where_limbs_touch_are_let_pass_and_others_are_not() -> None:
    few, many = 1.4 * MOST_TURNED, 1.1 * MOST_TURNED_IN_ALL
    assert pairing(few, 0.6 * few).doubt > 1
    taken = excused(pairing(few, 0.6 * few))
    assert taken.grown_together and taken.doubt <= 1 and taken.confidence >= 0.5
    assert excused(pairing(few, 0.2 * few)).doubt > 1
    assert excused(pairing(many, 0.9 * many)).doubt > 1
    assert excused(pairing(few, 0.6 * few, contradiction=1.2)).doubt > 1
    assert not excused(pairing(0.5 * MOST_TURNED, 0.0)).grown_together


def test_a_mesh_of_the_second_surface_begins_where_it_lies_on_the_first() -> None:
    there = pairing(0.0, 0.0)
    back = there.from_other_side
    assert back.mesh_of_second and not back.from_other_side.mesh_of_second
    assert np.array_equal(back.first.vertices, there.fit.places) and np.array_equal(
        back.fit.places, there.first.vertices
    )
    assert back.second is there.first and back.doubt == there.doubt
