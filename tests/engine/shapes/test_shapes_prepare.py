"""Mending, closing and merging: what is broken is mended and said, what is meant stays as it is."""

from __future__ import annotations

import time
import tracemalloc

import igl
import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.openings import join
from lipmlp_engine.shapes.repair import weld
from lipmlp_engine.shapes.shape import Shape


def turned(shape: Shape, share: float, seed: int = 0) -> Shape:
    flip = np.random.default_rng(seed).random(len(shape.triangles)) < share
    return Shape(
        shape.name, shape.vertices, np.where(flip[:, None], shape.triangles[:, ::-1], shape.triangles).astype(np.int32)
    )


@pytest.mark.parametrize("name", ["ball", "box", "torus", "two_balls", "nested"])
def test_sound_shapes_stay_bit_by_bit(name: str, request: pytest.FixtureRequest) -> None:
    shape = request.getfixturevalue(name)
    prepared = prepare(shape, Sampling())
    assert prepared.notes == [] and prepared.closed
    assert np.array_equal(prepared.triangles, shape.triangles)
    assert np.array_equal(prepared.vertices, shape.vertices)


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8, 1.0])
def test_triangles_are_turned_outwards(ball: Shape, share: float) -> None:
    prepared = prepare(turned(ball, share), Sampling())
    assert prepared.volume == pytest.approx(ball.volume)
    assert "face outwards" in prepared.notes[0]


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_cavities_survive_a_mending(nested: Shape, share: float) -> None:
    assert prepare(turned(nested, share), Sampling()).volume == pytest.approx(nested.volume)


def test_an_inverted_part_beside_others_is_turned(two_balls: Shape) -> None:
    triangles = two_balls.triangles.copy()
    half = len(triangles) // 2
    triangles[:half] = triangles[:half, ::-1]
    prepared = prepare(Shape("one inside out", two_balls.vertices, triangles), Sampling())
    assert prepared.volume == pytest.approx(two_balls.volume)
    assert f"turned {half:,} of {2 * half:,} triangles" in prepared.notes[0]


def test_nothing_is_turned_without_leave(ball: Shape) -> None:
    inverted = turned(ball, 1.0)
    with pytest.raises(ShapeError, match="faces inwards"):
        prepare(inverted, Sampling(repair=False))


def test_duplicate_and_collapsed_triangles_go(ball: Shape) -> None:
    extra = np.concatenate([ball.triangles, ball.triangles[:7], [[0, 0, 1], [5, 3, 5]]]).astype(np.int32)
    prepared = prepare(Shape("ball", ball.vertices, extra), Sampling())
    assert np.array_equal(prepared.triangles, ball.triangles)
    assert prepared.notes == ["removed 7 duplicate triangles"]


def test_double_sided_ball_is_one_ball(ball: Shape) -> None:
    both = np.concatenate([ball.triangles[:, ::-1], ball.triangles])
    assert prepare(Shape("ball", ball.vertices, both), Sampling()).volume == pytest.approx(ball.volume)


def test_welding_joins_loose_triangles_and_keeps_colors(soup: Shape, ball: Shape) -> None:
    colors = np.random.default_rng(0).random((len(ball.vertices), 4)).astype(np.float32)
    loose = Shape("soup", soup.vertices, soup.triangles, colors=colors[ball.triangles].reshape(-1, 4))
    welded = weld(loose)
    assert len(welded.vertices) == len(ball.vertices)
    assert welded.colors is not None
    assert np.array_equal(welded.vertices[welded.triangles], soup.vertices[soup.triangles])
    assert np.array_equal(welded.colors[welded.triangles].reshape(-1, 4), loose.colors)
    assert prepare(soup, Sampling()).closed


def test_overlapping_parts_become_one(overlapping_boxes: Shape) -> None:
    prepared = prepare(overlapping_boxes, Sampling())
    assert prepared.volume == pytest.approx(1.5)
    assert Topology(prepared.triangles).part_count == 1
    assert prepared.notes == [
        "took out walls inside: of its 2 parts some reach into another or into themselves; the outside stays as it was"
    ]
    apart = prepare(overlapping_boxes, Sampling(union=False))
    assert apart.volume == pytest.approx(2.0)


def test_parts_that_lie_apart_are_not_said_to_be_in_each_other(ball: Shape) -> None:
    """As letters beside each other, of which one crosses itself: here a ring whose hole is closed and more."""
    beside = Shape("", ball.vertices + np.array([9, 0, 0]), ball.triangles)
    assert prepare(join(ball, beside), Sampling()).notes == []
    ring = trimesh.creation.torus(major_radius=0.5, minor_radius=1.0)
    crossing = Shape("", np.asarray(ring.vertices), np.asarray(ring.faces, np.int32))
    (note,) = prepare(join(crossing, beside), Sampling()).notes
    assert "of its 2 parts some reach into another or into themselves" in note


