"""Lids over holes: flat rims have cones, ragged ones a film that is smooth a few edges from the rim."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes.lids import lid
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.openings import join
from lipmlp_engine.shapes.part_nesting import FREE, mean_winding
from lipmlp_engine.shapes.shape import Shape, triangle_areas


def circle(count: int) -> np.ndarray:
    turn = 2 * np.pi * np.arange(count) / count
    return np.stack([np.cos(turn), np.sin(turn), np.zeros(count)], axis=1)


def bowl(count: int, ragged: float, colors: bool = False) -> Shape:
    """A ball without its top quarter, whose rim goes up and down at random."""
    turns, steps = 2 * np.pi * np.arange(count) / count, np.linspace(0, 2 * np.pi / 3, 16)[1:]
    below = np.stack(
        [np.outer(np.sin(steps), way(turns)) for way in (np.cos, np.sin)] + [-np.outer(np.cos(steps), np.ones(count))],
        axis=2,
    )
    below[-1, :, 2] += ragged * np.random.default_rng(0).uniform(-1, 1, count)
    places = np.concatenate([[[0.0, 0.0, -1.0]], below.reshape(-1, 3)])
    around = np.arange(count)
    beside = np.roll(around, -1)
    rows = [np.stack([np.zeros(count, np.int64), beside + 1, around + 1], axis=1)]
    for row in range(len(steps) - 1):
        low, high = 1 + row * count, 1 + (row + 1) * count
        rows.append(np.stack([around + low, beside + low, beside + high], axis=1))
        rows.append(np.stack([around + low, beside + high, around + high], axis=1))
    tints = np.random.default_rng(1).random((len(places), 4)).astype(np.float32) if colors else None
    return Shape("bowl", places, np.concatenate(rows).astype(np.int32), colors=tints)


def test_a_flat_rim_has_a_cone_to_its_middle() -> None:
    inner, triangles = lid(circle(200))
    assert inner == pytest.approx(np.zeros((1, 3)), abs=1e-12) and len(triangles) == 200


def test_a_bent_rim_is_spanned_as_a_film_would() -> None:
    rim = circle(240)
    rim[:, 2] = 0.5 * (rim[:, 0] ** 2 - rim[:, 1] ** 2)
    inner, triangles = lid(rim)
    # This saddle is harmonic itself.
    assert inner[:, 2] == pytest.approx(0.5 * (inner[:, 0] ** 2 - inner[:, 1] ** 2), abs=1e-9)
    assert len(np.unique(triangles)) == len(rim) + len(inner)


def test_a_ragged_rim_leaves_no_fan() -> None:
    shape = bowl(400, 0.08, colors=True)
    prepared = prepare(shape, Sampling())
    assert prepared.notes == ["closed 1 hole with flat lids"] and Topology(prepared.triangles).closed
    flat = prepare(bowl(400, 0.0), Sampling(openings="closed"))
    assert prepared.volume == pytest.approx(flat.volume, rel=0.01) and prepared.volume > 0
    away = np.linalg.norm(prepared.vertices[:, :2], axis=1)
    inner = prepared.vertices[(prepared.vertices[:, 2] > 0.3) & (away < 0.7)]
    # A cone's ridges are .8 times as high there as the rim is ragged.
    assert len(inner) > 400 and np.abs(inner[:, 2] - inner[:, 2].mean()).max() < 0.01
    assert prepared.colors is not None and len(prepared.colors) == len(prepared.vertices)
    assert prepared.colors.dtype == np.float32 and np.isfinite(prepared.colors).all()


def cap(reach: float, radius: float = 1.0, centre: tuple[float, float, float] = (0, 0, 0), from_: float = 0.0) -> Shape:
    """Of a ball what is between two angles from its top."""
    ball = trimesh.creation.icosphere(subdivisions=5)
    angle = np.arccos(np.clip(ball.triangles_center[:, 2], -1, 1))
    kept = ball.faces[(angle < reach) & (angle >= from_)].astype(np.int32)
    return Shape("cap", np.asarray(ball.vertices) * radius + centre, kept)


def test_what_stands_in_a_sheet_is_a_sheet_too() -> None:
    # A mask, and a ball behind a hole in it: by themselves both are thin, though the mask stands around the ball.
    shape = join(cap(0.95, from_=0.3), cap(0.8, 0.25, (0, 0, 0.6)))
    topology = Topology(shape.triangles)
    assert mean_winding(shape, topology, ~topology.closed_parts)[1] > 1.5 * FREE
    prepared = prepare(shape, Sampling(union=False))
    assert prepared.notes == ["gave an open surface a thickness of 0.5 % of the diagonal"]
    area = triangle_areas(shape.vertices, shape.triangles).sum()
    assert prepared.volume == pytest.approx(0.005 * prepared.diagonal * area, rel=0.05)
