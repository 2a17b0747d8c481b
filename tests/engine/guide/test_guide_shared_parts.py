"""What two shapes have in common stands still, where it is more than a floor and where the flow leaves it alone."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lipmlp_engine.guide import Arrangement, ExactMorph, LatticeView, settled_blends
from lipmlp_engine.guide.shared_parts import LED_AWAY, CommonPart
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape
from lipmlp_engine.training.samples import between_samples, placed_shapes


def standing(name: str, *meshes: trimesh.Trimesh) -> Shape:
    whole = trimesh.boolean.union(list(meshes), engine="manifold") if len(meshes) > 1 else meshes[0]
    return Shape(name, np.asarray(whole.vertices, np.float64), np.asarray(whole.faces, np.int32))


def box(width: float, height: float, floor: float = 0.0) -> trimesh.Trimesh:
    return trimesh.creation.box(
        (width, width, height), trimesh.transformations.translation_matrix((0, 0, floor + height / 2))
    )


def field(shape: Shape) -> DistanceField:
    return DistanceField(shape.vertices, shape.triangles)


def common(first: Shape, second: Shape) -> CommonPart:
    return CommonPart(first, second, field(second))


FIGURE = box(0.4, 1.0)
PLAIN = standing("plain", FIGURE)
CROWNED = standing("crowned", FIGURE, box(0.9, 0.3, 1.0), box(0.9, 0.2, 0.1))


def test_what_stands_on_one_floor_has_nothing_in_common() -> None:
    """Of a kettle and a teapot that stood on one floor a plate floated beneath what came of them."""
    low, high = standing("low", box(1.0, 0.5)), standing("high", box(0.9, 1.2))
    assert not common(low, high).there
    assert common(PLAIN, CROWNED).there


def test_a_large_part_in_common_is_held_and_nothing_else() -> None:
    marks = common(PLAIN, CROWNED).marks
    assert len(marks) > 10
    assert np.abs(field(CROWNED).signed(marks)).max() < 1e-6
    # The same seen from the larger one, of which it is less than a half.
    assert len(common(CROWNED, PLAIN).marks) > 10
    assert len(common(standing("low", box(1.0, 0.5)), CROWNED).marks) == 0


def test_what_the_flow_leads_elsewhere_does_not_stand_still() -> None:
    """Standing still and going at once it was torn: a man who became his own statue lost half of his head."""
    there = field(CROWNED)
    assert CommonPart(PLAIN, CROWNED, there, lambda places: places + 0.001).there
    assert not CommonPart(PLAIN, CROWNED, there, lambda places: places + np.array([0.2, 0.0, 0.0])).there


def test_the_flow_leaves_it_where_it_is() -> None:
    shapes = [PLAIN, CROWNED]
    job = Job.preset("draft", shapes=[ShapeInput(f"{shape.name}.obj", shape.name) for shape in shapes])
    motion = Arrangement(job, shapes, [field(shape) for shape in shapes]).motion()
    before, after = motion.path.poses
    assert before.scale == after.scale and np.array_equal(before.translation, after.translation)
    marks = common(PLAIN, CROWNED).marks
    start = before.to_training(marks).astype(np.float32)
    moved = after.to_world(np.asarray(motion.moved(start, 0.0, 1.0, 0), np.float64)) - marks
    assert np.linalg.norm(moved, axis=1).max() < LED_AWAY * PLAIN.diagonal


def test_the_network_is_shown_what_frames_are_made_of() -> None:
    """It was told nothing of what stands still, and the limit to the detail then cut off what it did not know."""
    shapes = [PLAIN, CROWNED]
    job = Job.preset("draft", shapes=[ShapeInput(f"{shape.name}.obj", shape.name) for shape in shapes])
    fields = [field(shape) for shape in shapes]
    motion = Arrangement(job, shapes, fields).motion()
    placed = placed_shapes(shapes, fields, motion.path)
    blends = settled_blends(motion, [LatticeView(shape) for shape in placed], 0.5)
    samples = between_samples(placed, blends, motion, job.sampling, np.random.default_rng(0))
    exact = ExactMorph(shapes, motion, blends)
    for row in np.random.default_rng(1).integers(0, len(samples), 200):
        place, time = samples.points[row, :3].numpy(), float(samples.points[row, 3])
        shown = float(exact.at(time).values(place[None].astype(np.float32))[0][0])
        assert shown == pytest.approx(float(samples.values[row]), abs=2e-3)
