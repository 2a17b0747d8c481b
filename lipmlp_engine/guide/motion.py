"""The motion that guides a morph: poses along the chain, and one flow for each pair of neighbours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..job.description import Job
from ..shapes.distance import DistanceField
from ..shapes.facing_walls import faced
from ..shapes.mesh_topology import Topology
from ..shapes.shape import Shape, unit_normals
from .carried_mesh import CarriedMesh
from .facing import said_of_facing
from .frame_pose import Pose, PosePath
from .matter import SURFACE_SAMPLES, Matter, matter_of
from .pace import Pace
from .piece_pairs import paired_pieces
from .pose_pairs import carried_meshes, find_ways
from .registration import HELD_WEIGHT, ShapeSamples, Steering, register
from .shared_parts import CommonPart
from .turn import evident_turn
from .velocity_lattice import Points, VelocityLattice

HALF_EXTENT = 0.85
"""The shapes fill this much of the training frame's [-1, 1]³; the rest is margin. Chosen."""
GAP_STEP = 0.04
"""A step outwards after which a wall that faces back is less than half that step away: there is a gap.

Its walls say nothing of where the matter goes, for the gap shuts as soon as the shape is left. In training-frame units.
Chosen.
"""

PAIRED = "Each of the {} parts of {!r} becomes one of {!r}, because they are arranged alike."

Array = NDArray[np.float64]
Flow = VelocityLattice | CarriedMesh


@dataclass
class Motion:
    """Where shapes lie at their times, and the flows that carry each into the next (none without a guide)."""

    path: PosePath
    flows: list[Flow] = field(default_factory=list)
    paces: list[Pace] = field(default_factory=list)
    """How each flow's way is passed in time; none where all are passed steadily."""

    def pace(self, segment: int) -> Pace:
        return self.paces[segment] if self.paces else Pace()

    def velocity(self, points: torch.Tensor, share: float, segment: int) -> torch.Tensor:
        """Of matter in the training frame, at a share of a segment's time; at rest without a guide."""
        if not self.flows:
            return torch.zeros_like(points)
        pace, flow = self.pace(segment), self.flows[segment]
        if isinstance(flow, CarriedMesh):
            return flow.at(points, float(pace.way(torch.tensor(share)))) * pace.rate(share)
        return flow.at(points) * pace.rate(share)

    def carry(self, points: torch.Tensor, start: float, end: float, segment: int) -> torch.Tensor:
        """Training-frame points at one share of a segment's time carried to another; at rest without a guide."""
        if not self.flows:
            return points
        before, after = self.pace(segment).way(torch.tensor([start, end])).tolist()
        flow = self.flows[segment]
        return (
            flow.carry(points, before, after) if isinstance(flow, CarriedMesh) else flow.carry(points, after - before)
        )

    def moved(self, points: Points, start: float, end: float, segment: int) -> Points:
        """Training-frame points at one share of a segment's way brought to another; at rest without a guide."""
        if not self.flows:
            return points
        flow = self.flows[segment]
        return flow.moved(points, start, end) if isinstance(flow, CarriedMesh) else flow.moved(points, end - start)

    def round_joints(
        self, points: torch.Tensor, origin: torch.Tensor, arrival: torch.Tensor, share: torch.Tensor, segment: int
    ) -> torch.Tensor:
        """Bend the ways of points so that they pass the inner shapes of a chain with one speed, not with a jolt.

        ``origin`` and ``arrival`` are where the points' matter is at the ends of the segment, ``share`` is of its time.
        Both flows that meet at a shape give way by half of their difference there, by the cubic that leaves place and
        other end as they are.
        """
        share = share.reshape(-1, 1)
        if segment > 0 and self._bends(segment):
            before, after = self.velocity(origin, 1.0, segment - 1), self.velocity(origin, 0.0, segment)
            points = points + share * (1 - share) ** 2 * (before - after) / 2
        if segment < len(self.flows) - 1 and self._bends(segment + 1):
            before, after = self.velocity(arrival, 1.0, segment), self.velocity(arrival, 0.0, segment + 1)
            points = points - share**2 * (1 - share) * (after - before) / 2
        return points

    def _bends(self, joint: int) -> bool:
        """Whether ways are bent at a shape: a mesh that is carried keeps to its own."""
        return not any(isinstance(flow, CarriedMesh) for flow in self.flows[joint - 1 : joint + 1])

    def to(self, device: torch.device) -> Motion:
        return Motion(self.path, [flow.to(device) for flow in self.flows], self.paces)


