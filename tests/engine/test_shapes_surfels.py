"""Oriented point clouds: their triangles wind around what the points were taken from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lipmlp_engine.errors import ShapeError
from lipmlp_engine.sections import Sampling
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.load import prepare
from lipmlp_engine.shapes.read import read_shape
from lipmlp_engine.shapes.sample import sample_surface
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.shapes.surfels import NEIGHBOURS, surfels


@pytest.fixture(scope="module")
def cloud(torus: Shape) -> tuple[np.ndarray, np.ndarray]:
    points, normals, _ = sample_surface(torus.vertices, torus.triangles, 8000, np.random.default_rng(0))
    return np.asarray(points, np.float64), np.asarray(normals, np.float64)


def test_surfels_have_the_area_and_the_volume_of_the_surface(cloud: tuple, torus: Shape) -> None:
    shape = surfels(*cloud)
    assert shape.area == pytest.approx(torus.area, rel=0.1)
    assert shape.volume == pytest.approx(torus.volume, rel=0.1)


def test_inside_and_outside_are_those_of_the_surface(cloud: tuple, torus: Shape) -> None:
    shape = prepare(surfels(*cloud), Sampling())
    points = np.random.default_rng(1).uniform(-1.5, 1.5, (20_000, 3))
    true = DistanceField(torus.vertices, torus.triangles).signed(points)
    found = DistanceField(shape.vertices, shape.triangles).signed(points)
    clear = np.abs(true) > 0.06
    assert (np.sign(found[clear]) == np.sign(true[clear])).mean() > 0.998


@pytest.mark.parametrize("suffix", [".ply", ".xyz"])
def test_a_cloud_is_read_from_a_file(tmp_path: Path, cloud: tuple, suffix: str) -> None:
    path = tmp_path / f"scan{suffix}"
    rows = np.concatenate(cloud, axis=1)
    names = "".join(f"property float {name}\n" for name in ("x", "y", "z", "nx", "ny", "nz"))
    header = f"ply\nformat ascii 1.0\nelement vertex {len(rows)}\n{names}end_header\n" if suffix == ".ply" else ""
    path.write_text(header + "\n".join(" ".join(f"{value:.6f}" for value in row) for row in rows) + "\n")
    shape = read_shape(path)
    assert len(shape.triangles) == len(rows) and shape.name == "scan"
    assert "oriented points" in shape.notes[0]


def test_points_without_normals_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.xyz"
    path.write_text("0 0 0\n1 0 0\n0 1 0\n")
    with pytest.raises(ShapeError, match="points with normals"):
        read_shape(path)
    with pytest.raises(ShapeError, match="more than"):
        surfels(np.zeros((NEIGHBOURS, 3)), np.ones((NEIGHBOURS, 3)))
