"""Open surfaces: sheets become thick, what one looks into as well, holes get lids, and what is meant stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.openings import join
from lipmlp_engine.shapes.placement import enclosed_volume
from lipmlp_engine.shapes.shape import Shape

BALL = 4 / 3 * np.pi
OPEN_BALL = BALL - np.pi * 0.5**2 * (3 - 0.5) / 3


def grid(columns: int, height: float = 0.0) -> Shape:
    """A unit square of triangles, waved if it has a height."""
    steps = np.linspace(0, 1, columns)
    x, y = np.meshgrid(steps, steps, indexing="ij")
    vertices = np.stack([x.ravel(), y.ravel(), height * np.sin(9 * x.ravel())], axis=1)
    index = np.arange(columns**2, dtype=np.int32).reshape(columns, columns)
    a, b, c, d = (part.ravel() for part in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    return Shape("grid", vertices, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)]), closed=False)


def test_hole_gets_a_lid(open_ball: Shape) -> None:
    prepared = prepare(open_ball, Sampling())
    assert prepared.closed and Topology(prepared.triangles).closed
    assert prepared.volume == pytest.approx(OPEN_BALL, rel=5e-3)
    assert prepared.notes == ["closed 1 hole with flat lids"]


@pytest.mark.parametrize(("count", "said"), [(1, "1 loose triangle that lies"), (2, "2 loose triangles that lie")])
def test_loose_triangles_inside_a_ball_go(ball: Shape, count: int, said: str) -> None:
    corners = 0.3 * np.eye(3)
    loose = [corners + 0.2 * number for number in range(count)]
    triangles = len(ball.vertices) + np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
    prepared = prepare(
        Shape("ball", np.concatenate([ball.vertices, *loose]), np.concatenate([ball.triangles, triangles])), Sampling()
    )
    assert prepared.closed and prepared.volume == pytest.approx(ball.volume)
    assert prepared.notes == [f"removed {said} inside"]


def test_what_is_looked_into_stays_open() -> None:
    """Half a ball, a bowl to whom it belongs, was filled; a hull that was in one piece with its mast became craters."""
    ball = trimesh.creation.icosphere(subdivisions=4)
    hull = ball.vertices * [1.0, 0.35, 0.3]
    for vertices in (np.asarray(ball.vertices), hull):
        lower = ball.faces[ball.triangles_center[:, 2] < 0].astype(np.int32)
        prepared = prepare(Shape("bowl", vertices, lower), Sampling())
        assert prepared.notes == ["gave an open surface a thickness of 0.5 % of the diagonal"]
        in_the_middle = np.hypot(*prepared.vertices[:, :2].T) < 0.2
        assert prepared.closed and (np.abs(prepared.vertices[in_the_middle, 2]) > 0.2).all()


def test_open_tube_gets_two_lids() -> None:
    tube = trimesh.creation.cylinder(0.3, 2.0)
    sides = tube.faces[np.abs(tube.face_normals[:, 2]) < 0.9].astype(np.int32)
    prepared = prepare(Shape("tube", np.asarray(tube.vertices), sides), Sampling(openings="closed"))
    assert prepared.notes == ["closed 2 holes with flat lids"]
    assert prepared.volume == pytest.approx(tube.volume)


def test_triangles_with_gaps_are_closed_by_the_winding_number(ball: Shape) -> None:
    corners = ball.vertices[ball.triangles]
    centres = corners.mean(axis=1, keepdims=True)
    shrunk = (centres + 0.99 * (corners - centres)).reshape(-1, 3)
    loose = Shape("gaps", shrunk, np.arange(len(shrunk), dtype=np.int32).reshape(-1, 3))
    prepared = prepare(loose, Sampling())
    assert not prepared.closed
    assert "winding number" in prepared.notes[-1]
    assert len(prepared.triangles) == len(ball.triangles)
    assert enclosed_volume(prepared) == pytest.approx(BALL, rel=0.03)


@pytest.mark.parametrize("height", [0.0, 0.1])
@pytest.mark.parametrize("shell", [0.5, 2.0])
def test_sheet_gets_the_thickness_asked_for(height: float, shell: float) -> None:
    sheet = grid(40, height)
    prepared = prepare(sheet, Sampling(shell=shell))
    assert prepared.closed and Topology(prepared.triangles).closed
    assert prepared.volume == pytest.approx(sheet.area * sheet.diagonal * shell / 100, rel=0.02)
    assert f"a thickness of {shell:g} % of the diagonal" in prepared.notes[0]


def test_sheet_of_two_coinciding_sides_gets_thick() -> None:
    sheet = grid(10)
    double = Shape("double", sheet.vertices, np.concatenate([sheet.triangles, sheet.triangles[:, ::-1]]))
    assert prepare(double, Sampling()).volume == pytest.approx(sheet.diagonal * 0.005, rel=1e-3)


def test_moebius_strip_gets_thick() -> None:
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    rows = []
    for across in (-0.2, 0.2):
        radius = 1 + across * np.cos(turns / 2)
        rows.append(np.stack([radius * np.cos(turns), radius * np.sin(turns), across * np.sin(turns / 2)], axis=1))
    here = np.arange(64)
    low, high = here, here + 64
    # After one turn the strip's sides have changed places.
    low_next = np.append(low[1:], 64)
    high_next = np.append(high[1:], 0)
    triangles = np.concatenate([np.stack([low, low_next, high_next], 1), np.stack([low, high_next, high], 1)])
    strip = Shape("strip", np.concatenate(rows), triangles.astype(np.int32))
    prepared = prepare(strip, Sampling(shell=2.0))
    expected = strip.area * strip.diagonal * 0.02
    assert prepared.volume == pytest.approx(expected, rel=0.1)


def test_card_beside_a_ball_gets_thick_and_the_ball_stays(ball: Shape) -> None:
    card = grid(10)
    card.vertices[:, 0] += 1.5
    prepared = prepare(join(ball, card), Sampling())
    diagonal = join(ball, card).diagonal
    assert prepared.volume == pytest.approx(ball.volume + 0.005 * diagonal, rel=1e-3)


def test_an_eyeball_in_its_open_socket_keeps_looking_out() -> None:
    """Suzanne's eyes: open shells that stand in open sockets, mostly within the head and yet not inside it."""
    head = trimesh.creation.icosphere(subdivisions=4, radius=1.0)
    head.update_faces(head.triangles_center[:, 2] < 0.92)
    eye = trimesh.creation.icosphere(subdivisions=4, radius=0.36)
    eye.update_faces(eye.triangles_center[:, 2] > -0.1)
    eye.apply_translation((0, 0, 0.92))
    both = trimesh.util.concatenate([head, eye])
    prepared = prepare(
        Shape("face", np.asarray(both.vertices), np.asarray(both.faces, np.int32), closed=False), Sampling()
    )
    assert not any("removed" in note for note in prepared.notes)
    field = DistanceField(prepared.vertices, prepared.triangles)
    signs = field.signed(np.array([[0, 0, 1.25], [0, 0, 0.9], [0, 0, 0], [0, 0, 1.32]])) < 0
    assert signs.tolist() == [True, True, True, False]
