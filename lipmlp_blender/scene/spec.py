"""What a result is to be: plain data that the operators fill in and the writers read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from .gather import ShapeSlots

LAST_FRAME = 1_048_574
"""Blender's timeline ends there, and begins at its opposite."""

EASINGS = {
    "LINEAR": "Steady speed",
    "EASE": "Starts and ends gently",
    "EASE_IN": "Starts gently",
    "EASE_OUT": "Ends gently",
}
"""Value → description, in the order in which a menu shows them."""

WRITERS = {
    "SEQUENCE": "One object that plays the frames through geometry nodes; any topology",
    "VISIBILITY": "One object per frame with keyed visibility, for exporters and other programs",
    "SHAPE_KEYS": "Shape keys on a copy of the first shape; its UVs, weights and materials stay alive",
}
"""Value → description, in the order in which a menu shows them."""

AUTOMATIC = "AUTOMATIC"
RESULTS = {
    "SEQUENCE": WRITERS["SEQUENCE"],
    "SHAPE_KEYS": WRITERS["SHAPE_KEYS"],
    AUTOMATIC: "Shape keys where the number of parts and holes stays the same, else a sequence; the panel says why",
    "VISIBILITY": WRITERS["VISIBILITY"],
}
"""What can be wished for → description, in the order in which a menu shows them."""

KEY_MODES = {
    "ABSOLUTE": "Evaluation Time, keyed: straight through all keys, one after the other",
    "RELATIVE": "One property, Morph, drives the keys' values: for exporters, drivers and the NLA",
}
"""Value → description, in the order in which a menu shows them."""

MODEL_PLACES = {
    "BESIDE_FILE": "In the job's folder: beside the .blend where that is saved, else in the add-on's user folder",
    "PACKED": "In the .blend as well, with the shapes, so that Re-Extract needs nothing but this file",
}
"""Value → description, in the order in which a menu shows them."""


@dataclass
class ResultSpec:
    """Everything a writer needs; every path must exist, every name may have vanished meanwhile."""

    name: str = "Morph"
    frame_paths: list[Path] = field(default_factory=list)
    """The frames' .npz files in the order of time; used by SEQUENCE and VISIBILITY."""
    keys_path: Path | None = None
    """The .npz with ``positions`` (K, n, 3) and ``times`` (K,), and ``faces`` where it has a topology of its own."""
    frame_start: int = 1
    frame_end: int = 48
    easing: str = "EASE"
    hold: int = 0
    """Frames to rest at either end, within the range."""
    rests: list[int] = field(default_factory=list)
    """Frames to rest at each inner shape, second to last but one; 0, or nothing, passes it."""
    ping_pong: bool = False
    sources: list[str] = field(default_factory=list)
    """Names of the source objects, first to last."""
    slots: list[ShapeSlots] = field(default_factory=list)
    """Materials and colours of the sources, first to last."""
    smooth: bool = True
    velocity: bool = True
    subframes: bool = True
    hide_sources: bool = True
    blend_materials: bool = True
    relative_keys: bool = False
    pack_model: bool = False
    """Keep the model inside the .blend as well."""
    notes: list[str] = field(default_factory=list)
    """What is to be said of the result beside what its writer finds out, a sentence each."""
    job_folder: Path | None = None
    model_path: Path | None = None