class Arrangement:
    """Where the shapes lie in the training frame, and what there is to find their motion from."""

    def __init__(self, job: Job, shapes: list[Shape], fields: list[DistanceField]) -> None:
        self._segments: list[tuple[ShapeSamples, ShapeSamples, Steering] | CarriedMesh] = []
        self.verdicts: list[str] = []
        """Which guide each segment has and why, a sentence each, where there was something to decide."""
        if job.guide.kind == "none":
            self.path = PosePath(_standing_poses(shapes))
            return
        rng = np.random.default_rng(job.training.seed)
        matters = [matter_of(shape, distance, rng) for shape, distance in zip(shapes, fields, strict=True)]
        held = [CommonPart(*pair, distance).marks for pair, distance in zip(pairwise(shapes), fields[1:], strict=True)]
        meshes: list[CarriedMesh | None] = [None] * (len(shapes) - 1)
        with ThreadPoolExecutor(1) as beside:
            stand = all(len(marks) for marks in held)
            turning = beside.submit(*(_standing_poses, shapes) if stand else (_following_poses, job, shapes, matters))
            if job.guide.kind == "transport":
                self.path = PosePath(turning.result())
            else:
                marks = [world_landmarks(job, shapes, segment) for segment in range(len(shapes) - 1)]
                ways, self.verdicts = find_ways(shapes, marks, job.guide)
                self.path, meshes = carried_meshes(PosePath(turning.result()), ways, HALF_EXTENT)
        samples = [_in_frame(*parts) for parts in zip(shapes, fields, matters, self.path.poses, strict=True)]
        for segment, (source, target) in enumerate(pairwise(samples)):
            mesh = meshes[segment]
            if mesh is not None:
                self._segments.append(mesh)
                continue
            landmarks = _landmarks(job, shapes, self.path, segment)
            pieces = paired_pieces(source, target, landmarks)
            steering = Steering(job.guide.rigidity, job.guide.volume, landmarks, pieces=pieces)
            if pieces is not None:
                self.verdicts.append(
                    PAIRED.format(pieces.count, *(shape.name for shape in shapes[segment : segment + 2]))
                )
            if not len(steering.landmarks[0]):
                pair = slice(segment, segment + 2)
                if job.guide.turn == "auto" and not (stand or self.path.turns(segment)):
                    self.verdicts += said_of_facing(shapes[pair], [matter.inside for matter in matters[pair]])
                stay = _in_frames((held[segment], held[segment]), self.path, segment)
                steering = replace(steering, landmarks=stay, weight=HELD_WEIGHT)
            self._segments.append((source, target, steering))

    def motion(self, roughly: Callable[[int, VelocityLattice], None] | None = None) -> Motion:
        """The motion, with flows where the job wants a guide; finding them keeps a core busy for seconds.

        ``roughly`` is given each segment's flow as soon as it leads most of the matter to where it belongs.
        """
        # On a busy machine the threads of the linear algebra libraries wait for each other: eight times slower.
        with threadpool_limits(1):
            return Motion(
                self.path,
                [
                    segment
                    if isinstance(segment, CarriedMesh)
                    else register(*segment, partial(roughly, index) if roughly else None)
                    for index, segment in enumerate(self._segments)
                ],
            )

    @property
    def carried(self) -> dict[int, CarriedMesh]:
        """The segments whose motion is known already."""
        return {index: part for index, part in enumerate(self._segments) if isinstance(part, CarriedMesh)}

    @property
    def all_carried(self) -> bool:
        """Whether no segment needs a flow to be found."""
        return all(isinstance(segment, CarriedMesh) for segment in self._segments)


