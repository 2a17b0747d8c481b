"""Makes a results folder's shape keys where they are wanted and hold, and says what became of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .errors import ShapeError
from .job import Job
from .metrics.topology import TopologyOverTime
from .metrics.tracking import Tracking, measure_keys, measure_targets, why_topology_fails, why_tracking_fails
from .morph import Morph
from .results import ResultsFolder
from .shapes.read import read_shape
from .shapes.shape import Shape
from .surface.key_layers import SERIOUS, layers_of_shapes, trouble_of
from .surface.track import Track, track
from .whole_file import written_whole

TOLD = 0.1
"""Percentage of turned faces from which on they are worth a word."""


def make_keys(
    job: Job,
    results: ResultsFolder,
    topology: TopologyOverTime,
    shapes: list[Shape],
    morph: Morph,
    notify: Callable[[float], None],
) -> Tracking:
    """Carry the first shape's mesh, as its file has it, through the chain, and write keys.npz unless it fails."""
    anyway = job.extraction.keys == "always"
    reason = why_topology_fails(topology, shapes[0])
    if reason and not anyway:
        return Tracking(kept=False, sentence=f"There are no shape keys, because {reason}; the frames show the morph.")
    try:
        template = _template(job, results, shapes[0])
    except ShapeError as error:
        return Tracking(kept=False, sentence=f"There are no shape keys: {error}")
    tracked = track(morph, template, shapes, job.training.threads, notify)
    keys = measure_keys(tracked, morph, shapes[0].diagonal)
    targets = measure_targets(tracked, shapes, job.training.threads)
    reason = reason or why_tracking_fails(tracked, keys, shapes[0].name)
    kept, troubled = anyway or not reason, 0
    if kept:
        trouble = trouble_of(tracked, morph, shapes[0].diagonal)
        troubled = int((trouble >= SERIOUS).sum())
        layers = layers_of_shapes(tracked, shapes, job.training.threads) if job.extraction.attributes else {}
        _write(tracked, trouble, layers, results)
        far = max((target.mean for target in targets), default=0.0)
        sentence = (
            f"{len(keys)} shape keys carry '{shapes[0].name}' to within {far:.2g} % of the diagonal of its target"
        )
        turned = max(key.flipped for key in keys)
        sentence += f", with at worst {turned:.1f} % of the faces turned over" if turned >= TOLD else ""
        sentence += f"; they are a best effort, because {reason}." if reason else "."
    else:
        sentence = f"There are no shape keys, because {reason}; the frames show the morph."
    return Tracking(kept, sentence, len(template.vertices), keys, targets, troubled)


def _template(job: Job, results: ResultsFolder, first: Shape) -> Shape:
    """The first shape's mesh with the vertices that its file has, placed as the job's placement placed it."""
    shape = read_shape(results.path / job.shapes[0].path, first.name)
    placed = shape.vertices @ first.matrix[:3, :3].T + first.matrix[:3, 3]
    return dataclasses.replace(shape, vertices=placed)


def _write(
    tracked: Track, trouble: NDArray[np.float32], layers: dict[str, NDArray[np.generic]], results: ResultsFolder
) -> None:
    # Named as the add-on's shapes name them, and not as frames do: the vertices are those of the source, which has the
    # faces that belong to them.
    with written_whole(results.keys) as stream:
        np.savez(
            stream,
            positions=tracked.positions,
            times=tracked.times,
            triangles=tracked.triangles,
            trouble=trouble,
            **layers,  # type: ignore[arg-type]
        )
