"""Shapes: what is morphed, as surfaces that have an inside; knows nothing of networks."""

from .shape import Shape

__all__ = ["Shape"]
