"""What one looks into stays open, as a cup does; a hole that is damage, or where nobody looks, gets a lid."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.job.sections import Sampling
from lipmlp_engine.reading.load import prepare
from lipmlp_engine.shapes.mesh_topology import Topology
from lipmlp_engine.shapes.openings import join
from lipmlp_engine.shapes.shape import Shape

THICK = "gave an open surface a thickness of 0.5 % of the diagonal"
LID = "closed 1 hole with flat lids"


def cup(height: float = 1.2, up: int = 2, sign: float = 1.0, ragged: float = 0.0) -> Shape:
    """A surface without thickness, as artists model a cup before they give it any."""
    mesh = trimesh.creation.cylinder(0.5, height, sections=64)
    mesh = mesh.subdivide_to_size(0.2)
    kept = ~(mesh.triangles_center[:, 2] > height / 2 - 1e-6)
    vertices = np.array(mesh.vertices)
    rim = vertices[:, 2] > height / 2 - 1e-6
    vertices[rim, 2] += ragged * np.random.default_rng(0).uniform(-1, 1, rim.sum())
    # Half a turn about another axis puts it upside down.
    return Shape("cup", np.roll(vertices * [1.0, sign, sign], up - 2, axis=1), mesh.faces[kept].astype(np.int32))


def notes(shape: Shape, up: str = "z", openings: str = "auto") -> list[str]:
    prepared = prepare(shape, Sampling(openings=openings), up)
    assert prepared.closed and Topology(prepared.triangles).closed
    return prepared.notes


def test_a_cup_stays_open_where_one_looks_into_it() -> None:
    assert notes(cup()) == [THICK]
    assert notes(cup(up=1), up="y") == [THICK]
    assert notes(cup(up=0)) == [THICK]


def test_what_stands_on_its_hole_gets_a_floor() -> None:
    assert notes(cup(sign=-1.0)) == [LID]
    # The same surface, in a world in which another axis is up.
    assert notes(cup(up=1, sign=-1.0), up="y") == [LID]


def test_what_may_stand_on_its_hole_gets_a_floor_where_nobody_knows_what_is_up() -> None:
    """Published busts lie anyhow in their files; a cup is looked into on its side as well."""
    assert notes(cup(sign=-1.0), up="y") == [THICK]
    for up in range(3):
        assert notes(cup(up=up, sign=-1.0), up="") == [LID]
        assert notes(cup(up=up), up="") == [THICK]


def test_what_the_job_says_of_openings_counts() -> None:
    assert notes(cup(), openings="closed") == [LID]
    assert notes(cup(sign=-1.0), openings="open") == [THICK]


def test_a_hole_that_another_part_covers_gets_a_lid() -> None:
    body = cup()
    stopper = trimesh.creation.icosphere(subdivisions=3, radius=0.52)
    stopper.apply_translation([0, 0, 0.6])
    head = Shape("head", np.asarray(stopper.vertices), np.asarray(stopper.faces, np.int32))
    prepared = prepare(join(body, head), Sampling(union=False))
    assert prepared.notes == [LID]


def test_damage_is_mended() -> None:
    """The ragged rim of a scan, and faces that are missing here and there, were not made to be looked into."""
    assert notes(cup(ragged=0.05)) == [LID]
    ball = trimesh.creation.icosphere(subdivisions=4)
    kept = np.arange(len(ball.faces)) % 40 != 0
    holed = Shape("ball", np.asarray(ball.vertices), ball.faces[kept].astype(np.int32))
    assert all(note.startswith("closed 1") and note.endswith(" holes with flat lids") for note in notes(holed))


@pytest.mark.parametrize("ends", [1, 2])
def test_pipes_are_hollow(ends: int) -> None:
    tube = trimesh.creation.cylinder(0.3, 2.0)
    heights = tube.triangles_center[:, 2]
    sides = tube.faces[(np.abs(tube.face_normals[:, 2]) < 0.9) | ((ends == 1) & (heights < 0))].astype(np.int32)
    assert notes(Shape("tube", np.asarray(tube.vertices), sides)) == [THICK]
