"""Lipschitz Morph's engine: shapes in, a smooth morph out; knows nothing of Blender and imports nothing heavy here."""

__version__ = "0.1.0"
