"""Faces that are turned over are turned back, each cluster by itself."""

import numpy as np
import pytest

from lipmlp_engine.surface.untangling import untangle

SIDE = 8


def grid() -> tuple[np.ndarray, np.ndarray]:
    """A flat sheet of quads that look upwards."""
    rows, columns = np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij")
    vertices = np.stack((columns, rows, np.zeros_like(rows)), -1).reshape(-1, 3).astype(np.float32)
    first = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    return vertices, np.stack((first, first + 1, first + SIDE + 1, first + SIDE), 1).astype(np.int32)


def _cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]


def areas(vertices: np.ndarray, quads: np.ndarray) -> np.ndarray:
    """How far the smaller half of each quad looks upwards, cut in two as is best for it."""
    cuts = []
    for shift in (0, 1):
        a, b, c, d = np.roll(quads, shift, axis=1).T
        corners = vertices[:, :2]
        halves = [_cross(corners[q] - corners[p], corners[r] - corners[p]) for p, q, r in ((a, b, c), (a, c, d))]
        cuts.append(np.minimum(*halves))
    return np.maximum(*cuts)


def turn_back(vertices: np.ndarray, quads: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    def turned(places: np.ndarray, gradient: np.ndarray, among: np.ndarray | None, whose: int) -> np.ndarray:
        inwards = np.flatnonzero(areas(places, quads) < -1e-3)
        return inwards if among is None else np.intersect1d(inwards, among)

    def led(places: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return places, np.tile(np.float32([0, 0, 1]), (len(rows), 1))

    gradient = np.tile(np.float32([0, 0, 1]), (len(vertices), 1))
    return untangle(quads, vertices, gradient, (first, last), turned, led)


@pytest.mark.parametrize("apart", [3, 4])
def test_one_fold_is_mended_though_another_cannot_be(apart: int) -> None:
    vertices, quads = grid()
    loose, held = SIDE + 1, (1 + apart) * SIDE + 1 + apart
    vertices[[loose, held], :2] += 2.4
    free = np.ones(len(vertices), bool)
    free[held] = False
    # Nothing about the one that is held may give way.
    free[np.unique(quads[(quads == held).any(1)])] = False
    before = vertices.copy()
    moved = turn_back(vertices, quads, free, free)
    still = areas(vertices, quads) < -1e-3
    assert still.any() and (quads[still] == held).any(1).all()
    assert moved[loose] and not moved[held]
    assert np.array_equal(vertices[~moved], before[~moved])


def test_edges_give_way_only_where_nothing_else_helps() -> None:
    vertices, quads = grid()
    creased = 3 * SIDE + 3
    vertices[creased, :2] += 1.8
    everything = np.ones(len(vertices), bool)
    off_edges = everything.copy()
    off_edges[creased] = False
    moved = turn_back(vertices, quads, off_edges, everything)
    assert moved[creased]
    assert areas(vertices, quads).min() > 0


def test_what_is_not_turned_over_stays() -> None:
    vertices, quads = grid()
    before = vertices.copy()
    free = np.ones(len(vertices), bool)
    assert not turn_back(vertices, quads, free, free).any()
    assert np.array_equal(vertices, before)
