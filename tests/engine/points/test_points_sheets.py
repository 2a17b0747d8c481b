"""Sheets are told from what encloses something, part by part, and end in an even rim without chance's holes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import trimesh
from scipy.sparse import coo_array

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points import neighbour_links, orientation
from lipmlp_engine.points.found_surface import Found
from lipmlp_engine.points.normal_estimation import lines_of
from lipmlp_engine.points.orientation import oriented
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.mesh_topology import Topology, vertex_parts
from lipmlp_engine.shapes.shape import Shape, signed_volume, triangle_areas
from lipmlp_engine.shapes.surface_samples import sample_surface
from tests.engine.clouds import on_ball

WALL = (2.0, 1.4)


def wall(count: int = 2000) -> np.ndarray:
    rng = np.random.default_rng(4)
    return np.stack([rng.uniform(0, WALL[0], count), rng.uniform(0, WALL[1], count), np.zeros(count)], axis=1)


def found_in(points: np.ndarray, opening: str = "auto") -> Found:
    return reconstruct(Cloud(points), "scan", Points(opening=opening), threads=1)


def rims(triangles: np.ndarray) -> tuple[int, np.ndarray]:
    """How many rims, as loops that do not touch, and their half-edges."""
    topology = Topology(triangles)
    edges = topology.half_edges[topology.open_half_edges]
    corners = np.unique(edges)
    renumbered = np.searchsorted(corners, edges)
    return vertex_parts(renumbered, len(corners))[0], edges


def test_a_wall_has_one_rim_and_no_hole_that_chance_left() -> None:
    found = found_in(wall())
    count, edges = rims(found.triangles)
    assert count == 1 and found.report.parts == 1 and found.report.genus is None
    length = np.linalg.norm(found.vertices[edges[:, 0]] - found.vertices[edges[:, 1]], axis=1).sum()
    # Staircases of triangles are longer than the rim by two fifths and more.
    assert length < 1.2 * 2 * sum(WALL)
    assert np.abs(found.vertices[:, 2]).max() < 1e-6
    area = triangle_areas(found.vertices, found.triangles).sum()
    assert area == pytest.approx(WALL[0] * WALL[1], rel=0.08)


def test_a_door_in_a_wall_stays_open() -> None:
    points = wall()
    door = np.abs(points[:, :2] - (1.0, 0.6)).max(axis=1) < 0.2
    assert rims(found_in(points[~door]).triangles)[0] == 2


def test_a_wall_beside_a_ball_is_a_sheet_and_the_ball_is_not() -> None:
    ball = 0.5 * on_ball(1500) + (1.0, 0.7, 1.5)
    found = found_in(np.concatenate([wall(), ball]))
    topology = Topology(found.triangles)
    assert topology.part_count == 2 and sorted(topology.closed_parts) == [False, True]
    closed = found.triangles[topology.closed_parts[topology.parts]]
    assert signed_volume(found.vertices, closed) == pytest.approx(4 / 3 * np.pi * 0.125, rel=0.03)
    # What is enclosed beside it leaves no dents in the wall, where chance left few points.
    assert np.abs(found.vertices[found.vertices[:, 2] < 0.5, 2]).max() < 1e-6


def test_the_setting_overrules_what_is_told() -> None:
    assert found_in(wall(), "closed").report.closed
    ball = on_ball(1200)
    half = ball[ball[:, 2] > 0]
    assert found_in(half).report.closed
    assert not found_in(half, "sheet").report.closed


def test_two_balls_that_touch_both_face_outwards() -> None:
    centres = np.array([[-1.0, 0, 0], [0.8, 0, 0]])
    one, other = on_ball(1500) + centres[0], 0.8 * on_ball(1000, 1) + centres[1]
    points = np.concatenate([one, other])
    normals = oriented(points, lines_of(points, threads=1), threads=1)
    outwards = np.concatenate([one - centres[0], other - centres[1]])
    assert (np.einsum("ij,ij->i", normals, outwards) > 0).mean() > 0.99


def test_sparse_parts_of_a_wall_are_whole() -> None:
    points = wall(4000)
    sparse = (points[:, 0] > 1.0) & (np.arange(4000) % 6 > 0)
    found = found_in(points[~sparse])
    assert rims(found.triangles)[0] == 1
    assert triangle_areas(found.vertices, found.triangles).sum() == pytest.approx(WALL[0] * WALL[1], rel=0.1)


def test_two_scans_that_lie_beside_each_other_are_one_wall(torus: Shape) -> None:
    points, normals, _ = sample_surface(torus.vertices, torus.triangles, 4000, np.random.default_rng(3))
    behind = np.random.default_rng(4).uniform(-0.3, 0.3, len(points)) > normals[:, 1]
    points[behind] += np.array([0.0, 0.03, 0.02])
    found = lines_of(points, threads=1)
    assert found.clean
    cosine = np.einsum("ij,ij->i", oriented(points, found, threads=1), normals)
    assert (cosine > 0).mean() > 0.97


def test_where_sheets_told_apart_make_no_wall_the_number_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    ball = on_ball(1200)
    found, sides = lines_of(ball, threads=1), orientation._sides

    def at_odds(*given: Any) -> np.ndarray:
        told, by_links = sides(*given), isinstance(given[-1], neighbour_links.SureLinks)
        return np.where(np.arange(len(told)) % 3 == 0, -told, told) if by_links else told

    monkeypatch.setattr(orientation, "_sides", at_odds)
    assert found.clean
    assert (np.einsum("ij,ij->i", oriented(ball, found, threads=1), ball) > 0).all()


def test_a_narrow_wall_that_is_inside_out_is_turned_by_what_is_across_its_edges() -> None:
    size = np.array([1.0, 0.6, 0.15])
    points, normals, _ = sample_surface(*box_of(size), 3000, np.random.default_rng(5))
    found = lines_of(points, threads=1)
    agreement = neighbour_links.agreement_of(found.places, found)
    parts = neighbour_links.parts_of(neighbour_links.between_alike(agreement, found))
    right = np.sign(np.einsum("ij,ij->i", found.normals, normals))
    wall = parts == np.bincount(parts[normals[:, 0] > 0.9]).argmax()
    assert 50 < wall.sum() < 400
    turned = orientation._turned_at_edges(np.where(wall, -right, right), agreement, parts)
    assert (turned[wall] == right[wall]).all() and (turned == right).mean() > 0.99


def box_of(size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mesh = trimesh.creation.box(size)
    return np.asarray(mesh.vertices), np.asarray(mesh.faces, np.int32)


def test_links_across_edges_and_between_sheets_turn_no_part_of_a_sheet() -> None:
    agreement = coo_array((np.array([1.0, 1.0, -1.0]), ([0, 1, 3], [1, 2, 4])), shape=(5, 5)).tocsr()
    parts = np.array([0, 0, 0, 1, 1])
    settled, along = np.array([1.0, -1, 1, 1, -1]), np.array([1.0, 1, 1, 1, 1])
    told = neighbour_links.less_at_odds(settled, along, agreement, parts)
    assert told.tolist() == [1, 1, 1, 1, -1]
    # A part without links keeps its sides.
    alone = np.concatenate([settled, [-1.0]]), np.concatenate([along, [1.0]])
    agreement.resize(6, 6)
    assert neighbour_links.less_at_odds(*alone, agreement, np.append(parts, 2))[5] == -1
