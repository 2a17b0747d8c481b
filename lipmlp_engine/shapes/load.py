"""From a job's entries to shapes with an inside: read, mend, close, merge, place; knows nothing of training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..errors import ShapeError
from ..job import Job
from ..sections import Sampling
from .axes import lay_alike
from .openings import close
from .place import enclosed_volume, place
from .read import check_shape, read_shape
from .repair import drop_collapsed, drop_duplicates, orient, weld
from .shape import Shape
from .union import merge_overlaps

_LEAST_VOLUME = 1e-9
"""Of the cube of the diagonal: less is rounding, not an inside."""


def load_shapes(job: Job, base: Path, notify: Callable[[str], None]) -> list[Shape]:
    """The job's shapes, ready to be morphed; ``notify`` is told in a sentence each what was done to them."""
    found = lay_alike([read_shape(base / entry.path, entry.name) for entry in job.shapes], job.shapes, base)
    shapes = place([prepare(shape, job.sampling) for shape in found], job.placement)
    for shape in shapes:
        for note in shape.notes:
            notify(f"'{shape.name}': {note}.")
    return shapes


def prepare(shape: Shape, sampling: Sampling) -> Shape:
    """A surface as found, turned into one that has an inside."""
    shape = drop_collapsed(weld(shape))
    check_shape(shape)
    if sampling.repair:
        shape = orient(drop_duplicates(shape))
    shape = close(shape, sampling.shell)
    if sampling.union:
        shape = merge_overlaps(shape)
    shape = weld(shape)
    volume = enclosed_volume(shape)
    if volume < -_LEAST_VOLUME * shape.diagonal**3:
        raise ShapeError(f"'{shape.name}' faces inwards; switch Repair on or recalculate its normals to the outside.")
    if volume < _LEAST_VOLUME * shape.diagonal**3:
        raise ShapeError(f"'{shape.name}' encloses nothing, its sides lie on each other; give it thickness (Solidify).")
    return shape
