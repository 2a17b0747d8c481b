"""Which neighbours in a chain are poses of one shape, and the meshes carried between those; finds no flow."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ..job.sections import Guide
from ..poses.length_keeping import NO_TIES, LengthPath, lengths_kept
from ..poses.lesser_parts import left_to_blend, with_lesser_parts
from ..poses.recognition import pair
from ..poses.self_contact import SelfContact
from ..poses.shared_mesh import SharedMesh, shared_mesh
from ..shapes.shape import Shape
from .carried_mesh import STATIONS, CarriedMesh
from .frame_pose import Pose, PosePath

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """A mesh on its way between two shapes, in the world."""

    path: LengthPath
    triangles: NDArray[np.int64]

    def at(self, share: float) -> Array:
        """The vertices at a share of the way, in between without running into each other where that can be."""
        places = self.path.at(share)
        return self._contact.pushed_apart(places) if 0 < share < 1 else places

    @cached_property
    def _contact(self) -> SelfContact:
        return SelfContact(self.path.at(0.0), self.triangles, self.path.at(1.0))


def find_ways(
    shapes: Sequence[Shape],
    landmarks: Sequence[tuple[Array, Array]],
    guide: Guide,
) -> tuple[list[Way | None], list[str]]:
    """For each pair of neighbours the way, where they are surely poses of one shape; and a sentence that says why."""
    ways: list[Way | None] = []
    verdicts = []
    for index, marks in enumerate(landmarks):
        first, second = shapes[index : index + 2]
        shared = matched_by_vertices(first, second, marks, guide)
        found = shared or pair(first, second, marks, guide.kind == "poses")
        if isinstance(found, str):
            ways.append(None)
            verdicts.append(f"Guide: transport, because {found}.")
        else:
            whole = found if isinstance(found, SharedMesh) else with_lesser_parts(found, first, second)
            mesh = whole.first if whole else found.first
            ties = whole.ties if whole else NO_TIES
            places = whole.places if whole else found.fit.places
            path = LengthPath(mesh.vertices, places, mesh.triangles, lengths_kept(guide.rigidity), ties)
            ways.append(Way(path, mesh.triangles))
            lacking = whole is None and not isinstance(found, SharedMesh) and left_to_blend(found, first, second)
            less = "; what only one of them has beside its largest part dissolves or grows" if lacking else ""
            verdicts.append(f"Guide: poses, because '{first.name}' and '{second.name}' match: {found.said}{less}.")
    return ways, verdicts


def matched_by_vertices(first: Shape, second: Shape, marks: tuple[Array, Array], guide: Guide) -> SharedMesh | None:
    """The mesh that two shapes share, where its vertices are to say what becomes what."""
    return shared_mesh(first, second) if guide.takes_vertices(marked=len(marks[0]) > 0) else None


def carried_meshes(
    path: PosePath, ways: Sequence[Way | None], extent: float
) -> tuple[PosePath, list[CarriedMesh | None]]:
    """The meshes as the training frame sees them, and a path on which none reaches farther than the extent."""
    places: list[Array | None] = []
    for segment, way in enumerate(ways):
        if way is None:
            places.append(None)
            continue
        shares = np.linspace(0, 1, STATIONS).tolist()
        with threadpool_limits(1), ThreadPoolExecutor(2) as pool:
            found = zip(shares, pool.map(way.at, shares), strict=True)
            places.append(np.stack([path.at(segment + share).to_training(at) for share, at in found]))
    reach = max((float(np.abs(found).max()) for found in places if found is not None), default=0.0)
    larger = max(1.0, reach / extent)
    if larger > 1:
        path = PosePath([Pose(pose.scale * larger, pose.rotation, pose.translation) for pose in path.poses])
    meshes = [
        None if way is None or found is None else _mesh(found / larger, way.triangles)
        for way, found in zip(ways, places, strict=True)
    ]
    return path, _rounded(meshes)


def _rounded(meshes: Sequence[CarriedMesh | None]) -> list[CarriedMesh | None]:
    """The ways bent so that an inner shape between two carried meshes is passed with one speed, not with a jolt."""
    bent = list(meshes)
    bends = joint_bends(np.linspace(0, 1, STATIONS))
    for joint in range(1, len(meshes)):
        before, after = meshes[joint - 1 : joint + 1]
        if before is None or after is None:
            continue
        ends = before.stations[-1], after.stations[0]
        jolts = [(after.at(end, 0.0) - before.at(end, 1.0)).numpy() for end in ends]
        for index, bend, jolt in zip((joint - 1, joint), bends, jolts, strict=True):
            mesh = bent[index]
            assert mesh is not None
            bent[index] = _mesh(mesh.stations.numpy() + bend * jolt, mesh.triangles.numpy())
    return bent


def joint_bends(shares: Array) -> tuple[Array, Array]:
    """What each of two ways gives at its shares for a jolt between them, of which it takes half.

    By the cubic that leaves places at both ends, and the speed at the other one, as they are.
    """
    share = shares[:, None, None]
    return share**2 * (share - 1) / 2, -share * (1 - share) ** 2 / 2


def _mesh(stations: NDArray[np.floating], triangles: NDArray[np.integer]) -> CarriedMesh:
    return CarriedMesh(torch.from_numpy(stations.astype(np.float32)), torch.from_numpy(triangles.astype(np.int32)))
