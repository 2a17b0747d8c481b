"""Makes a results folder's shape keys where they are wanted and hold, and says what became of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..files.results_folder import ResultsFolder
from ..files.whole_file import written_whole
from ..job.description import Job
from ..job.errors import ShapeError
from ..metrics.critical_moments import critical_moments
from ..metrics.frame_topology import TopologyOverTime
from ..metrics.key_quality import Tracking, measure_keys, measure_targets, why_topology_fails, why_tracking_fails
from ..model.trained_morph import Morph
from ..reading.shape_files import read_shape
from ..shapes.same_mesh import same_faces
from ..shapes.shape import Shape
from ..tracking.elastic_sheet import smallest_angles
from ..tracking.key_layers import SERIOUS, layers_of_shapes, trouble_of
from ..tracking.template_mesh import Template, clean_mesh, own_mesh
from ..tracking.track import Track, track
from ..tracking.vertex_keys import goes_by_vertices, track_by_vertices

TOLD = 0.1
"""Percentage of turned faces from which on they are worth a word. Chosen."""


def make_keys(
    job: Job,
    results: ResultsFolder,
    topology: TopologyOverTime,
    shapes: list[Shape],
    morph: Morph,
    notify: Callable[[float], None],
) -> Tracking:
    """Carry a mesh through the morph and write keys.npz, unless it fails."""
    anyway, kind = job.extraction.keys == "always", job.extraction.template
    moments = critical_moments(morph, topology.changes)
    found = Tracking(kept=False, sentence="", template=kind, moments=moments)
    reason = why_topology_fails(topology, moments)
    if not reason and kind == "source" and not shapes[0].closed:
        reason = f"'{shapes[0].name}' has holes"
    if reason and kind != "source" and not anyway:
        return _refused(found, reason)
    try:
        template = _template(job, results, shapes, morph)
    except ShapeError as error:
        return dataclasses.replace(found, sentence=f"There are no shape keys: {error}")
    by_vertices = goes_by_vertices(morph, template)
    if reason and not (anyway or by_vertices):
        return _refused(found, reason)
    found.vertices = count = len(template.vertices)
    found.template_angle = float(np.percentile(smallest_angles(template.vertices, template.triangles), 1))
    if count > job.extraction.key_vertices:
        return _refused(
            found,
            f"the mesh has {count:,} vertices, more than the {job.extraction.key_vertices:,} that "
            "extraction.key_vertices allows",
        )
    if by_vertices:
        tolerance = job.extraction.key_tolerance / 100 * shapes[0].diagonal
        tracked = track_by_vertices(morph, template, job.extraction.start, job.last_time, tolerance, notify)
        found.keys = measure_keys(tracked, morph, shapes[0].diagonal)
        found.sentence = (
            f"{len(found.keys)} shape keys carry '{shapes[0].name}' by its vertices, which are those of every pose."
        )
        return _kept(job, results, shapes, tracked, found, np.zeros(count, np.float32))
    tracked = track(
        morph,
        template,
        shapes,
        start=job.extraction.start,
        end=job.last_time,
        tolerance=job.extraction.key_tolerance / 100,
        threads=job.training.threads,
        notify=notify,
    )
    found.keys = measure_keys(tracked, morph, shapes[0].diagonal)
    found.targets = measure_targets(tracked, shapes, job.training.threads)
    reason = reason or why_tracking_fails(tracked, found.keys, found.targets, shapes[0].name)
    if tracked.lost_at is not None or (reason and not anyway):
        return _refused(found, reason)
    trouble = trouble_of(tracked, morph, shapes[0].diagonal)
    found.troubled = int((trouble >= SERIOUS).sum())
    found.sentence = _told(found, shapes[0].name, reason)
    return _kept(job, results, shapes, tracked, found, trouble)


def _kept(
    job: Job,
    results: ResultsFolder,
    shapes: list[Shape],
    tracked: Track,
    found: Tracking,
    trouble: NDArray[np.float32],
) -> Tracking:
    """Write the keys."""
    layers: dict[str, NDArray[np.generic]] = {"trouble": trouble}
    if job.extraction.attributes:
        layers |= layers_of_shapes(tracked, shapes, job.training.threads, own=tracked.faces is None)
    _write(tracked, layers, results)
    return dataclasses.replace(found, kept=True)


def _refused(found: Tracking, reason: str) -> Tracking:
    return dataclasses.replace(found, sentence=f"There are no shape keys, because {reason}; the frames show the morph.")


def _told(found: Tracking, name: str, reason: str) -> str:
    """What the keys are and how well they hold, in one sentence."""
    carried = f"'{name}'" if found.template == "source" else f"a clean mesh of {found.vertices:,} vertices"
    sentence = f"{len(found.keys)} shape keys carry {carried}"
    if found.targets:
        far = max(target.mean for target in found.targets)
        sentence += f" to within {far:.2g} % of the diagonal of its target"
    turned = max(key.flipped for key in found.keys)
    sentence += f", with at worst {turned:.1f} % of the faces turned over" if turned >= TOLD else ""
    return sentence + (f"; they are a best effort, because {reason}." if reason else ".")


def _template(job: Job, results: ResultsFolder, shapes: list[Shape], morph: Morph) -> Template:
    """The mesh that is to be moved, placed as the job's placement placed the shapes."""
    if job.extraction.template == "remesh":
        start, end = job.extraction.start, job.last_time
        return clean_mesh(morph, shapes[0], start, end, morph.cells(job.extraction), job.extraction.key_vertices)
    first = _as_filed(job, results, shapes, 0)
    if first.cloud is not None:
        raise ShapeError(f"'{shapes[0].name}' is a cloud of points, which has no mesh to move; choose Remesh.")
    goals: dict[int, NDArray[np.float64]] = {}
    if job.guide.takes_vertices(marked=bool(job.landmarks)):
        others = {index: _as_filed(job, results, shapes, index) for index in range(1, len(shapes))}
        goals = {index: other.vertices for index, other in others.items() if same_faces(first, other)}
    return own_mesh(first, goals)


def _as_filed(job: Job, results: ResultsFolder, shapes: list[Shape], index: int) -> Shape:
    """A shape with the vertices that its file has, at the place that the job's placement gave it."""
    shape, placed = read_shape(results.path / job.shapes[index].path, shapes[index].name), shapes[index].matrix
    return dataclasses.replace(shape, vertices=shape.vertices @ placed[:3, :3].T + placed[:3, 3])


def _write(tracked: Track, layers: dict[str, NDArray[np.generic]], results: ResultsFolder) -> None:
    # Named as the add-on's shapes name them, and not as frames do: the vertices are those of the source, which has the
    # faces that belong to them. A mesh that is no shape's own brings its faces along.
    arrays = {"positions": tracked.positions, "times": tracked.times, "triangles": tracked.triangles, **layers}
    if tracked.faces is not None:
        arrays["faces"] = tracked.faces
    with written_whole(results.keys) as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]
