"""What scatters in places only, as hair does, is laid smoothly; what is clean or noisy all over stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.loose_points import settled
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.points.zero_surface import without_lonely
from lipmlp_engine.shapes.cloud import Cloud
from tests.engine.clouds import on_ball


def _haired(deep: float = 0.06) -> np.ndarray:
    """A ball of radius one, whose points lie outside of it above a third of its height."""
    points = on_ball(8_000)
    hair = points[:, 2] > 1 / 3
    out = np.random.default_rng(4).exponential(deep, int(hair.sum()))
    points[hair] *= 1 + out[:, None]
    return points


def test_hair_becomes_a_surface_of_one_part() -> None:
    found = reconstruct(Cloud(_haired()), "head", Points())
    assert (found.report.parts, found.report.genus) == (1, 0)
    assert any("as hair does" in note for note in found.notes)
    radius = np.linalg.norm(found.vertices, axis=1)
    bald = found.vertices[:, 2] < 0.2
    assert abs(radius[bald] - 1).max() < 0.01
    # The middle of what lies outside of it by chance, .06 in the mean.
    assert radius[found.vertices[:, 2] > 0.6].mean() == pytest.approx(1.06, abs=0.02)
    assert radius[found.vertices[:, 2] > 0.6].std() < 0.02


def test_only_what_scatters_moves() -> None:
    points = _haired()
    found = settled(points)
    assert found is not None
    bald = points[:, 2] < 0.2
    assert not found.loose[bald].any()
    assert np.array_equal(found.places[bald], points[bald])
    assert found.loose[points[:, 2] > 0.5].mean() > 0.98
    assert 0 < (~found.kept).mean() < 0.05


def test_a_part_that_a_few_samples_stand_for_is_dropped_unless_nothing_else_is_there() -> None:
    ball = trimesh.creation.icosphere(3)
    one = np.asarray(ball.vertices)
    far = one + np.array([3, 0, 0])
    vertices = np.concatenate([one, far])
    triangles = np.concatenate([ball.faces, ball.faces + len(one)]).astype(np.int32)
    found = without_lonely(vertices, triangles, np.concatenate([one, far[:19]]), 20)
    assert np.array_equal(found[0], one) and np.array_equal(found[1], ball.faces)
    for few, several in ((19, 20), (5, 5)):
        assert len(without_lonely(vertices, triangles, np.concatenate([one[:several], far[:few]]), few)[1]) == 2560


def _in_noise() -> np.ndarray:
    return on_ball(8_000) + np.random.default_rng(5).standard_normal((8_000, 3)) * 0.03


def _plates() -> np.ndarray:
    """Two small plates, .012 apart, on which points lie as far from each other, beside a wide one."""
    rng = np.random.default_rng(6)
    plates = np.column_stack([rng.uniform(0, 0.6, (6_000, 2)), 0.012 * (np.arange(6_000) % 2)])
    wide = rng.uniform((1, 0), (2.4, 1.4), (16_000, 2))
    return np.concatenate([plates, np.column_stack([wide, np.zeros(16_000)])])


@pytest.mark.parametrize(
    "points", [on_ball(8_000), _in_noise(), _plates(), on_ball(60)], ids=["clean", "noise", "plates", "few"]
)
def test_what_is_alike_all_over_stays(points: np.ndarray) -> None:
    assert settled(points) is None
