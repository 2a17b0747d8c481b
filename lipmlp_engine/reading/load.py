"""From a job's entries to shapes with an inside: read, mend, close, merge, place; knows nothing of training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..job.description import Job
from ..job.errors import ShapeError
from ..job.sections import Sampling, Training
from ..job.sections.points import Points
from ..shapes.openings import close
from ..shapes.placement import enclosed_volume, lost_in_floats, place
from ..shapes.repair import drop_collapsed, drop_duplicates, orient, weld
from ..shapes.shape import Shape
from ..shapes.union import merge_overlaps
from ..shapes.up_axis import lay_alike, sure_ups
from .shape_files import check_shape, read_shape

if TYPE_CHECKING:
    from ..points.found_surface import Found

_LEAST_VOLUME = 1e-9
"""Of the cube of the diagonal: less is rounding, not an inside."""


def load_shapes(
    job: Job, base: Path, notify: Callable[[str], None], check: Callable[[float], None] = lambda _: None
) -> list[Shape]:
    """The job's shapes, ready to be morphed; ``notify`` is told in a sentence each what was done to them.

    ``check`` is called with how much is done of what takes time, and may raise to stop it.
    """
    read = (read_shape(base / entry.path, entry.name) for entry in job.shapes)
    found = [surface_of(shape, job.points, job.training, check) for shape in read]
    laid = lay_alike(found, job.shapes, base)
    ups = sure_ups(job.shapes, base)
    shapes = place([prepare(shape, job.sampling, up) for shape, up in zip(laid, ups, strict=True)], job.placement)
    for shape in shapes:
        for note in shape.notes:
            notify(f"'{shape.name}': {note}.")
    if lost_in_floats(shapes[0]):
        notify(
            f"'{shapes[0].name}' lies too far from the origin for frames, whose coordinates have seven digits; move it "
            "nearer."
        )
    return shapes


def surface_of(
    shape: Shape, points: Points, training: Training, check: Callable[[float], None] = lambda _: None
) -> Shape:
    """The shape with a surface through its points; as it is where it has one."""
    return shape if shape.cloud is None else with_surface(shape, found_surface(shape, points, training, check))


def found_surface(
    shape: Shape, points: Points, training: Training, check: Callable[[float], None] = lambda _: None
) -> Found:
    """What is found through the points of a shape that is a cloud, now or in an earlier run."""
    from ..points.kept_surfaces import digest_of, keep, kept, kept_folder
    from ..points.reconstruct import reconstruct

    assert shape.cloud is not None
    folder, digest = kept_folder(), digest_of(shape.cloud, points, training.seed, training.device)
    found = kept(folder, digest) if points.keep else None
    if found is not None:
        return replace(found, notes=[*found.notes, "took the surface that an earlier run had found"])
    found = reconstruct(
        shape.cloud,
        shape.name,
        points,
        seed=training.seed,
        device=training.device,
        threads=training.threads,
        notify=check,
    )
    if points.keep:
        keep(folder, digest, found)
    return found


def with_surface(shape: Shape, found: Found) -> Shape:
    """A cloud's shape, with the surface that was found instead of the points."""
    return Shape(shape.name, found.vertices, found.triangles, found.colors, notes=[*shape.notes, *found.notes])


def prepare(shape: Shape, sampling: Sampling, up: str = "z") -> Shape:
    """A surface as found, turned into one that has an inside.

    up: the axis, y or z, or nothing where it is not known.
    """
    shape = drop_collapsed(weld(shape))
    check_shape(shape)
    if sampling.repair:
        shape = orient(drop_duplicates(shape))
    shape = close(shape, sampling.shell, sampling.openings, up)
    if sampling.union:
        shape = merge_overlaps(shape)
    shape = weld(shape)
    volume = enclosed_volume(shape)
    if volume < -_LEAST_VOLUME * shape.diagonal**3:
        raise ShapeError(f"'{shape.name}' faces inwards; switch Repair on or recalculate its normals to the outside.")
    if volume < _LEAST_VOLUME * shape.diagonal**3:
        raise ShapeError(f"'{shape.name}' encloses nothing, its sides lie on each other; give it thickness (Solidify).")
    return shape
