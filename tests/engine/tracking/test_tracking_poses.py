"""A clean mesh that is carried between two poses goes the way on which lengths stay, and ends on the next pose."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.guide import CarriedMesh
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.metrics.key_quality import measure_targets
from lipmlp_engine.running.method import train
from lipmlp_engine.shapes.shape import signed_volume
from lipmlp_engine.tracking import template_mesh
from lipmlp_engine.tracking.template_mesh import clean_mesh
from lipmlp_engine.tracking.track import track
from tests.engine.bent_bars import bent_bar, straight_bar
from tests.engine.known_shapes import shape_of


def test_a_clean_mesh_swings_from_pose_to_pose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_mesh, "FEWEST_VERTICES", 300)  # for speed
    places, triangles = straight_bar(0.3)
    poses = [
        shape_of(trimesh.Trimesh(vertices, triangles, process=False), name)
        for vertices, name in ((places, "straight"), (bent_bar(120, 0.3), "bent"))
    ]
    job = Job.preset("draft", shapes=[ShapeInput(pose.name, pose.name) for pose in poses])
    job.training.steps, job.training.threads, job.sampling.points = 300, 1, 6_000
    job.guide.kind = "poses"
    morph = train(job, poses, lambda event: None, lambda: False)
    assert isinstance(morph.motion.flows[0], CarriedMesh)
    template = clean_mesh(morph, poses[0], 0.0, 1.0, 24, 3_000)
    found = track(morph, template, poses)
    assert found.times[0] == 0 and found.times[-1] == 1 and found.lost_at is None
    assert max(end.mean for end in measure_targets(found, poses)) < 0.5
    middle = found.positions[int(np.abs(found.times - 0.5).argmin())].astype(np.float64)
    true = shape_of(trimesh.Trimesh(bent_bar(60, 0.3), triangles, process=False), "half-way")
    assert signed_volume(middle, found.triangles) == pytest.approx(
        signed_volume(true.vertices, true.triangles), rel=0.05
    )
    assert np.ptp(middle[:, 0]) == pytest.approx(np.ptp(true.vertices[:, 0]), rel=0.05)
