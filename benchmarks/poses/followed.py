"""What follows from a match: faces turned over by shape keys, what runs into itself, the guide's time."""

from __future__ import annotations

import argparse
import time as clock
from collections.abc import Sequence

import igl
import numpy as np
import torch
from numpy.typing import NDArray

from lipmlp_engine.guide import common_pose
from lipmlp_engine.guide.carried_mesh import STATIONS
from lipmlp_engine.guide.frame_pose import PosePath
from lipmlp_engine.guide.pose_pairs import Way, carried_meshes
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.poses.length_keeping import LengthPath
from lipmlp_engine.poses.recognition import pair
from lipmlp_engine.poses.self_contact import SelfContact
from lipmlp_engine.running.method import prepared
from lipmlp_engine.shapes.self_intersections import crossing_pairs
from lipmlp_engine.shapes.shape import Shape, unit_normals
from lipmlp_engine.tracking.end_fitting import Destination
from lipmlp_engine.tracking.pose_fitting import laid_on
from lipmlp_engine.training.follower import Follower

from .__main__ import CELLS
from .characters import PAIRS
from .measures import off_straight, remeshed

Array = NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.poses.followed", description=__doc__)
    parser.add_argument("what", choices=("keys", "contact", "guide"))
    parser.add_argument("pairs", nargs="+", choices=PAIRS, metavar="PAIR")
    given = parser.parse_args(arguments)
    for name in given.pairs:
        for line in {"keys": _keys, "contact": _contact, "guide": _guide}[given.what](*_shapes(name)):
            print(f"{name}: {line}", flush=True)


def _shapes(name: str) -> tuple[Shape, Shape]:
    make, before, after = PAIRS[name]
    character = make()
    skin = character.skin(CELLS)
    faces = skin.triangles.astype(np.int32)
    last = remeshed(character.posed(skin, after), faces, round(1.1 * CELLS), seed=3)
    return Shape("first", character.posed(skin, before), faces), Shape("last", *last)


def _keys(first: Shape, last: Shape) -> list[str]:
    """The first mesh set to the nearest place of the target, and laid onto it as shape keys have it."""
    found = pair(first, last)
    if isinstance(found, str):
        return [found]
    path = LengthPath(found.first.vertices, found.fit.places, found.first.triangles)
    pose = common_pose([first, last])
    placed, (mesh,) = carried_meshes(PosePath([pose, pose]), [Way(path, found.first.triangles)], 0.85)
    assert mesh is not None
    start, end = (placed.poses[0].to_training(shape.vertices) for shape in (first, last))
    triangles, target = first.triangles.astype(np.int64), Destination(end, last.triangles, 1_000, 0)
    came = np.asarray(mesh.moved(start.astype(np.float32), 0.0, 1.0), np.float64)
    lines = []
    for way, goal in (("nearest", target.nearest(came)[0]), ("laid on", laid_on(target, start, triangles, came))):
        middle = SelfContact(start, triangles).pushed_apart(LengthPath(start, goal, triangles).at(0.5))
        against = (unit_normals(goal, triangles) * target.nearest(goal[triangles].mean(1))[1]).sum(1) < 0
        gap = np.linalg.norm(target.nearest(goal)[0] - goal, axis=1).mean() / np.linalg.norm(np.ptp(start, axis=0))
        lines.append(
            f"{way}: {_folded(middle, triangles):.2f} % of the faces look against those beside them half-way, "
            f"{_folded(goal, triangles):.2f} % at the end, {100 * against.mean():.2f} % against the target; "
            f"{100 * gap:.4f} % of the diagonal away; {crossing_pairs(middle, first.triangles)} and "
            f"{crossing_pairs(goal, first.triangles)} pairs of faces cross"
        )
    return lines


def _contact(first: Shape, last: Shape) -> list[str]:
    """What of the mesh that carries the morph cuts itself on its way, before and after it is pushed apart."""
    found = pair(first, last)
    if isinstance(found, str):
        return [found]
    ends, triangles = (found.first.vertices, found.fit.places), found.first.triangles
    way = Way(LengthPath(*ends, triangles), triangles)
    shares = np.linspace(0, 1, STATIONS)[1:-1].tolist()
    lines = []
    for label, at in (("as it goes", way.path.at), ("pushed apart", way.at)):
        spent = clock.process_time()
        between = [at(share) for share in shares]
        spent = clock.process_time() - spent
        crossing = [crossing_pairs(places, triangles) for places in between]
        off = [off_straight(share, places, *ends, triangles) for share, places in zip(shares, between, strict=True)]
        mean, most = (100 * max(map(measure, off)) for measure in (np.mean, lambda part: np.quantile(part, 0.95)))
        lines.append(
            f"{label}: {sum(count > 0 for count in crossing)} of {len(shares)} stations with faces that cross, "
            f"{max(crossing)} pairs at most; edges off by {mean:.2f} % in the mean and {most:.2f} % at 95 %, at the "
            f"worst station; {spent:.1f} CPU-s"
        )
    return lines


def _folded(places: Array, triangles: NDArray[np.int64]) -> float:
    normals = unit_normals(places, triangles)
    beside = igl.triangle_triangle_adjacency(triangles)[0]
    around = np.where((beside >= 0)[..., None], normals[beside], 0.0).sum(1)
    return float(100 * ((normals * around).sum(1) < 0).mean())


def _guide(first: Shape, last: Shape) -> list[str]:
    """Motion and samples of a Standard job, before any training, by either guide; the first run loads all."""
    lines = []
    for kind in ("transport", "transport", "auto"):
        job = Job.preset("standard", shapes=[ShapeInput("first", "first"), ShapeInput("last", "last")])
        job.guide.kind = kind
        spent = clock.process_time()
        prepared(job, [first, last], torch.device("cpu"), Follower(lambda event: None, lambda: False))
        lines.append(f"guide {kind}: {clock.process_time() - spent:.1f} CPU-s")
    return lines[1:]


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
