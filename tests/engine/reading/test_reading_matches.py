"""Correspondence that files give: found where faces are the same, refused in a sentence where they are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lipmlp_engine.commands.main import main
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.reading.vertex_matches import LANDMARKS, vertex_landmarks
from lipmlp_engine.shapes.same_mesh import same_faces
from lipmlp_engine.shapes.shape import Shape
from tests.engine.small_jobs import SMALL_OPTIONS


def test_landmarks_are_vertex_pairs_spread_over_the_shape(ball: Shape) -> None:
    moved = Shape("moved", ball.vertices * 2 + 1, ball.triangles)
    assert same_faces(ball, moved)
    rows = vertex_landmarks([ball, moved, ball])
    assert len(rows) == 2 * LANDMARKS
    first = np.array([row[0] for row in rows[:LANDMARKS]])
    assert np.allclose(first * 2 + 1, np.array([row[1] for row in rows[:LANDMARKS]]))
    assert rows[0][2] is None and rows[-1][0] is None
    gaps = np.linalg.norm(first[:, None] - first[None], axis=2) + 9 * np.eye(LANDMARKS)
    assert gaps.min() > 0.2 * ball.diagonal / np.sqrt(LANDMARKS)


def test_other_faces_are_refused(ball: Shape) -> None:
    turned = Shape("turned", ball.vertices, ball.triangles[:, [1, 2, 0]])
    with pytest.raises(ShapeError, match="do not have the same faces"):
        vertex_landmarks([ball, turned])


def test_keys_of_a_sculpted_copy_end_at_its_own_vertices(tmp_path: Path) -> None:
    mesh = trimesh.creation.icosphere(subdivisions=3, radius=1.0)
    mesh.export(tmp_path / "ball.ply")
    mesh.vertices[:, 2] *= 1 + 0.5 * (mesh.vertices[:, 0] > 0)
    mesh.export(tmp_path / "sculpted.ply")
    options = [*SMALL_OPTIONS, "--set=training.steps=250", "--set=extraction.resolution=40"]
    shapes = [str(tmp_path / name) for name in ("ball.ply", "sculpted.ply")]
    job = ["morph", *shapes, "--out", str(tmp_path / "out"), *options]
    keys = "--set=extraction.keys=auto"
    assert main([*job, keys, "--set=guide.kind=auto"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert any("they have the same faces" in note for note in report["notes"])
    assert report["tracking"]["kept"] and "by its vertices" in report["tracking"]["sentence"]
    assert report["job"]["landmarks"] == []
    with np.load(tmp_path / "out" / "keys.npz") as arrays:
        true = trimesh.load(tmp_path / "sculpted.ply", process=False).vertices
        assert np.allclose(arrays["positions"][-1], true, atol=1e-5)
