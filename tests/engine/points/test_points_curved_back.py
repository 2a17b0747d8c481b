"""What was scanned from one side and turns out of sight all around is a body; what ends in a rim is a sheet."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.sections.points import Points
from lipmlp_engine.points.curved_back import curves_back
from lipmlp_engine.points.found_surface import Found
from lipmlp_engine.points.reconstruct import reconstruct
from lipmlp_engine.shapes.cloud import Cloud
from lipmlp_engine.shapes.shape import signed_volume
from lipmlp_engine.shapes.surface_samples import sample_surface

LONG = 3.0
Scan = tuple[np.ndarray, np.ndarray, np.ndarray]


def seen_from_above(mesh: trimesh.Trimesh, count: int = 6000, lowest: float = 0.15) -> Scan:
    """Places, normals and spacings of what faces upwards, but for slopes."""
    points, normals, _ = sample_surface(mesh.vertices, mesh.faces, count, np.random.default_rng(0))
    seen = normals[:, 2] > lowest
    return points[seen], normals[seen], np.full(int(seen.sum()), np.sqrt(mesh.area / count))


def ball(lowest: float) -> Scan:
    return seen_from_above(trimesh.creation.icosphere(subdivisions=5), lowest=lowest)


def roof(height: float) -> Scan:
    corners = np.array([(-1, -0.6, 0), (1, -0.6, 0), (1, 0.6, 0), (-1, 0.6, 0), (-0.4, 0, height), (0.4, 0, height)])
    faces = [[0, 1, 5], [0, 5, 4], [1, 2, 5], [2, 3, 4], [2, 4, 5], [3, 0, 4]]
    return seen_from_above(trimesh.Trimesh(corners, faces))


def vault() -> Scan:
    """The outside of half a pipe, which turns away on two sides only."""
    pipe = trimesh.creation.annulus(0.49, 0.5, LONG, sections=96)
    pipe.apply_transform(trimesh.transformations.rotation_matrix(np.pi / 2, (1, 0, 0)))
    points, normals, spacing = seen_from_above(pipe, 12_000)
    outer = np.hypot(points[:, 0], points[:, 2]) > 0.495
    return points[outer], normals[outer], spacing[outer]


def head_before_a_wall() -> Scan:
    points, normals, spacing = ball(0.15)
    wall = np.random.default_rng(1).uniform(-2, 2, (6000, 2))
    wall = wall[np.hypot(*wall.T) > 1]
    behind = np.column_stack([wall, np.full(len(wall), -0.2)])
    return (
        np.concatenate([points, behind]),
        np.concatenate([normals, np.tile([0.0, 0, 1], (len(wall), 1))]),
        np.concatenate([spacing, np.full(len(wall), 4 / np.sqrt(6000))]),
    )


def test_what_turns_out_of_sight_all_around_has_a_back() -> None:
    assert curves_back(*ball(0.15))
    assert curves_back(*ball(0.3))
    # Its lower third was not scanned, as that of a bust.
    points, normals, spacing = ball(0.15)
    above = points[:, 1] > -0.4
    assert curves_back(points[above], normals[above], spacing[above])


@pytest.mark.parametrize(
    "scan",
    [ball(0.6), ball(0.8), roof(0.45), roof(0.7), vault(), head_before_a_wall()],
    ids=["fifth of a ball", "tenth of a ball", "roof", "steep roof", "vault", "head before a wall"],
)
def test_what_ends_where_it_still_faces_its_viewer_is_a_sheet(scan: Scan) -> None:
    assert not curves_back(*scan)


def test_nothing_is_told_of_what_was_seen_from_several_sides_or_hardly_at_all() -> None:
    assert not curves_back(*ball(-2.0))
    half = ball(0.15)
    assert not curves_back(*(each[::400] for each in half))
    assert not curves_back(*(each[:0] for each in half))


def bust() -> np.ndarray:
    """A head from the front with nothing below its nose: its winding number is .25, that of a sheet."""
    points, _, _ = ball(0.35)
    return points[points[:, 1] > -0.2]


def found_in(points: np.ndarray, opening: str) -> Found:
    return reconstruct(Cloud(points), "scan", Points(opening=opening), threads=1)


def test_a_bust_from_the_front_is_a_body_and_says_so() -> None:
    points = bust()[::2]
    found = found_in(points, "auto")
    assert found.report.closed and found.report.parts == 1 and found.report.genus == 0
    # Its back is as round as its front, and below, where it is cut off, it goes straight on.
    hull = trimesh.convex.convex_hull(points).volume
    assert 1.5 * hull < signed_volume(found.vertices, found.triangles) < 2.2 * hull
    assert sum("Unscanned Sides" in note for note in found.notes) == 1
    as_sheet = found_in(points, "sheet")
    assert not as_sheet.report.closed and not any("Unscanned Sides" in note for note in as_sheet.notes)


def test_a_sheet_names_the_setting_that_closes_it() -> None:
    rng = np.random.default_rng(4)
    wall = np.column_stack([rng.uniform(0, 2, 1500), rng.uniform(0, 1.4, 1500), np.zeros(1500)])
    assert sum("Unscanned Sides: Closed" in note for note in found_in(wall, "auto").notes) == 1
