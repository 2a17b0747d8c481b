"""A stage with a camera, a lamp and a floor, on which frames are drawn as clay; needs Warp, but no display."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from ..files.mesh_frame import MeshFrame
from ..machine.cores import usable_cores
from ..machine.warp_runtime import warp_device, warp_kernels, warp_runtime
from .clay import Clay, clay_of, linear, shown, upright
from .colours import PAPER

Picture = NDArray[np.uint8]
"""(height, width, 3), sRGB."""

LAMP = (-0.55, -0.62, 0.95)
"""From where the key light comes, turned with the camera: over its left shoulder."""
RIM = (0.75, 0.85, 0.55)
"""From where the light along the edges comes: behind, right."""
LAMP_WIDTH = 0.28
"""Tangent of half the lamp's angle: how soft shadows are."""
FIELD_OF_VIEW = 24.0
MARGIN = 0.07
"""Kept free on each side, as a share of the picture."""
FLOOR_CELLS = 96


@dataclass(frozen=True)
class Stage:
    """Camera and floor that a number of frames share, with z up."""

    eye: NDArray[np.float64]
    right: NDArray[np.float64]
    above: NDArray[np.float64]
    forward: NDArray[np.float64]
    aspect: float
    """Width over height."""
    floor: float
    """Height of the floor."""
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    up: str

    @classmethod
    def around(
        cls,
        frames: Iterable[MeshFrame],
        *,
        up: str = "z",
        azimuth: float = 32.0,
        elevation: float = 16.0,
        aspect: float | None = None,
    ) -> Stage:
        """A stage on which all these frames fit, seen from the front right; ``up`` is the world's axis, y or z.

        Angles are in degrees; without an aspect, the one that wastes least.
        """
        points = [upright(np.asarray(f.vertices[:: max(1, len(f.vertices) // 1000)], np.float64), up) for f in frames]
        cloud = np.concatenate([p for p in points if len(p)] or [np.array([[-1.0, -1, -1], [1.0, 1, 1]])])
        low, high = cloud.min(axis=0), cloud.max(axis=0)
        turn, rise = math.radians(azimuth), math.radians(elevation)
        forward = -np.array([math.sin(turn) * math.cos(rise), -math.cos(turn) * math.cos(rise), math.sin(rise)])
        right = np.array([math.cos(turn), math.sin(turn), 0.0])
        above = np.cross(right, forward)
        axes = np.stack((right, above, forward))
        centre = (low + high) / 2
        size = float(np.linalg.norm(high - low)) or 1.0
        distance = size / math.tan(math.radians(FIELD_OF_VIEW) / 2)
        chosen = aspect or 1.0
        for _ in range(4):
            local = (cloud - centre) @ axes.T
            seen = local[:, :2] / (local[:, 2:] + distance)
            middle = (seen.min(axis=0) + seen.max(axis=0)) / 2
            half = (seen.max(axis=0) - seen.min(axis=0)) / 2 * (1 + 2 * MARGIN)
            if aspect is None:
                chosen = float(np.clip(half[0] / max(half[1], 1e-9), 0.7, 1.8))
            centre = centre + (middle[0] * right + middle[1] * above) * distance
            spread = max(half[1], half[0] / chosen)
            distance *= max(spread, 1e-9) / math.tan(math.radians(FIELD_OF_VIEW) / 2)
        return cls(centre - distance * forward, right, above, forward, chosen, float(low[2]), low, high, up)

    @property
    def size(self) -> float:
        """Diagonal of all that is on the stage."""
        return float(np.linalg.norm(self.high - self.low)) or 1.0

    def draw(
        self,
        frame: MeshFrame,
        height: int,
        *,
        finer: int = 2,
        rays: int = 24,
        device: str = "cpu",
        threads: int = 0,
    ) -> Picture:
        """A picture of one frame; ``finer`` is the samples along a pixel's side, ``rays`` how carefully it is lit."""
        return _Lighting(self, device, threads).draw(frame, height, finer, rays)


class _Lighting:
    """One frame's way through the kernels; lengths are in sizes of the stage, about its middle."""

    def __init__(self, stage: Stage, device: str, threads: int) -> None:
        self.stage = stage
        self.device = warp_device(device)
        self.threads = threads or usable_cores()
        self.wp: Any = warp_runtime()
        self.kernels: Any = warp_kernels("pictures.drawing_kernels", self.device)
        turned = np.stack((stage.right, np.cross((0.0, 0.0, 1.0), stage.right), (0.0, 0.0, 1.0)))
        self.lamp = _normalised(np.array(LAMP) @ turned)
        self.rim = _normalised(np.array(RIM) @ turned)

    def draw(self, frame: MeshFrame, height: int, finer: int, rays: int) -> Picture:
        stage, wp = self.stage, self.wp
        width = round(height * stage.aspect)
        clay = clay_of(frame, stage.up)
        if len(clay.triangles) == 0:
            return np.broadcast_to(np.round(np.array(PAPER) * 255).astype(np.uint8), (height, width, 3)).copy()
        with wp.ScopedDevice(self.device):
            mesh = wp.Mesh(
                points=wp.array(self._local(clay.vertices), dtype=wp.vec3),
                indices=wp.array(clay.triangles.ravel(), dtype=wp.int32),
            )
            normals = clay.normals
            sky, key = self._light(mesh, self._local(clay.vertices), normals, rays)
            sky, key = _smoothed(clay, np.stack((sky, key), axis=1)).T
            shade, corner, cell = self._floor_shade(mesh, rays)
            picture = wp.empty(width * height, dtype=wp.vec3)
            inputs = [
                mesh.id,
                mesh.indices,
                wp.array(clay.corner_normals, dtype=wp.vec3),
                wp.array(clay.colors, dtype=wp.vec3),
                wp.array(sky.astype(np.float32), dtype=float),
                wp.array(key.astype(np.float32), dtype=float),
                wp.vec3(*self._local(stage.eye)),
                wp.vec3(*stage.right),
                wp.vec3(*stage.above),
                wp.vec3(*stage.forward),
                math.tan(math.radians(FIELD_OF_VIEW) / 2),
                wp.vec3(*self.lamp),
                wp.vec3(*self.rim),
                wp.array(shade, dtype=float),
                wp.vec3(*corner),
                cell,
                wp.vec3(*linear(np.array(PAPER))),
                width,
                height,
                finer,
            ]
            self._launch(self.kernels.draw, width * height, lambda start: [*inputs, start, picture])
            light = picture.numpy().reshape(height, width, 3).astype(np.float64)
        return np.asarray(np.round(255 * shown(light)), np.uint8)

    def _local(self, points: NDArray[Any]) -> NDArray[np.float32]:
        middle = (self.stage.low + self.stage.high) / 2
        return np.asarray((points - middle) / self.stage.size, np.float32)

    def _light(
        self, mesh: Any, points: NDArray[np.float32], normals: NDArray[np.float32], rays: int
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Light from the sky and from the lamp at points."""
        wp = self.wp
        sky, key = wp.empty(len(points), dtype=float), wp.empty(len(points), dtype=float)
        places, directions = wp.array(points, dtype=wp.vec3), wp.array(normals, dtype=wp.vec3)
        floor = float(self._local(np.array([0.0, 0.0, self.stage.floor]))[2])
        fixed = [rays, max(rays // 3, 1), wp.vec3(*self.lamp), LAMP_WIDTH, 2e-3, 0.6, floor, sky, key]
        self._launch(self.kernels.gather_light, len(points), lambda start: [mesh.id, places, directions, start, *fixed])
        return sky.numpy(), key.numpy()

    def _floor_shade(self, mesh: Any, rays: int) -> tuple[NDArray[np.float32], NDArray[np.float32], float]:
        """Brightness of the floor on a lattice beside that of the free floor, its first point and its spacing."""
        stage = self.stage
        low, high = self._local(stage.low), self._local(stage.high)
        reach = 0.75 * max(float(high[2] - low[2]), 0.35)
        side = float(max(high[:2] - low[:2])) + 2 * reach
        cell = side / (FLOOR_CELLS - 1)
        middle = (low[:2] + high[:2]) / 2
        corner = np.array([middle[0] - side / 2, middle[1] - side / 2, low[2]], np.float32)
        y, x = np.mgrid[0:FLOOR_CELLS, 0:FLOOR_CELLS].reshape(2, -1)
        points = np.stack((corner[0] + cell * x, corner[1] + cell * y, np.full(len(x), corner[2])), axis=1)
        upwards = np.broadcast_to(np.array([0, 0, 1], np.float32), points.shape)
        sky, key = self._light(mesh, points.astype(np.float32), np.ascontiguousarray(upwards), rays)
        open_sky = sky.max()
        shade = 1 - (0.36 * (1 - sky / open_sky) + 0.36 * (1 - key))
        shade = gaussian_filter(shade.reshape(FLOOR_CELLS, FLOOR_CELLS), 0.9, mode="nearest")
        across = np.linspace(-1, 1, FLOOR_CELLS)
        distance = np.sqrt(across[:, None] ** 2 + across[None, :] ** 2)
        fade = np.clip((1 - distance) / 0.35, 0, 1)
        fade = fade * fade * (3 - 2 * fade)
        return np.asarray(1 - fade * (1 - np.clip(shade, 0, 1)), np.float32), corner, cell

    def _launch(self, kernel: Any, count: int, inputs: Callable[[int], list[Any]]) -> None:
        """Run a kernel over all its points; on the CPU a launch uses one thread and lets go of Python's lock."""
        chunk = count if self.device != "cpu" else max(1, math.ceil(count / (8 * self.threads)))
        pieces = [(start, min(chunk, count - start)) for start in range(0, count, chunk)]

        def run(piece: tuple[int, int]) -> None:
            self.wp.launch(kernel, dim=piece[1], inputs=inputs(piece[0]), device=self.device)

        if len(pieces) == 1 or self.threads == 1:
            for piece in pieces:
                run(piece)
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                list(pool.map(run, pieces))


def _smoothed(clay: Clay, values: NDArray[np.float32], rounds: int = 2) -> NDArray[np.float32]:
    """Values averaged with those of neighbouring vertices."""
    count = len(clay.vertices)
    index, following = clay.triangles.ravel(), clay.triangles[:, [1, 2, 0]].ravel()
    neighbours = np.maximum(np.bincount(index, minlength=count), 1)
    for _ in range(rounds):
        around = [np.bincount(index, values[following, k], count) / neighbours for k in range(values.shape[1])]
        values = (0.4 * values + 0.6 * np.stack(around, axis=1)).astype(np.float32)
    return values


def _normalised(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = vector / np.linalg.norm(vector)
    return unit