def common_pose(shapes: Sequence[Shape]) -> Pose:
    """One for all shapes as they lie: the cube around them, which they fill but for the margin."""
    low = np.min([shape.bounds[0] for shape in shapes], axis=0)
    high = np.max([shape.bounds[1] for shape in shapes], axis=0)
    return Pose(float((high - low).max()) / 2 / HALF_EXTENT, np.eye(3), (low + high) / 2)


def _standing_poses(shapes: list[Shape]) -> list[Pose]:
    """One for all: what they have in common stands still."""
    return [common_pose(shapes)] * len(shapes)


def _following_poses(job: Job, shapes: list[Shape], matters: list[Matter]) -> list[Pose]:
    """Each shape centred on its matter, in its own size, turned where a turn is evident; all fit the training frame."""
    turns = [np.eye(3)]
    for before, after in pairwise(matters):
        turn = np.eye(3)
        if job.guide.turn != "never":
            clouds = [(m.surface - m.centre) / m.radius for m in (before, after)]
            turn = evident_turn(clouds[0], clouds[1], always=job.guide.turn == "always")
        turns.append(turn @ turns[-1])
    reach = max(
        float(np.abs((shape.vertices - m.centre) @ turn).max()) / m.radius
        for shape, m, turn in zip(shapes, matters, turns, strict=True)
    )
    return [Pose(m.radius * reach / HALF_EXTENT, turn, m.centre) for m, turn in zip(matters, turns, strict=True)]


def _in_frame(shape: Shape, distance: DistanceField, matter: Matter, pose: Pose) -> ShapeSamples:
    normals = unit_normals(shape.vertices, shape.triangles)
    parts = Topology(shape.triangles).parts.astype(np.int64)

    def parts_at(points: Array) -> NDArray[np.int64]:
        return np.asarray(parts[distance.closest(points)[0]] if parts.any() else np.zeros(len(points), np.int64))

    def nearest(points: Array) -> tuple[Array, Array, NDArray[np.int64]]:
        triangle, place, _ = distance.closest(pose.to_world(points))
        return pose.to_training(place), normals[triangle] @ pose.rotation, parts[triangle]

    ahead = matter.surface + GAP_STEP * pose.scale * matter.normals
    free = ~faced(distance, ahead, GAP_STEP / 2 * pose.scale, matter.normals, normals)
    if free.sum() < SURFACE_SAMPLES // 4:
        # Nearly all of it is gaps, as in a sponge; something has to show the way.
        free[:] = True
    return ShapeSamples(
        pose.to_training(matter.inside),
        pose.to_training(matter.surface[free]),
        matter.normals[free] @ pose.rotation,
        matter.volume / pose.scale**3,
        nearest,
        parts_at(matter.inside),
        parts_at(matter.surface[free]),
    )


def _landmarks(job: Job, shapes: list[Shape], path: PosePath, segment: int) -> tuple[Array, Array]:
    """The pairs of points that this segment's two shapes both have, in the training frame.

    The user names them where the shapes were before the job's placement moved them.
    """
    return _in_frames(world_landmarks(job, shapes, segment), path, segment)


def _in_frames(places: tuple[Array, Array], path: PosePath, segment: int) -> tuple[Array, Array]:
    """Places of this segment's two shapes in the training frame."""
    source, target = (path.poses[segment + side].to_training(places[side]) for side in (0, 1))
    return source, target


def world_landmarks(job: Job, shapes: list[Shape], segment: int) -> tuple[Array, Array]:
    """The same where the shapes are now."""
    pairs = [(row[segment], row[segment + 1]) for row in job.landmarks]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    if not both:
        return np.empty((0, 3)), np.empty((0, 3))
    moved = (shapes[segment + side].matrix for side in (0, 1))
    source, target = (
        np.array(points, np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
        for matrix, points in zip(moved, zip(*both, strict=True), strict=True)
    )
    return source, target
