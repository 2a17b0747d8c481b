"""What a match cannot tell is not taken: bars, and bodies that fit another way round as well."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from benchmarks.poses.judgement import RIGHT, off
from benchmarks.poses.lookalikes import RECIPES
from lipmlp_engine.poses.nearest_turns import nearest_turns
from lipmlp_engine.poses.recognition import judged, pair
from lipmlp_engine.poses.rods import rod
from lipmlp_engine.poses.signature import signature
from lipmlp_engine.poses.stand_in_mesh import StandIn, stand_in
from lipmlp_engine.shapes.shape import Shape
from tests.engine.bent_bars import bent_bar, straight_bar

Array = NDArray[np.float64]


def bar(degrees: float, wide: float = 1.0) -> Shape:
    places = bent_bar(degrees) * [1, 1, wide]
    return Shape(f"bar bent by {degrees:g}", places, straight_bar()[1].astype(np.int32))


@pytest.mark.parametrize("least", [1.0, 1e-3, 0.0, -0.2])
def test_the_nearest_turns_are_those_of_a_singular_value_decomposition(least: float) -> None:
    random = np.random.default_rng(0)
    turns = Rotation.random(500, random_state=1).as_matrix()
    frames = Rotation.random(500, random_state=2).as_matrix()
    sizes = np.stack([np.ones(500), random.uniform(0.3, 0.9, 500), least * random.uniform(0.1, 0.3, 500)], 1)
    maps = 7 * turns @ frames @ (sizes[:, :, None] * np.swapaxes(frames, 1, 2))
    assert np.allclose(nearest_turns(maps), turns, atol=1e-6)


def test_a_map_that_leaves_its_turn_open_gets_a_turn() -> None:
    found = nearest_turns(np.stack([np.zeros((3, 3)), np.diag([1.0, 0, 0]), -np.eye(3)]))
    assert np.allclose(found @ np.swapaxes(found, 1, 2), np.eye(3), atol=1e-9)
    assert np.allclose(np.linalg.det(found), 1)


def surface_of(shape: Shape) -> StandIn:
    found = stand_in(shape, 1500)
    assert found is not None
    return found


def test_a_round_bar_is_told_and_a_flat_one_has_sides() -> None:
    round_one, flat = (rod(signature(surface_of(bar(0, wide)))) for wide in (1.0, 0.4))
    assert round_one.roll > 0.04 and round_one.reversible and round_one.open
    assert flat.roll == 0 and flat.reversible


def test_a_bar_that_bends_is_refused_unless_somebody_insists() -> None:
    assert pair(bar(0), bar(100)) == "nothing on the bar 'bar bent by 0' tells its sides or its ends apart"
    assert judged(bar(0), bar(100), insisted=True).objection == ""


def test_a_star_whose_arms_are_alike_is_refused_for_its_rival() -> None:
    made = RECIPES["even star"].made("star")
    found = judged(made.source, made.target)
    assert "not sure" in found.objection
    assert found.pairing is not None and found.pairing.rivalry > 1


def test_a_body_that_fits_back_to_front_as_well_is_refused() -> None:
    """Without feet little tells front from back; the wrong match was found first, and was the better one as it was."""
    made = RECIPES["man without feet raises arms, turned"].made("man")
    assert judged(made.source, made.target).objection.endswith("is not sure")


def test_of_two_matches_that_are_near_the_one_that_fits_better_bent_alike_is_taken() -> None:
    made = RECIPES["man faces away"].made("man")
    found = judged(made.source, made.target)
    assert found.pairing is not None and not found.objection
    assert off(found.pairing, made) < RIGHT


def test_arms_that_were_crossed_come_off_the_chest_and_the_man_is_not_laid_on_his_back() -> None:
    """Front laid on back, and left on right, hands move less: it was taken with a doubt of .68, 32 % off."""
    made = RECIPES["man uncrosses arms"].made("man")
    found = judged(made.source, made.target)
    assert found.pairing is not None and not found.objection
    assert off(found.pairing, made) < RIGHT
    assert 0 < found.pairing.rivalry < 1
