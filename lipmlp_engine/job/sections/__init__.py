"""The sections of a job: each setting with its default, range, unit and description, written once.

Standard library only. Defaults are those of the Standard preset; the panel, the command line and the job file are made
from these. A new setting is a field in its section's module; nothing else has to know.
"""

from __future__ import annotations

from typing import Any

from .extraction import COARSEST, KEY_SETTINGS, Extraction
from .guide import Guide
from .network import BOUNDED_FAMILIES, Network
from .output import Output
from .points import FEWEST_POINTS, Points
from .shapes import MAXIMUM_SHAPES, Placement, Sampling, ShapeInput
from .training import MACHINE_SETTINGS, Training

__all__ = [
    "BOUNDED_FAMILIES",
    "COARSEST",
    "FEWEST_POINTS",
    "KEY_SETTINGS",
    "MACHINE_SETTINGS",
    "MAXIMUM_SHAPES",
    "SECTIONS",
    "Extraction",
    "Guide",
    "Network",
    "Output",
    "Placement",
    "Points",
    "Sampling",
    "ShapeInput",
    "Training",
]

SECTIONS: dict[str, type[Any]] = {
    "placement": Placement,
    "points": Points,
    "sampling": Sampling,
    "network": Network,
    "guide": Guide,
    "training": Training,
    "extraction": Extraction,
    "output": Output,
}
