"""The motion between shapes: known motions are found, poses invert, flows run both ways, landmarks are honoured."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial.transform import Rotation

from lipmlp_engine.guide import Arrangement, Motion, Pace
from lipmlp_engine.guide.frame_pose import Pose, PosePath
from lipmlp_engine.guide.transport import Transport
from lipmlp_engine.guide.velocity_lattice import EXTENT, VelocityLattice
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.shapes.distance import DistanceField
from lipmlp_engine.shapes.shape import Shape
from tests.engine.known_shapes import shape_of, wedge


def job_of(shapes: list[Shape]) -> Job:
    """Of the flow alone: whether the shapes are poses of one shape need not be found out each time."""
    job = Job.preset("draft", shapes=[ShapeInput(shape.name, shape.name) for shape in shapes])
    job.guide.kind = "transport"
    return job


def arranged(shapes: list[Shape], job: Job | None = None) -> Arrangement:
    fields = [DistanceField(shape.vertices, shape.triangles) for shape in shapes]
    return Arrangement(job or job_of(shapes), shapes, fields)


def motion_of(shapes: list[Shape], job: Job | None = None) -> Motion:
    return arranged(shapes, job).motion()


def carried(motion: Motion, points: np.ndarray, time: float) -> np.ndarray:
    """World-space points of the first shape at a later time of the first segment."""
    start = torch.from_numpy(motion.path.poses[0].to_training(points).astype(np.float32))
    return motion.path.at(time).to_world(motion.carry(start, 0.0, time, 0).numpy())


def test_a_pose_inverts() -> None:
    pose = Pose(2.5, Rotation.from_rotvec([0.3, -0.5, 1.0]).as_matrix(), np.array([1.0, 2.0, -3.0]))
    points = np.random.default_rng(0).normal(size=(20, 3))
    assert np.allclose(pose.to_training(pose.to_world(points)), points)


def test_a_path_passes_its_poses_and_its_velocity_is_its_derivative() -> None:
    rng = np.random.default_rng(1)
    turns = [Rotation.from_rotvec(rng.normal(size=3)).as_matrix() for _ in range(3)]
    poses = [Pose(float(np.exp(rng.normal())), turn, rng.normal(size=3)) for turn in turns]
    path = PosePath(poses)
    points = rng.normal(size=(5, 3))
    for index, pose in enumerate(poses):
        assert np.allclose(path.at(float(index)).to_world(points), pose.to_world(points))
    for time in (0.2, 1.0, 1.7):
        step = 1e-5
        difference = (path.at(time + step).to_world(points) - path.at(time - step).to_world(points)) / (2 * step)
        assert np.allclose(path.velocity(points, time), difference, atol=1e-5)
    assert np.allclose(PosePath.from_array(path.to_array()).at(0.6).to_world(points), path.at(0.6).to_world(points))


def test_a_lattice_that_turns_carries_points_in_circles_and_back() -> None:
    axis = np.linspace(-EXTENT, EXTENT, 9)
    x, y, _ = np.meshgrid(axis, axis, axis, indexing="ij")
    flow = VelocityLattice.smooth(np.stack([-y, x, np.zeros_like(x)], -1))
    points = torch.rand(50, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    turned = flow.carry(points, 1.0)
    expected = points.numpy() @ Rotation.from_rotvec([0, 0, 1.0]).as_matrix().T
    assert np.allclose(turned.numpy(), expected, atol=5e-3)
    assert torch.allclose(flow.carry(turned, -1.0), points, atol=5e-3)
    each = flow.carry(points, torch.linspace(0, 1, 50))
    assert torch.allclose(each[0], points[0]) and torch.allclose(each[-1], turned[-1], atol=1e-3)


def test_transport_of_a_moved_set_is_the_move() -> None:
    points = np.random.default_rng(2).random((200, 3))
    destinations, origins = Transport().targets(points, points + np.array([2.0, 0, 0]))
    assert np.abs(destinations - points - [2, 0, 0]).mean() < 0.03
    assert np.abs(origins - points).mean() < 0.03


def test_a_moved_and_scaled_copy_travels_straight() -> None:
    first = shape_of(wedge(), "first")
    second = Shape("second", first.vertices * 2 + [5, 0, 0], first.triangles)
    motion = motion_of([first, second])
    middle = carried(motion, first.vertices, 0.5)
    expected = first.vertices * 2**0.5 + [2.5, 0, 0]
    diagonal = np.linalg.norm(np.ptp(expected, axis=0))
    assert np.abs(middle - expected).mean() / diagonal < 0.03
    assert np.abs(carried(motion, first.vertices, 1.0) - second.vertices).mean() / diagonal < 0.01


@pytest.mark.parametrize("degrees", [25, 90, 150])
def test_a_turned_copy_turns(degrees: float) -> None:
    first = shape_of(wedge(), "first")
    vector = np.radians(degrees) * np.array([1.0, 2.0, 2.0]) / 3
    centre = wedge().center_mass
    turned = (first.vertices - centre) @ Rotation.from_rotvec(vector).as_matrix().T + centre
    motion = motion_of([first, Shape("second", turned, first.triangles)])
    half = (first.vertices - centre) @ Rotation.from_rotvec(vector / 2).as_matrix().T + centre
    error = np.linalg.norm(carried(motion, first.vertices, 0.5) - half, axis=1).mean()
    assert error / np.linalg.norm(np.ptp(half, axis=0)) < 0.02


def test_unlike_shapes_do_not_turn(ball: Shape, box: Shape) -> None:
    assert np.allclose(arranged([ball, box]).path.poses[1].rotation, np.eye(3))


def test_never_turn_means_never() -> None:
    first = shape_of(wedge(), "first")
    turned = first.vertices @ Rotation.from_rotvec([0, 0, 1.0]).as_matrix().T
    shapes = [first, Shape("second", turned, first.triangles)]
    job = job_of(shapes)
    job.guide.turn = "never"
    assert np.allclose(arranged(shapes, job).path.poses[1].rotation, np.eye(3))


def test_landmarks_travel_into_each_other(ball: Shape, box: Shape) -> None:
    shapes = [ball, box]
    job = job_of(shapes)
    pairs = [
        ([0.0, 0.0, 1.0], [0.5, 0.0, 1.4]),
        ([1.0, 0.0, 0.0], [0.5, 0.0, -1.4]),
        ([0.0, 1.0, 0.0], [0.0, 1.0, 0.0]),
    ]
    job.landmarks = [[list(a), list(b)] for a, b in pairs]
    motion = motion_of(shapes, job)
    arrived = carried(motion, np.array([a for a, _ in pairs]), 1.0)
    diagonal = np.linalg.norm(np.ptp(box.vertices, axis=0))
    assert np.linalg.norm(arrived - np.array([b for _, b in pairs]), axis=1).max() / diagonal < 0.02


def test_without_a_guide_nothing_moves(ball: Shape, box: Shape) -> None:
    job = job_of([ball, box])
    job.guide.kind = "none"
    motion = motion_of([ball, box], job)
    assert motion.flows == []
    assert np.allclose(motion.path.velocity(np.ones((1, 3)), 0.3), 0)


def test_the_same_seed_finds_the_same_motion(ball: Shape, torus: Shape) -> None:
    first, second = motion_of([ball, torus]), motion_of([ball, torus])
    assert torch.equal(first.flows[0].velocities, second.flows[0].velocities)


def test_landmarks_follow_a_shape_that_was_placed(ball: Shape, box: Shape) -> None:
    """Landmarks are named on the shapes as the user has them; placement moves both alike."""
    shift = np.array([10.0, 0, 0])
    placed = Shape(box.name, box.vertices, box.triangles)
    placed.matrix = np.eye(4)
    placed.matrix[:3, 3] = shift
    job, job_placed = job_of([ball, box]), job_of([ball, placed])
    job.landmarks = [[[0.0, 0.0, 1.0], [0.3, 0.0, 1.4]]]
    job_placed.landmarks = [[[0.0, 0.0, 1.0], [float(0.3 - shift[0]), 0.0, 1.4]]]
    here, there = motion_of([ball, box], job), motion_of([ball, placed], job_placed)
    arrivals = [carried(motion, ball.vertices, 1.0) for motion in (here, there)]
    assert np.abs(arrivals[0] - arrivals[1]).max() < 0.01


@pytest.fixture(scope="module")
def ball_wide_and_tall() -> tuple[Motion, trimesh.Trimesh]:
    """A chain's motion, and its inner shape."""
    ball = trimesh.creation.icosphere(4)
    wide, tall = ball.copy(), ball.copy()
    wide.apply_scale([1.5, 0.8, 0.8])
    tall.apply_scale([0.8, 0.8, 1.5])
    return motion_of([shape_of(ball, "ball"), shape_of(wide, "wide"), shape_of(tall, "tall")]), wide


