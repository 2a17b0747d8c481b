"""The shapes of the manual's pictures, made from nothing, so that anybody can repeat them; knows no morph.

python -m workshop.shapes FOLDER      writes them as PLY files, and landmarks on them as CSV
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import trimesh
from manifold3d import CrossSection, Manifold, Mesh
from numpy.typing import NDArray

from benchmarks.hard_shapes import HARD_SHAPES
from benchmarks.inbetweens import solids
from benchmarks.poses import characters
from benchmarks.poses.skeleton import Character, Turns

Points = NDArray[np.float64]
CLOUD_POINTS = 8_000
SCAN_POINTS, SCAN_NOISE = 14_000, 0.002
"""Of the scanned animal; noise along each axis, as a share of the diagonal."""


def _turned(mesh: trimesh.Trimesh, degrees: float, offset: tuple[float, float, float] = (0, 0, 0)) -> trimesh.Trimesh:
    turn = trimesh.transformations.rotation_matrix(np.radians(degrees), (0, 0, 1))  # type: ignore[no-untyped-call]
    mesh.apply_transform(turn)
    mesh.apply_translation(offset)
    return mesh


def _posed(character: Callable[[], Character], turns: Turns) -> trimesh.Trimesh:
    made = character()
    skin = made.skin()
    return trimesh.Trimesh(made.posed(skin, turns), skin.triangles, process=False)


def _of_manifold(solid: Manifold) -> trimesh.Trimesh:
    mesh: Mesh = solid.to_mesh()
    return trimesh.Trimesh(np.asarray(mesh.vert_properties)[:, :3], np.asarray(mesh.tri_verts))


def vase() -> trimesh.Trimesh:
    """A turned wall with an inside."""
    outer = [(0.0, 0.0), (0.22, 0.0), (0.34, 0.25), (0.3, 0.5), (0.14, 0.72), (0.12, 0.85), (0.2, 1.0)]
    inner = [(0.16, 1.0), (0.08, 0.85), (0.1, 0.72), (0.26, 0.5), (0.3, 0.25), (0.19, 0.05), (0.0, 0.05)]
    return _of_manifold(Manifold.revolve(CrossSection([outer + inner]), 96))


def knot() -> trimesh.Trimesh:
    """A trefoil, a closed tube."""
    t = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    path = np.stack((np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)), axis=1) / 5
    tangent = np.roll(path, -1, axis=0) - np.roll(path, 1, axis=0)
    side = np.cross(tangent, path + np.array((0, 0, 1.0)))
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    over = np.cross(tangent, side)
    over /= np.linalg.norm(over, axis=1, keepdims=True)
    angles = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    rings = path[:, None] + 0.085 * (np.cos(angles)[:, None] * side[:, None] + np.sin(angles)[:, None] * over[:, None])
    index = np.arange(len(t) * 24).reshape(len(t), 24)
    onward, around = np.roll(index, -1, axis=0), np.roll(index, -1, axis=1)
    both = np.roll(onward, -1, axis=1)
    faces = np.concatenate((np.stack((index, onward, both), -1), np.stack((index, both, around), -1))).reshape(-1, 3)
    mesh = trimesh.Trimesh(rings.reshape(-1, 3), faces, process=False)
    mesh.fix_normals()
    return mesh


def letter_h() -> trimesh.Trimesh:
    return solids.strokes([[0, 0], [0, 0.9]], [[0.6, 0], [0.6, 0.9]], [[0, 0.45], [0.6, 0.45]])


def two_balls() -> trimesh.Trimesh:
    return solids.together(solids.ball(0.28, (-0.45, 0, 0)), solids.ball(0.28, (0.45, 0, 0)))


def chair_points() -> trimesh.PointCloud:
    """What a scanner would bring of the chair: points in no order, without normals."""
    points, _ = trimesh.sample.sample_surface(solids.chair(), CLOUD_POINTS, seed=1)
    return trimesh.PointCloud(points)  # type: ignore[no-untyped-call]


def scanned_animal() -> trimesh.PointCloud:
    """What a scanner brings that never saw belly, soles and a flank: noisy points, in no order, without normals."""
    body = _posed(characters.quadruped, {})
    points, faces = trimesh.sample.sample_surface(body, SCAN_POINTS, seed=2)
    normals = body.face_normals[faces]
    under = (normals[:, 2] < -0.75) & (points[:, 2] > 0.4)
    flank = np.linalg.norm(points - (0.17, -0.05, 0.78), axis=1) < 0.11
    seen = points[~(under | flank | (points[:, 2] < 0.02))]
    noise = np.random.default_rng(2).normal(scale=SCAN_NOISE * body.scale, size=seen.shape)
    return trimesh.PointCloud(seen + noise)  # type: ignore[no-untyped-call]


def _hard(name: str) -> Callable[[], trimesh.Trimesh]:
    return lambda: trimesh.Trimesh(*HARD_SHAPES[name](), process=False)


SHAPES: dict[str, Callable[[], trimesh.Trimesh | trimesh.PointCloud]] = {
    **{name: _hard(name) for name in HARD_SHAPES},
    "bar": solids.bar,
    "club": solids.club,
    "club-turned": lambda: _turned(solids.club(), 100),
    "club-moved": lambda: _turned(solids.club(), 0, (0.4, 0, 0.9)),
    "corner": solids.corner,
    "stool": solids.chair,
    "ring": solids.torus,
    "star": lambda: solids.star(5),
    "star-between": lambda: _turned(solids.star(5), 36),
    "small-cube": lambda: solids.box((0.4, 0.4, 0.4), (1.1, 0, 0.3)),
    "a": solids.letter_a,
    "c": solids.letter_c,
    "h": letter_h,
    "i": solids.letter_i,
    "o": solids.letter_o,
    "u": solids.letter_u,
    "x": solids.letter_x,
    "vase": vase,
    "knot": knot,
    "two-balls": two_balls,
    "stool-points": chair_points,
    "person": lambda: _posed(characters.biped, {}),
    "person-cheers": lambda: _posed(characters.biped, characters.ARMS_UP),
    "person-walks": lambda: _posed(characters.biped, characters.WALK),
    "animal": lambda: _posed(characters.quadruped, {}),
    "animal-scan": scanned_animal,
    "animal-grazes": lambda: _posed(characters.quadruped, characters.GRAZE),
    "hand": lambda: _posed(characters.hand, {}),
    "fist": lambda: _posed(characters.hand, characters.POINT),
    "octopus": lambda: _posed(characters.octopus, {}),
    "octopus-swims": lambda: _posed(characters.octopus, characters.SWIM),
}
"""Each made when it is asked for; z is up."""


def _star_arms() -> Points:
    """The tip and the middle of each arm, here and half-way to the next one, and the body between them."""
    angles = 2 * np.pi * np.arange(5) / 5
    ends = [np.stack((np.cos(a), np.sin(a), 0 * a), axis=1) for a in (angles, angles + np.pi / 5)]
    arms = [np.concatenate([radius * end for end in ends], axis=1) for radius in (0.75, 0.4)]
    return np.concatenate([*arms, np.zeros((1, 6))])


LANDMARKS: dict[str, Callable[[], Points]] = {"star-star-between": _star_arms}
"""A row for each landmark: its point on the one shape and on the other."""


def write(folder: Path, names: list[str] | None = None) -> None:
    """Write shapes that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or SHAPES:
        path = folder / f"{name}.ply"
        if not path.exists():
            SHAPES[name]().export(path)
    for name, rows in LANDMARKS.items():
        np.savetxt(folder / f"{name}.csv", rows(), fmt="%.4f", delimiter=",")


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the shapes of the manual's pictures as PLY files.")
    parser.add_argument("folder", type=Path)
    write(parser.parse_args().folder)


if __name__ == "__main__":
    main()
