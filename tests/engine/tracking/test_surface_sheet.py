"""A sheet slides its vertices to where faces keep their shape and share, and is crowded where faces will be needed."""

from __future__ import annotations

import numpy as np
import trimesh

from lipmlp_engine.shapes.shape import triangle_areas
from lipmlp_engine.tracking.elastic_sheet import Sheet
from lipmlp_engine.tracking.face_density import LARGEST, wanted_areas


def ball() -> trimesh.Trimesh:
    return trimesh.creation.icosphere(subdivisions=4, radius=0.5)


def test_faces_are_to_be_small_where_samples_crowd() -> None:
    mesh = ball()
    sheet = Sheet(np.asarray(mesh.vertices), mesh.faces, even=True)
    rng = np.random.default_rng(0)
    even = rng.normal(size=(20_000, 3))
    even *= 0.5 / np.linalg.norm(even, axis=1, keepdims=True)
    crowd = np.concatenate([even, np.repeat(even[even[:, 2] > 0.4], 6, axis=0)])
    wanted = wanted_areas(sheet, np.asarray(mesh.vertices), [even, crowd], 1)
    height = np.asarray(mesh.triangles_center)[:, 2]
    above, below = wanted[height > 0.45].mean(), wanted[height < 0].mean()
    assert abs(wanted.mean() - 1) < 1e-9 and wanted.min() > 1 / LARGEST**2
    assert 2 < below / above < 8
    for few in (np.repeat([[0.0, 0.0, 0.5]], 1000, axis=0), np.empty((0, 3))):
        assert np.isfinite(wanted_areas(sheet, np.asarray(mesh.vertices), [few], 1)).all()


def test_vertices_slide_to_where_faces_get_their_share_on_any_number_of_threads() -> None:
    mesh = ball()
    points, faces = np.asarray(mesh.vertices), mesh.faces
    upper = np.asarray(mesh.triangles_center)[:, 2] > 0.3
    shares = np.where(upper, 0.4, 1.0)
    moved = []
    for threads in (1, 2):
        sheet, places = Sheet(points, faces, even=True, threads=threads), points
        for _ in range(10):
            places = sheet.evened(places, sheet.normals(places), 12, 0.1, shares)
        moved.append(places)
    assert np.array_equal(*moved)
    before, after = (triangle_areas(places, faces) for places in (points, moved[0]))
    assert after[upper].mean() / after[~upper].mean() < 0.7 * before[upper].mean() / before[~upper].mean()


def test_a_fold_shrinks_from_its_rims() -> None:
    mesh = ball()
    points, faces = np.asarray(mesh.vertices).copy(), mesh.faces
    normals = points / 0.5
    sheet = Sheet(points, faces)
    patch = points[:, 2] > 0.42
    points[patch, 0] *= -1

    def turned(places: np.ndarray) -> int:
        corners = places[faces]
        areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        return int(((areas * corners.mean(1)).sum(1) < 0).sum())

    assert turned(points) > 100
    for _ in range(6):
        points = sheet.evened(sheet.untangled(points, normals, 2), normals, 12, 0.1)
        points *= 0.5 / np.linalg.norm(points, axis=1, keepdims=True)
    assert turned(points) == 0