def test_merging_keeps_a_cavity_and_drops_what_is_hidden(nested: Shape) -> None:
    chip = trimesh.creation.box((1.0, 0.4, 0.4))
    outside = Shape("", chip.vertices + np.array([1.2, 0, 0]), chip.faces.astype(np.int32))
    hidden = trimesh.creation.icosphere(2, radius=0.1)
    inside = Shape("", hidden.vertices + np.array([-0.75, 0, 0]), hidden.faces.astype(np.int32))
    whole = join(join(nested, outside), inside)
    prepared = prepare(whole, Sampling())
    assert Topology(prepared.triangles).part_count == 2
    exact = igl.winding_number(whole.vertices, whole.triangles.astype(np.int64), np.array([[0.0, 0, 0], [1.5, 0, 0]]))
    after = igl.winding_number(
        prepared.vertices, prepared.triangles.astype(np.int64), np.array([[0.0, 0, 0], [1.5, 0, 0]])
    )
    assert np.allclose(exact, [0, 1], atol=1e-6) and np.allclose(after, [0, 1], atol=1e-6)
    points = np.random.default_rng(0).uniform(-1.8, 1.8, (20_000, 3))
    inside_before = igl.winding_number(whole.vertices, whole.triangles.astype(np.int64), points) > 0.5
    inside_after = igl.winding_number(prepared.vertices, prepared.triangles.astype(np.int64), points) > 0.5
    assert (inside_before == inside_after).all()


def test_merged_shape_keeps_its_looks(overlapping_boxes: Shape) -> None:
    left = np.arange(len(overlapping_boxes.vertices)) < 8
    colors = np.where(left[:, None], [1, 0, 0, 1], [0, 0, 1, 1]).astype(np.float32)
    materials = np.repeat([3, 5], 12).astype(np.int32)
    shape = Shape("boxes", overlapping_boxes.vertices, overlapping_boxes.triangles, colors, materials)
    prepared = prepare(shape, Sampling())
    assert prepared.colors is not None and prepared.materials is not None
    assert np.allclose(prepared.colors[prepared.vertices[:, 0] < -0.7], [1, 0, 0, 1], atol=1e-3)
    assert np.allclose(prepared.colors[prepared.vertices[:, 0] > 0.7], [0, 0, 1, 1], atol=1e-3)
    middles = prepared.vertices[prepared.triangles].mean(axis=1)[:, 0]
    assert (prepared.materials[middles < -0.7] == 3).all() and (prepared.materials[middles > 0.7] == 5).all()


def test_flat_closed_shape_is_refused() -> None:
    flat = trimesh.creation.icosphere(3)
    vertices = np.asarray(flat.vertices) * (1, 1, 0)
    with pytest.raises(ShapeError, match="encloses nothing, its sides lie on each other"):
        # Rounding apart, so that the two sides share no vertices.
        vertices[:, 2] = 1e-13 * np.asarray(flat.vertices)[:, 2]
        prepare(Shape("flat", vertices, flat.faces.astype(np.int32)), Sampling())


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_size_changes_nothing(size: float, open_ball: Shape, overlapping_boxes: Shape) -> None:
    for shape in (open_ball, overlapping_boxes):
        there = Shape(shape.name, shape.vertices * size + 1000 * size, shape.triangles)
        volume = prepare(shape, Sampling()).volume
        assert prepare(there, Sampling()).volume == pytest.approx(volume * size**3, rel=1e-6)


@pytest.mark.campaign
def test_a_million_triangles_take_seconds_and_a_few_hundred_megabytes() -> None:
    shape = weld(_big_ball())
    tracemalloc.start()
    began = time.process_time()
    prepared = prepare(shape, Sampling())
    spent = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(prepared.triangles) > 1_000_000 and prepared.closed
    assert spent < 30 and peak < 700e6


def _big_ball() -> Shape:
    """Latitudes and longitudes, closed at the poles: just over a million triangles."""
    rows, columns = 708, 710
    tilt, turn = np.meshgrid(
        np.linspace(0, np.pi, rows + 1), np.linspace(0, 2 * np.pi, columns, endpoint=False), indexing="ij"
    )
    vertices = np.stack([np.sin(tilt) * np.cos(turn), np.sin(tilt) * np.sin(turn), np.cos(tilt)], axis=-1)
    vertices[0], vertices[-1] = (0, 0, 1), (0, 0, -1)
    index = np.arange((rows + 1) * columns, dtype=np.int32).reshape(rows + 1, columns)
    a, b = index[:-1], index[1:]
    c, d = np.roll(b, -1, axis=1), np.roll(a, -1, axis=1)
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([a, c, d], -1).reshape(-1, 3)])
    return Shape("big", vertices.reshape(-1, 3), triangles)
