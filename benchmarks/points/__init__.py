"""Surfaces from clouds of points, beside rivals."""
