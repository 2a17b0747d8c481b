"""Builds a result in the scene with the chosen writer: all data first, links last, and nothing left after a failure."""

from __future__ import annotations

from collections.abc import Generator

import bpy

from .spec import EASINGS, WRITERS, ResultSpec

__all__ = ["EASINGS", "WRITERS", "ResultSpec", "write_result", "write_result_in_slices"]


def write_result(context: bpy.types.Context, spec: ResultSpec, writer: str = "SEQUENCE") -> bpy.types.Object:
    """Build the result in one go and return its object."""
    slices = write_result_in_slices(context, spec, writer)
    while True:
        try:
            next(slices)
        except StopIteration as finished:
            return finished.value


def write_result_in_slices(
    context: bpy.types.Context, spec: ResultSpec, writer: str = "SEQUENCE"
) -> Generator[float, None, bpy.types.Object]:
    """As ``write_result``, yielding the finished share (0 to 1) after every frame; the generator's value is the object."""
    raise NotImplementedError
    yield 0.0
