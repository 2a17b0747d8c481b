"""Shapes: what is morphed, read from files and made fit to have an inside; knows nothing of networks."""

from .load import load_shapes
from .shape import Shape

__all__ = ["Shape", "load_shapes"]
