"""Lipschitz Morph's engine: shapes in, a smooth morph out; knows nothing of Blender and imports nothing heavy here."""

from pathlib import Path

__version__ = "0.1.0"
FOLDER = Path(__file__).parent
"""Where this copy of the engine lies, with its lists of packages."""
