"""Matches every pair of poses and moves between them, beside the truth: python -m benchmarks.poses"""

from __future__ import annotations

import argparse
import time as clock
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray
from scipy.spatial import KDTree

from lipmlp_engine.guide.pose_pairs import Way
from lipmlp_engine.poses.length_keeping import NO_TIES, LengthPath
from lipmlp_engine.poses.pairing import Pairing
from lipmlp_engine.poses.recognition import pair
from lipmlp_engine.poses.shared_mesh import SharedMesh, shared_mesh
from lipmlp_engine.shapes.shape import Shape, signed_volume

from .characters import ARMS_UP, PAIRS, bar, biped, hand, hinge, octopus, quadruped
from .measures import off_straight, on_pose, remeshed
from .rivals import as_rigid_as_possible
from .skeleton import Turns

CELLS = 90
MEASURED = 400
"""Vertices at which the match is compared with the truth, along the surface."""

Array = NDArray[np.float64]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.poses", description=__doc__)
    parser.add_argument("pairs", nargs="*", help="names of pairs; all where none is named")
    parser.add_argument("--seed", type=int, default=3, help="of the grids from which the second poses are meshed")
    parser.add_argument("--same-faces", action="store_true", help="poses of one mesh, matched by its vertices")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the pairs' shapes as PLY instead")
    given = parser.parse_args(arguments)
    for name in given.pairs or PAIRS:
        if given.write:
            _write(name, given.seed, given.write)
        else:
            print(_measured(name, given.seed, given.same_faces), flush=True)
    if not given.pairs and not given.write and not given.same_faces:
        for line in _refusals():
            print(line, flush=True)


def _write(name: str, seed: int, folder: Path) -> None:
    make, before, after = PAIRS[name]
    character = make()
    skin = character.skin(CELLS)
    faces = skin.triangles.astype(np.int32)
    other = remeshed(character.posed(skin, after), faces, round(1.1 * CELLS), seed)
    folder.mkdir(parents=True, exist_ok=True)
    for end, mesh in (("from", (character.posed(skin, before), faces)), ("to", other)):
        trimesh.Trimesh(*mesh, process=False).export(folder / f"{name.replace(' ', '-')}-{end}.ply")


def _measured(name: str, seed: int, same_faces: bool) -> str:
    make, before, after = PAIRS[name]
    character = make()
    skin = character.skin(CELLS)
    faces = skin.triangles.astype(np.int32)
    first, last = character.posed(skin, before), character.posed(skin, after)
    source = Shape(f"{name}, first", first, faces)
    mesh = (last, faces) if same_faces else remeshed(last, faces, round(1.1 * CELLS), seed)
    target = Shape(f"{name}, last", *mesh)
    began, spent = clock.perf_counter(), clock.process_time()
    shared = shared_mesh(source, target) if same_faces else None
    found = shared or pair(source, target)
    seconds = clock.perf_counter() - began, clock.process_time() - spent
    timing = f"{seconds[0]:.1f} s, {seconds[1]:.1f} CPU-s"
    if isinstance(found, str):
        return f"{name}: refused, {found} ({timing})"
    sure = f"doubt {found.doubt:.2f}" if isinstance(found, Pairing) else "by its vertices"
    errors = _along_surface(found, first, last, faces)
    middle = {bone: _halfway(before, after, bone) for bone in {*before, *after}}
    truth = on_pose(found.first.vertices, first, character.posed(skin, middle), faces)
    ties = shared.ties if shared else NO_TIES
    path = LengthPath(found.first.vertices, found.fit.places, found.first.triangles, ties=ties)
    ends, triangles = (found.first.vertices, found.fit.places), found.first.triangles
    between = Way(path, triangles).at(0.5)
    lengths = off_straight(0.5, between, *ends, triangles)
    straight = off_straight(0.5, (ends[0] + ends[1]) / 2, *ends, triangles)
    rigid = as_rigid_as_possible(*ends, triangles, 0.5)
    rival = off_straight(0.5, rigid, *ends, triangles)
    diagonal = float(np.linalg.norm(np.ptp(first, axis=0)))
    volumes = [signed_volume(places, triangles) for places in (ends[0], between, ends[1])]
    return (
        f"{name}: match {100 * errors.mean():.2f} % of the diameter (95 %: {100 * np.quantile(errors, 0.95):.2f}), "
        f"{sure}, {timing}; half-way edges off by {100 * lengths.mean():.2f} % "
        f"(95 %: {100 * np.quantile(lengths, 0.95):.2f}; straight lines {100 * straight.mean():.1f} and "
        f"{100 * np.quantile(straight, 0.95):.1f}, as rigid as possible {100 * rival.mean():.2f} and "
        f"{100 * np.quantile(rival, 0.95):.2f}), from the truth {100 * _off(between, truth) / diagonal:.2f} % of "
        f"the diagonal (as rigid as possible {100 * _off(rigid, truth) / diagonal:.2f}), "
        f"volume {volumes[1] / ((volumes[0] + volumes[2]) / 2):.3f}"
    )


def _along_surface(found: Pairing | SharedMesh, first: Array, last: Array, faces: NDArray[np.int32]) -> Array:
    """How far matched vertices are from where they belong, as shares of the second surface's diameter."""
    chosen = np.linspace(0, len(found.first.vertices) - 1, MEASURED).astype(int)
    tree = KDTree(found.second.vertices)
    rightly = tree.query(on_pose(found.first.vertices[chosen], first, last, faces))[1]
    distances = found.second.distances(rightly)
    return distances[np.arange(MEASURED), tree.query(found.fit.places[chosen])[1]] / float(distances.max())


def _off(places: Array, truth: Array) -> float:
    """The mean distance where both lie with their middles on each other: the whole is free to drift."""
    return float(np.linalg.norm(places - places.mean(0) - truth + truth.mean(0), axis=1).mean())


def _halfway(before: Turns, after: Turns, bone: str) -> tuple[float, ...]:
    return tuple((np.array(before.get(bone, (0, 0, 0))) + np.array(after.get(bone, (0, 0, 0)))) / 2)


def _refusals() -> list[str]:
    """What becomes of pairs that are no poses of one shape, and of a stouter man who raises his arms."""
    makers = {"biped": biped, "quadruped": quadruped, "hand": hand, "octopus": octopus, "hinge": hinge, "bar": bar}
    shapes = {}
    for name, make in makers.items():
        skin = make().skin(CELLS)
        shapes[name] = Shape(name, skin.vertices, skin.triangles.astype(np.int32))
    lines = []
    for first in shapes:
        for second in shapes:
            if first != second:
                found = pair(shapes[first], shapes[second])
                lines.append(f"{first}, {second}: {found if isinstance(found, str) else 'MATCHED'}")
    stout = biped(1.25)
    skin = stout.skin(CELLS)
    other = Shape("stout biped", stout.posed(skin, ARMS_UP), skin.triangles.astype(np.int32))
    found = pair(shapes["biped"], other)
    lines.append(f"biped, stout biped with raised arms: {found if isinstance(found, str) else found.said}")
    return lines


if __name__ == "__main__":
    main()