@pytest.mark.parametrize("paces", [[], [Pace(0.5), Pace(-0.4)]], ids=["steadily", "at paces of their own"])
def test_matter_passes_an_inner_shape_with_one_speed(
    ball_wide_and_tall: tuple[Motion, trimesh.Trimesh], paces: list[Pace]
) -> None:
    steady, wide = ball_wide_and_tall
    motion = Motion(steady.path, steady.flows, paces)
    inner = torch.from_numpy(motion.path.poses[1].to_training(np.asarray(wide.vertices)).astype(np.float32))
    starts, ends = motion.carry(inner, 1.0, 0.0, 0), motion.carry(inner, 0.0, 1.0, 1)

    def place(share: float, segment: int) -> torch.Tensor:
        origin, arrival = (starts, inner) if segment == 0 else (inner, ends)
        straight = motion.carry(origin, 0.0, share, segment)
        return motion.round_joints(straight, origin, arrival, torch.full((len(inner),), share), segment)

    step = 0.01
    before = (place(1.0, 0) - place(1 - step, 0)) / step
    after = (place(step, 1) - place(0.0, 1)) / step
    jolt = (motion.velocity(inner, 0.0, 1) - motion.velocity(inner, 1.0, 0)).norm(dim=1).mean()
    assert torch.allclose(place(1.0, 0), inner, atol=2e-2) and torch.allclose(place(0.0, 1), inner, atol=1e-6)
    assert float((after - before).norm(dim=1).mean()) < 0.1 * float(jolt)
