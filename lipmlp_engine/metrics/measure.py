"""Measure a finished morph: one pass over its frames, held against its shapes. Trains, draws and writes nothing."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .. import __version__
from ..files.mesh_frame import MeshFrame
from ..job.description import Job
from ..shapes.distance import DistanceField
from ..shapes.shape import Shape
from .end_errors import EndMeasure, measure_end
from .frame_motion import Speeds, Step, measure_motion, normal_speeds, surface_step
from .frame_topology import Topology, compare_topology, topology_of
from .in_between import Size, measure_middle
from .quality_report import Bound, Report, ShapeFacts
from .solid import Solid
from .thickness import thin_share

STEP_VERTICES = 300_000
"""Vertices measured for the steps between frames, over the whole morph. Chosen."""
WHOLE = 0.999
"""A closed shape whose surface is outer surface to this share has its own size and topology; else they are those of the
frame at its time.

Chosen.
"""
PACKAGES = ("torch", "numpy", "scipy", "trimesh", "warp-lang", "libigl", "manifold3d")

Notify = Callable[[float], None]


@dataclass(frozen=True)
class _Moment:
    """One frame, kept as long as others are compared with it."""

    time: float
    solid: Solid
    field: DistanceField | None


def measure_morph(
    frames: Sequence[MeshFrame],
    shapes: Sequence[Shape],
    *,
    job: Job | None = None,
    phase_seconds: Mapping[str, float] | None = None,
    device: str = "",
    notes: Iterable[str] = (),
    bounds: Iterable[Bound] = (),
    motion_bounds: Sequence[float] = (),
    samples: int = 30_000,
    threads: int = 0,
    notify: Notify = lambda fraction: None,
) -> Report:
    """Report on a morph from its frames, in rising time, and its shapes as they were placed.

    ``frames`` is gone through once and in order, so it may read each frame from disk when asked for it.
    ``motion_bounds`` are certified surface motions between consecutive frames where they have been computed.
    ``notify`` is told the fraction done.
    """
    solids = [Solid.of_shape(shape) for shape in shapes]
    diagonal = max(solid.diagonal for solid in solids)
    budget = max(2_000, min(20_000, STEP_VERTICES // max(len(frames), 1)))
    times: list[float] = []
    sizes: list[Size] = []
    topologies: list[Topology] = []
    thin: list[float] = []
    steps: list[Step | None] = []
    speeds: list[Speeds | None] = []
    vertices: list[int] = []
    ends: dict[int, EndMeasure] = {}
    knots: list[_Moment] = []
    at_end: dict[int, int] = {}
    now: _Moment | None = None
    for index, frame in enumerate(frames):
        before, now = now, _moment(frame, threads)
        times.append(now.time)
        sizes.append(_size(now.solid))
        topologies.append(topology_of(now.solid))
        thin.append(thin_share(now.solid))
        speeds.append(normal_speeds(frame, now.solid))
        vertices.append(len(frame.vertices))
        if before is not None:
            steps.append(_step(before, now, budget))
        end = _end_at(now.time, len(shapes))
        if end is not None and end not in at_end:
            at_end[end] = index
            found = measure_end(
                shapes[end].name,
                now.time,
                solids[end],
                now.solid,
                samples=samples,
                threads=threads,
                frame_field=now.field,
            )
            if found is not None:
                ends[end] = found
        if not knots or end is not None or index == len(frames) - 1:
            knots.append(now)
        notify((index + 1) / len(frames))

    end_sizes, end_topologies = [], []
    for end, solid in enumerate(solids):
        size, topology = _size(solid), topology_of(solid)
        if end in at_end and (not topology.closed or (end in ends and ends[end].outer_share < WHOLE)):
            size, topology = sizes[at_end[end]], topologies[at_end[end]]
        end_sizes.append(size)
        end_topologies.append(topology)
    motion = measure_motion(times, steps, speeds, diagonal, motion_bounds)
    return Report(
        shapes=[
            ShapeFacts(
                name=shape.name,
                time=float(end),
                vertices=len(shape.vertices),
                triangles=len(shape.triangles),
                diagonal=solids[end].diagonal,
                volume=end_sizes[end].volume,
                area=end_sizes[end].area,
                topology=end_topologies[end],
                notes=list(shape.notes),
            )
            for end, shape in enumerate(shapes)
        ],
        ends=list(ends.values()),
        middle=measure_middle(
            times,
            sizes,
            end_sizes,
            steps,
            thin,
            ends_distance=_knots_distance(knots, budget),
            diagonal=diagonal,
            largest_speed=motion.fastest,
        ),
        topology=compare_topology(times, topologies, end_topologies),
        motion=motion,
        bounds=list(bounds),
        notes=list(notes),
        phase_seconds=dict(phase_seconds or {}),
        device=device,
        seed=job.training.seed if job else 0,
        versions=versions(),
        job=job.to_dict() if job else {},
        frame_vertices=vertices,
    )


def versions() -> dict[str, str]:
    """Of the engine, of Python and of the packages that decide the figures."""
    found = {"lipmlp_engine": __version__, "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _moment(frame: MeshFrame, threads: int) -> _Moment:
    solid = Solid.of_frame(frame)
    field = None if solid.empty else DistanceField(solid.vertices, solid.triangles, threads=threads)
    return _Moment(float(frame.time), solid, field)


def _size(solid: Solid) -> Size:
    x, y, z = (float(value) for value in solid.centroid)
    return Size(solid.volume, solid.area, (x, y, z))


def _step(before: _Moment, now: _Moment, budget: int) -> Step | None:
    if before.field is None or now.field is None:
        return None
    return surface_step(before.solid, now.solid, now.time - before.time, (before.field, now.field), budget)


def _knots_distance(knots: Sequence[_Moment], budget: int) -> float:
    """Sum of the Hausdorff distances between the frames at consecutive shapes; 0 where one of them is empty."""
    steps = [_step(before, now, budget) for before, now in pairwise(knots)]
    return sum(step.hausdorff for step in steps if step) if all(steps) else 0.0


def _end_at(time: float, shapes: int) -> int | None:
    """Which shape sits at this time, if any."""
    end = round(time)
    return end if abs(time - end) < 1e-6 and 0 <= end < shapes else None
