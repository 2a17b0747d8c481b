"""Which shapes are morphed, how they are placed before it begins, and where their distances are measured."""

from __future__ import annotations

from dataclasses import dataclass

from ..setting_kinds import choice, flag, number, text

MAXIMUM_SHAPES = 16


@dataclass
class ShapeInput:
    """One shape of the chain: a mesh file, or an .npz of the add-on; relative paths are relative to the job file."""

    path: str = text(label="File", description="Mesh file (STL, OBJ, PLY, GLB, OFF, …) or .npz with the shape")
    name: str = text(label="Name", description="What the shape is called in messages and reports")
    up: str = choice(
        "auto",
        {
            "auto": "As is the custom of its format: y in OBJ and GLB, z in STL, .npz and the PLY that Blender writes; "
            "others lie as they are",
            "y": "y is up",
            "z": "z is up",
        },
        label="Up Axis",
        description="Which axis of the file is up; a shape with another one than the first shape's is turned",
    )


@dataclass
class Placement:
    """Whether a shape is moved before the morph begins; the result then starts or ends at the moved place."""

    centre: bool = flag(False, label="Centre", description="Move every shape's centre onto the first shape's")
    scale: str = choice(
        "none",
        {
            "none": "Keep every shape's size",
            "volume": "Scale every shape to the first one's volume",
            "size": "Scale every shape to the first one's bounding-box diagonal",
        },
        label="Scale",
        description="Make the shapes equally large",
    )
    rotate: str = choice(
        "none",
        {
            "none": "Keep every shape's orientation",
            "axes": "Turn principal axes onto the first shape's; of all proper sign choices the closest fit is taken",
        },
        label="Rotate",
        description="Turn the shapes so that they lie alike",
    )


@dataclass
class Sampling:
    """Where distances are measured."""

    points: int = number(
        60_000, 2_000, 4_000_000, label="Samples", unit="per shape", description="Distance samples taken of each shape"
    )
    near: float = number(
        0.9, 0.0, 1.0, label="Near Share", description="Share of the samples taken close to the surface"
    )
    shell: float = number(
        0.5,
        0.01,
        10.0,
        label="Shell Thickness",
        unit="% of diagonal",
        description="Thickness given to open surfaces: to what encloses nothing, and to what one looks into",
    )
    openings: str = choice(
        "auto",
        {
            "auto": "What one looks into from above or from a side stays open, as a cup does, and gets the Shell "
            "Thickness; other holes get lids",
            "closed": "Every hole gets a lid",
            "open": "Nothing gets a lid; every open surface gets the Shell Thickness",
        },
        label="Openings",
        description="What becomes of holes in surfaces that are not closed",
    )
    repair: bool = flag(True, label="Repair", description="Mend inconsistent orientation and degenerate faces")
    union: bool = flag(True, label="Union", description="Merge overlapping closed parts, so that inner walls vanish")
