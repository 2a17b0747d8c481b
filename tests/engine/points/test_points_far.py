"""Surveyed clouds: small beside how far from the origin they lie, and written as exactly as they came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.commands.main import main
from lipmlp_engine.files.ply_writing import write_exact_ply
from lipmlp_engine.job.description import Job, ShapeInput
from lipmlp_engine.reading.load import load_shapes
from lipmlp_engine.reading.shape_files import read_shape
from tests.engine.clouds import on_ball

FAR = np.array([412_345.6, 5_654_321.2, 131.0])


def test_a_surveyed_ball_comes_back_as_a_ball(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    np.savetxt(tmp_path / "survey.xyz", on_ball(700) + FAR, fmt="%.6f")
    for name in ("ball.ply", "ball.stl"):
        assert main(["surface", str(tmp_path / "survey.xyz"), "--out", str(tmp_path / name), "--threads", "1"]) == 0
        # Floats keep half a metre of the northing, and a file of them cannot hold a ball of one.
        assert ("lies too far from the origin for a STL" in capfd.readouterr().err) == (name == "ball.stl")
    radius = np.linalg.norm(read_shape(tmp_path / "ball.ply").vertices - FAR, axis=1)
    assert radius == pytest.approx(np.ones(len(radius)), abs=0.05)


def test_a_morph_says_that_its_frames_cannot_be_as_exact(tmp_path: Path) -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    for name, away in (("near", 0.0), ("far", 1.0)):
        write_exact_ply(tmp_path / f"{name}.ply", ball.vertices + away * FAR, np.asarray(ball.faces, np.int32))
    for first, second in (("far", "near"), ("near", "far")):
        job = Job(shapes=[ShapeInput(f"{name}.ply", name=name) for name in (first, second)])
        told: list[str] = []
        load_shapes(job, tmp_path, told.append)
        assert ("too far from the origin for frames" in " ".join(told)) == (first == "far")


def test_colours_are_written_beside_exact_places(tmp_path: Path) -> None:
    corners = FAR + np.eye(3) / 3
    shades = np.array([[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]], np.uint8)
    write_exact_ply(tmp_path / "one.ply", corners, np.array([[0, 1, 2]], np.int32), shades)
    shape = read_shape(tmp_path / "one.ply")
    assert shape.vertices == pytest.approx(corners, abs=1e-8) and shape.colors is not None
    assert (np.round(255 * shape.colors) == shades).all()
