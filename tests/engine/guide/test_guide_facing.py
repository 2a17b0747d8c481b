"""Shapes that face different ways are not turned, and one sentence says so."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from scipy.spatial.transform import Rotation

from lipmlp_engine.guide import Arrangement
from lipmlp_engine.guide.frame_pose import Pose, PosePath
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape
from tests.engine.known_shapes import shape_of


def animal(name: str, degrees: float = 0.0, neck: float = 0.3) -> Shape:
    """A long body on four legs with a neck at one end, turned about the vertical."""
    boxes = [((1.6, 0.4, 0.4), (0, 0, 0.8)), ((0.25, 0.25, neck + 0.3), (0.75, 0, 1.0 + neck / 2))]
    boxes += [((0.15, 0.15, 0.7), (x, y, 0.35)) for x in (-0.7, 0.7) for y in (-0.1, 0.1)]
    made = [trimesh.creation.box(size).apply_translation(place) for size, place in boxes]
    whole = trimesh.util.concatenate(made)
    turned = Rotation.from_euler("z", degrees, degrees=True).apply(whole.vertices)
    whole.vertices = turned + np.array([3.0, 0, 0])
    return shape_of(whole, name)


def said(first: Shape, second: Shape, turn: str = "auto", landmarks: bool = False) -> list[str]:
    job = Job.preset("draft", shapes=[ShapeInput(shape.name, shape.name) for shape in (first, second)])
    job.guide.kind, job.guide.turn = "transport", turn
    if landmarks:
        job.landmarks = [[first.vertices[0].tolist(), second.vertices[0].tolist()]]
    shapes = [first, second]
    arrangement = Arrangement(job, shapes, [DistanceField(shape.vertices, shape.triangles) for shape in shapes])
    # That the parts of both, which nobody has made one here, become each other's is another matter.
    return [verdict for verdict in arrangement.verdicts if verdict.startswith("Guide:")]


@pytest.mark.parametrize("degrees", [90.0, 270.0])
def test_an_animal_that_stands_across_another_one_is_told_and_not_turned(degrees: float) -> None:
    dog, giraffe = animal("dog"), animal("giraffe", degrees, neck=1.2)
    expected = "Guide: 'giraffe' seems to face another way than 'dog'; guide.turn=always (Rotation) turns it."
    assert said(dog, giraffe) == [expected]


def test_nothing_is_said_of_shapes_that_face_one_way_or_are_round(ball: Shape, box: Shape) -> None:
    assert said(animal("dog"), animal("giraffe", neck=1.2)) == []
    assert said(ball, box) == []


@pytest.mark.parametrize("turn", ["never", "always"])
def test_nothing_is_said_to_who_has_decided(turn: str) -> None:
    assert said(animal("dog"), animal("giraffe", 90.0, neck=1.2), turn=turn) == []


def test_nothing_is_said_where_landmarks_say_what_becomes_what() -> None:
    assert said(animal("dog"), animal("giraffe", 90.0, neck=1.2), landmarks=True) == []


def test_nothing_is_said_of_what_is_turned_as_a_turn_is_evident() -> None:
    assert said(animal("dog"), animal("the same dog", 90.0)) == []


def test_a_path_tells_where_it_turns() -> None:
    quarter = Rotation.from_euler("z", 90, degrees=True).as_matrix()
    path = PosePath([Pose(1.0, turn, np.zeros(3)) for turn in (np.eye(3), np.eye(3), quarter)])
    assert not path.turns(0) and path.turns(1)
