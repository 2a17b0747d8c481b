"""What of a mesh hangs in a fold that has closed is drawn out onto the crease, and nothing else is moved."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.poses.characters import GRAZE, quadruped
from benchmarks.poses.measures import remeshed
from lipmlp_engine.poses.closed_creases import ClosedCreases
from lipmlp_engine.poses.ground import Ground
from lipmlp_engine.poses.stand_in_mesh import StandIn
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.self_intersections import crossing_pairs

Array = NDArray[np.float64]


@cache
def grazing() -> tuple[Array, NDArray[np.int64], Ground]:
    """A mesh whose neck has sunk into its chest, and the surface about it."""
    character = quadruped()
    skin = character.skin(50)
    places, triangles = character.posed(skin, GRAZE), skin.triangles.astype(np.int64)
    vertices, faces = remeshed(places, triangles.astype(np.int32), 60, seed=3)
    return places, triangles, Ground.of(StandIn(vertices, faces.astype(np.int64)))


def test_a_fold_that_has_closed_is_drawn_out_onto_its_crease() -> None:
    places, triangles, ground = grazing()
    creases = ClosedCreases(ground, triangles, len(places))
    assert crossing_pairs(places, triangles) > 10 and creases.wrong(places).sum() > 20
    laid = creases.laid_out(places)
    assert crossing_pairs(laid, triangles) == 0 and creases.wrong(laid).sum() <= 2
    drawn = laid[np.linalg.norm(laid - places, axis=1) > 0]
    assert np.linalg.norm(ground.nearest(drawn)[0] - drawn, axis=1).max() < 0.016


def test_what_lies_well_is_left_where_it_is() -> None:
    places, triangles, ground = grazing()
    laid = ClosedCreases(ground, triangles, len(places)).laid_out(places)
    moved = np.linalg.norm(laid - places, axis=1) > 0
    assert 0 < moved.mean() < 0.2
    again = ClosedCreases(
        Ground.of(StandIn(ground.vertices, np.asarray(ground.triangles))), ground.triangles, len(ground.vertices)
    )
    assert again.laid_out(ground.vertices) is ground.vertices


def test_no_ground_is_left_bare_for_it() -> None:
    """A membrane over the end of a limb would shrink the whole end into its rim."""
    places, triangles, ground = grazing()
    tip = places[:, 1] < np.quantile(places[:, 1], 0.03)
    dented = places.copy()
    dented[tip, 1] += np.random.default_rng(0).normal(0, 0.02, tip.sum())
    laid = ClosedCreases(ground, triangles, len(places)).laid_out(dented)
    bare = DistanceField(laid, triangles).closest(ground.samples)[2]
    assert bare.max() < 0.02 * float(np.linalg.norm(np.ptp(places, axis=0)))
