"""What our pictures are drawn on and written with; imports nothing, so that a sheet of sheets costs nothing."""

from __future__ import annotations

PAPER = (0.953, 0.945, 0.929)
"""What the background shows, sRGB."""
INK = (74, 71, 66)
FAINT_INK = (140, 135, 127)
