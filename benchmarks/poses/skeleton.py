"""A character that can be posed: round bones that make its skin, and a skeleton that moves it; knows no engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import igl
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

Array = NDArray[np.float64]
Turns = Mapping[str, Sequence[float]]
"""For each bone that turns, its rotation vector in degrees, in the axes of the rest pose."""


@dataclass(frozen=True)
class Bone:
    """A round cone from head to tail, with a radius at each."""

    name: str
    parent: str
    head: tuple[float, float, float]
    tail: tuple[float, float, float]
    radii: tuple[float, float]


@dataclass(frozen=True)
class Skin:
    """A mesh, and how much each bone moves each vertex."""

    vertices: Array
    triangles: NDArray[np.int64]
    weights: Array


class Character:
    """Bones in the order parents first; ``blend`` is the width over which their skins run into each other."""

    def __init__(self, bones: Sequence[Bone], blend: float = 0.03) -> None:
        self.bones = list(bones)
        self.blend = blend
        self._index = {bone.name: index for index, bone in enumerate(bones)}

    def skin(self, cells: int = 90, offset: float = 0.0) -> Skin:
        """The rest pose's surface by marching cubes, with so many cells along its longest side."""
        low = np.min([np.minimum(b.head, b.tail) - max(b.radii) for b in self.bones], axis=0)
        high = np.max([np.maximum(b.head, b.tail) + max(b.radii) for b in self.bones], axis=0)
        cell = float((high - low).max()) / cells
        low = low - (2 + offset) * cell
        counts = np.ceil((high - low) / cell).astype(int) + 3
        axes = [low[k] + cell * np.arange(counts[k]) for k in range(3)]
        z, y, x = np.meshgrid(axes[2], axes[1], axes[0], indexing="ij")
        points = np.stack([x.ravel(), y.ravel(), z.ravel()], 1)
        vertices, triangles, _ = igl.marching_cubes(self._distance(points), points, *map(int, counts), 0.0)
        return Skin(vertices, outward(vertices, triangles), self.weights(vertices))

    def posed(self, skin: Skin, turns: Turns, share: float = 1.0) -> Array:
        """The skin's vertices after the bones turned by a share of their angles, by dual quaternions."""
        real: list[Array] = []
        dual: list[Array] = []
        for rotation, origin in self._placements(turns, share):
            q = Rotation.from_matrix(rotation).as_quat()
            real.append(q if not real or q @ real[0] >= 0 else -q)
            dual.append(0.5 * _product(np.append(origin, 0.0), real[-1]))
        blended, moving = skin.weights @ np.array(real), skin.weights @ np.array(dual)
        size = np.linalg.norm(blended, axis=1, keepdims=True)
        blended, moving = blended / size, moving / size
        shift = 2 * _product(moving, blended * [-1, -1, -1, 1])[:, :3]
        return np.asarray(Rotation.from_quat(blended).apply(skin.vertices) + shift)

    def _placements(self, turns: Turns, share: float) -> list[tuple[Array, Array]]:
        """For every bone the rotation and the shift of the points that it holds."""
        found: list[tuple[Array, Array]] = []
        for bone in self.bones:
            own = Rotation.from_rotvec(share * np.radians(turns.get(bone.name, (0, 0, 0)))).as_matrix()
            head = np.array(bone.head, np.float64)
            above, shift = found[self._index[bone.parent]] if bone.parent else (np.eye(3), np.zeros(3))
            found.append((above @ own, above @ (head - own @ head) + shift))
        return found

    def _distance(self, points: Array) -> Array:
        values = np.full(len(points), np.inf)
        for bone in self.bones:
            along, away = _along(points, bone)
            new = away - (bone.radii[0] + along * (bone.radii[1] - bone.radii[0]))
            if np.isinf(values).all():
                values = new
                continue
            near = np.maximum(self.blend - np.abs(values - new), 0)
            values = np.minimum(values, new) - near**2 / (4 * self.blend)
        return values

    def weights(self, points: Array) -> Array:
        nearness = []
        for bone in self.bones:
            along, away = _along(points, bone)
            radius = bone.radii[0] + along * (bone.radii[1] - bone.radii[0])
            nearness.append(
                1 / ((np.maximum(away - radius, 0) / radius) ** 2 + (away / radius) ** 2 * 0.02 + 0.02) ** 3
            )
        weights = np.array(nearness).T
        return np.asarray(weights / weights.sum(1, keepdims=True))


def outward(vertices: Array, triangles: NDArray[np.integer]) -> NDArray[np.int64]:
    """The triangles turned so that the volume is positive."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    ways = 1 if np.einsum("ij,ij->", a, np.cross(b, c)) > 0 else -1
    return np.asarray(triangles[:, ::ways], np.int64)


def _along(points: Array, bone: Bone) -> tuple[Array, Array]:
    """How far along the bone its nearest point is, from 0 to 1, and how far away from its axis."""
    head, axis = np.array(bone.head), np.subtract(bone.tail, bone.head)
    along = ((points - head) @ axis / (axis @ axis)).clip(0, 1)
    return along, np.linalg.norm(points - head - along[:, None] * axis, axis=1)


def _product(a: Array, b: Array) -> Array:
    """Of quaternions, the scalar last."""
    av, bv, aw, bw = a[..., :3], b[..., :3], a[..., 3:], b[..., 3:]
    return np.concatenate([aw * bv + bw * av + np.cross(av, bv), aw * bw - (av * bv).sum(-1, keepdims=True)], -1)
