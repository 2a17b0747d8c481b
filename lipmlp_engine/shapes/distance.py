"""Distances to a triangle surface and on which side of it points lie, by NVIDIA Warp; knows nothing of training."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..job.errors import ShapeError
from ..machine.cores import usable_cores
from ..machine.warp_runtime import warp_device, warp_kernels, warp_runtime
from .mesh_topology import Topology
from .morton import morton_order
from .shape import Shape
from .sides_by_normals import UNSURE, how_sure
from .slivers import measured_to, well_measured

CLOSED_ACCURACY = 1.25
"""How many radii away a branch of the tree must be to count as one dipole in the winding number of a closed surface.

It is a whole number there, so that even a coarse value tells the sides apart. Measured: no point in 117,000 around 13
shapes was on the wrong side from 1.0 upwards, 2 % were at 0.85; at 2, as libigl has it, queries near the surface take
twice as long.
"""
OPEN_ACCURACY = 2.0
"""The same where the surface has holes and the winding number passes one half gradually. Taken from libigl."""
_RUN = 32
_CHUNK = 256 * _RUN
"""Points that one thread takes at a time on the CPU."""
FAR = 1e9
"""More than any distance, in the diagonals of a surface. Follows from its use: nothing lies so far away."""
MANY = 20_000
"""Points from which on it is worth while to know how sure normals are. Chosen."""
_DEVICE_CHUNK = 1 << 22
"""Points that one launch takes on a GPU, so that millions of triangles and points fit together."""


class DistanceField:
    """The distance field of a surface, in the surface's own units, negative inside.

    Inside is where the winding number exceeds one half: right for overlapping, nested and flipped-twice parts, and a
    sensible closing of holes. The surface must face outwards (see ``repair``).
    """

    def __init__(
        self,
        vertices: NDArray[np.floating],
        triangles: NDArray[np.integer],
        device: str = "cpu",
        threads: int = 0,
    ) -> None:
        places = np.asarray(vertices, np.float64)
        self._triangles: NDArray[np.int32] = np.ascontiguousarray(triangles, np.int32)
        if len(self._triangles) == 0:
            raise ShapeError("A surface without faces has no distances; give it faces.")
        if not np.isfinite(places).all():
            raise ShapeError("A surface with coordinates that are not finite numbers has no distances.")
        if not measured_to(places, self._triangles).any():
            raise ShapeError("A surface of needle-thin triangles has no distances; give it faces with some width.")
        # Single precision is exact enough only where the surface is about one unit large and at the origin.
        low, high = places.min(axis=0), places.max(axis=0)
        self._bounds = (low, high)
        self._centre = (low + high) / 2
        self._scale = float(np.linalg.norm(high - low))
        self._vertices = (places - self._centre) / self._scale
        self._threads = threads or usable_cores()
        self._tried = True
        self._warp = warp_runtime()
        self._device = warp_device(device)
        measured, corners, self._part_of = well_measured(self._vertices, self._triangles)
        self._mesh = self._warp.Mesh(
            points=self._warp.array(measured, dtype=self._warp.vec3, device=self._device),
            indices=self._warp.array(corners.ravel(), dtype=self._warp.int32, device=self._device),
            support_winding_number=True,
        )

    @property
    def scale(self) -> float:
        """How large a local unit is."""
        return self._scale

    @property
    def device(self) -> str:
        """Where distances are found, as Warp calls it."""
        return self._device

    @property
    def for_kernels(self) -> tuple[int, Any, float]:
        """What kernels that ask for distances are told: the mesh, how sure normals are, and the accuracy."""
        return self._mesh.id, self._normals, CLOSED_ACCURACY if self._closed else OPEN_ACCURACY

    @property
    def on_processor(self) -> bool:
        """Whether distances are found on the CPU."""
        return self._device == "cpu"

    @property
    def bounds(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lowest and highest corner of the surface's bounding box."""
        return self._bounds

    def expect_few(self) -> None:
        """Of few points the sides are told by winding numbers: to try first how sure normals are takes longer."""
        self._normals = self._no_normals

    def believe_normals(self) -> None:
        """Normals tell the sides where the surface does not cut itself, and it is not tried whether they do.

        Worth while where a side that is mistaken here and there, closer to the surface than it matters, does no harm.
        """
        self._tried = False

    def signed(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Distance of each point, (n,), negative inside."""
        return self._signed(points, self._normals if len(points) >= MANY else self._no_normals)

    def _signed(self, points: NDArray[np.floating], normals: Any) -> NDArray[np.float32]:
        accuracy = CLOSED_ACCURACY if self._closed else OPEN_ACCURACY
        settings = [normals, accuracy, self._closed]
        (distance,) = self._query("signed_distances", points, self._run, settings, distance=())
        return np.asarray(distance * np.float32(self._scale))

    def closest(
        self, points: NDArray[np.floating]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64], NDArray[np.float32]]:
        """Index of the nearest triangle (n,), nearest point (n, 3) and unsigned distance (n,)."""
        triangle, nearest, distance = self._query(
            "closest_points", points, 1, [], triangle=(), closest=(3,), distance=()
        )
        return (
            self._part_of[triangle],
            nearest * self._scale + self._centre,
            np.asarray(distance * np.float32(self._scale)),
        )

    def measure(
        self, points: NDArray[np.floating], limit: float = np.inf
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        """Signed distance (n,), its gradient (n, 3) and the nearest triangle (n,), on the thread that asks.

        For points that lie in order in space already, a few thousand at a time: each of them is looked up afresh.
        What is farther away than the limit is infinitely far.
        """
        return self._measured(points, self._normals, limit)

    def walls_ahead(
        self, points: NDArray[np.floating], directions: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """How far the next triangle is from points in unit directions, infinite where there is none, and the cosine
        between its normal and the direction: positive where the way leads out."""
        wp = self._warp
        local = self.local(points)
        origins = wp.array(local, dtype=wp.vec3, device=self._device)
        ways = wp.array(np.asarray(directions, np.float32), dtype=wp.vec3, device=self._device)
        reach = wp.full(len(local), float("inf"), dtype=wp.float32, device=self._device)
        facing = wp.zeros(len(local), dtype=wp.float32, device=self._device)
        kernel = warp_kernels("shapes.distance_kernels", self._device).walls_ahead
        wp.launch(kernel, dim=len(local), inputs=[self._mesh.id, origins, ways, reach, facing], device=self._device)
        return reach.numpy() * np.float32(self._scale), facing.numpy()

    def winding(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """How often the surface winds around each point: 1 inside, 0 outside, between them near holes."""
        import igl

        local = (np.asarray(points, np.float64) - self._centre) / self._scale
        order = morton_order(local)
        winding = np.empty(len(local))
        winding[order] = igl.fast_winding_number(self._vertices, self._triangles.astype(np.int64), local[order])
        return winding

    def local(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Points where the surface is at the origin and one diagonal large, as kernels see it."""
        return np.asarray((np.asarray(points, np.float64) - self._centre) / self._scale, np.float32)

    def look_up(
        self, kernel: str, local: NDArray[np.float32], *settings: Any
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        """What a kernel finds for each of the local points: distance, gradient and triangle, in local units."""
        return self._look_up(kernel, local, self._normals, settings)

    def _measured(
        self, points: NDArray[np.floating], normals: Any, limit: float = np.inf
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        limits = (min(limit / self._scale, FAR),)
        distance, gradient, triangle = self._look_up("measure", self.local(points), normals, limits)
        return distance * np.float32(self._scale), gradient, triangle

    def _look_up(
        self, kernel: str, local: NDArray[np.float32], normals: Any, settings: tuple[Any, ...]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]:
        wp = self._warp
        distance = wp.full(len(local), float("inf"), dtype=wp.float32, device=self._device)
        gradient = wp.zeros(len(local), dtype=wp.vec3, device=self._device)
        triangle = wp.zeros(len(local), dtype=wp.int32, device=self._device)
        source = wp.array(local, dtype=wp.vec3, device=self._device)
        sides = [normals, CLOSED_ACCURACY if self._closed else OPEN_ACCURACY]
        wp.launch(
            getattr(warp_kernels("shapes.distance_kernels", self._device), kernel),
            dim=len(local),
            inputs=[self._mesh.id, source, *sides, *settings, distance, gradient, triangle],
            device=self._device,
        )
        return distance.numpy(), gradient.numpy(), self._part_of[triangle.numpy()]

    @property
    def by_normals(self) -> float:
        """Of all triangles the share whose normals tell the sides, be it only near by."""
        normals = self._normals.numpy()
        return float((normals != UNSURE).mean()) if len(normals) else 0.0

    @cached_property
    def _normals(self) -> Any:
        """How sure that of each triangle that is measured to is; nothing where winding numbers tell all sides."""
        if not self._closed:
            return self._no_normals
        tried = self._told_wrongly if self._tried else None
        levels = how_sure(self._vertices, self._triangles, self._inside, tried)
        return self._no_normals if levels is None else self._for_kernels(levels)

    @cached_property
    def _no_normals(self) -> Any:
        return self._for_kernels(None)

    def _for_kernels(self, levels: NDArray[np.uint8] | None) -> Any:
        of_measured = np.zeros(0, np.uint8) if levels is None else levels[self._part_of]
        return self._warp.array(of_measured, dtype=self._warp.uint8, device=self._device)

    def _inside(self, local: NDArray[np.float64]) -> NDArray[np.bool_]:
        return np.asarray(self._signed(local * self._scale + self._centre, self._no_normals) < 0)

    def _told_wrongly(self, levels: NDArray[np.uint8], local: NDArray[np.float64]) -> NDArray[np.int32]:
        """Triangles that points are nearest to which normals and winding numbers have on different sides."""
        points = local * self._scale + self._centre
        by_normals, _, nearest = self._measured(points, self._for_kernels(levels))
        by_winding = self._signed(points, self._no_normals)
        clear = np.abs(by_winding) > 1e-5 * self._scale
        return np.asarray(nearest[(np.sign(by_normals) != np.sign(by_winding)) & clear])

    @cached_property
    def _closed(self) -> bool:
        return Topology(self._triangles).closed

    @property
    def _run(self) -> int:
        """Points that are measured one after the other, each helped by the one before; a GPU has no time for that."""
        return _RUN if self._device == "cpu" else 1

    def _query(
        self, kernel: str, points: NDArray[np.floating], run: int, settings: list[Any], **outputs: tuple[int, ...]
    ) -> list[NDArray[Any]]:
        """Run a kernel over the points, sorted in space, and give its outputs in the points' order."""
        local = self.local(points)
        order = morton_order(local)
        results = [
            np.empty((len(local), *size), np.int32 if name == "triangle" else np.float32)
            for name, size in outputs.items()
        ]
        for begin in range(0, len(order), _DEVICE_CHUNK):
            part = order[begin : begin + _DEVICE_CHUNK]
            found = self._launch(kernel, local[part], run, settings, list(outputs))
            for result, values in zip(results, found, strict=True):
                result[part] = values
        return results

    def _launch(
        self, kernel: str, points: NDArray[np.float32], run: int, settings: list[Any], outputs: list[str]
    ) -> list[NDArray[Any]]:
        wp = self._warp
        kinds = {"triangle": wp.int32, "closest": wp.vec3, "distance": wp.float32}
        source = wp.array(points, dtype=wp.vec3, device=self._device)
        targets = [wp.zeros(len(points), dtype=kinds[name], device=self._device) for name in outputs]
        # What is no number stays infinitely far away.
        targets[-1].fill_(float("inf"))
        function = getattr(warp_kernels("shapes.distance_kernels", self._device), kernel)

        def measure(start: int, count: int) -> None:
            inputs = [self._mesh.id, source, start, run, *settings, *targets]
            wp.launch(function, dim=-(-count // run), inputs=inputs, device=self._device)

        if self._device != "cpu" or self._threads == 1 or len(points) <= _CHUNK:
            measure(0, len(points))
        else:
            # A launch on the CPU is single-threaded, but lets go of Python's lock.
            with ThreadPoolExecutor(self._threads) as pool:
                starts = range(0, len(points), _CHUNK)
                list(pool.map(lambda start: measure(start, min(_CHUNK, len(points) - start)), starts))
        return [target.numpy() for target in targets]


def distance_fields(shapes: Sequence[Shape], device: str = "cpu", threads: int = 0) -> list[DistanceField]:
    """One for each shape."""
    return [DistanceField(shape.vertices, shape.triangles, device=device, threads=threads) for shape in shapes]
