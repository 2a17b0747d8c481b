"""Corners of planes enclose as much either way: who can have seen all of a cloud tells its side."""

from __future__ import annotations

import numpy as np

from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.orientation import oriented
from lipmlp_engine.points.seen_by_an_eye import sight_of
from tests.engine.clouds import on_ball

EYE = np.array([1.5, -3.0, 0.8])


def facade_with_street(count: int = 7000) -> tuple[np.ndarray, np.ndarray]:
    """A wall with two rows of sills, and the ground before it, as far as one eye sees them, and its normals."""
    faces = [((0, 0, 0), (3, 0, 2), (0, -1, 0)), ((0, -1.5, 0), (3, 0, 0), (0, 0, 1))]
    for x in (0.3, 1.3, 2.3):
        for z in (0.5, 1.3):
            faces += [
                ((x, -0.25, z), (x + 0.5, -0.25, z + 0.1), (0, -1, 0)),
                ((x, -0.25, z + 0.1), (x + 0.5, 0, z + 0.1), (0, 0, 1)),
                ((x, -0.25, z), (x + 0.5, 0, z), (0, 0, -1)),
                ((x, -0.25, z), (x, 0, z + 0.1), (-1, 0, 0)),
                ((x + 0.5, -0.25, z), (x + 0.5, 0, z + 0.1), (1, 0, 0)),
            ]
    low, high, normal = (np.array(each, np.float64) for each in zip(*faces, strict=True))
    area = np.prod(np.where(high > low, high - low, 1), axis=1)
    rng = np.random.default_rng(0)
    which = rng.choice(len(faces), count, p=area / area.sum())
    points, normals = rng.uniform(low[which], high[which]), normal[which]
    seen = np.einsum("ij,ij->i", EYE - points, normals) > 0
    for x in (0.3, 1.3, 2.3):
        for z in (0.5, 1.3):
            seen &= ~passes(points, np.array([x, -0.25, z]), np.array([x + 0.5, 0, z + 0.1]))
    points = points + 0.002 * rng.standard_normal(points.shape)
    return points[seen], normals[seen]


def passes(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether the way from the eye to each point leads through that box."""
    step = points - EYE
    with np.errstate(divide="ignore"):
        ends = np.stack([(low - EYE) / step, (high - EYE) / step])
    return ends.min(axis=0).max(axis=1) < np.minimum(ends.max(axis=0).min(axis=1), 1) - 1e-3


def test_a_facade_with_its_street_faces_the_street() -> None:
    points, normals = facade_with_street()
    found = oriented(points, lines_of(points, threads=1), threads=1)
    # The winding number makes a body of the corner, of which the street is the underside.
    assert (np.einsum("ij,ij->i", found, normals) > 0).mean() > 0.98


def test_what_goes_around_something_and_half_a_ball_tell_of_no_eye() -> None:
    ball = on_ball(5000)
    lines = lines_of(ball, threads=1)
    walls = lines.normals * lines.spacing[:, None] ** 2
    outwards = np.sign(np.einsum("ij,ij->i", walls, ball))
    assert sight_of(outwards, ball, walls) is None
    # Nobody sees enough of it where it was told wrong.
    assert sight_of(-outwards, ball, walls) is None
    half = ball[:, 2] > 0
    assert sight_of(outwards[half], ball[half], walls[half]) is None
