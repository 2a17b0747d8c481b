"""Which surfaces are taken out of the trained function, and which shape keys."""

from __future__ import annotations

from dataclasses import dataclass

from ..setting_kinds import choice, flag, number
from .shapes import MAXIMUM_SHAPES


@dataclass
class Extraction:
    """Which surfaces are taken out of the trained function."""

    frames: int = number(
        24, 2, 10_000, label="Frames", unit="frames", description="Frames, evenly spaced in time", advanced=False
    )
    resolution: int = number(
        0,
        0,
        1024,
        label="Resolution",
        unit="cells",
        description="Cells along the side of the cube around the morph; 0 (Auto) takes what the shapes need, within "
        "the budget of vertices",
        advanced=False,
    )
    budget: int = number(
        50_000,
        1_000,
        5_000_000,
        label="Vertex Budget",
        unit="vertices",
        description="About the most vertices that a frame may have where the resolution is left to the shapes; where "
        "edges are finer than its cells it may have 3,000 more",
    )
    faces: str = choice(
        "quads",
        {"quads": "Surface nets: even quads that subdivide well", "triangles": "Triangles"},
        label="Faces",
        description="What the frames are made of",
    )
    detail: str = choice(
        "shapes",
        {
            "shapes": "What the network lacks is taken from the shapes, so that each is itself at its own time",
            "network": "The trained function as it is",
        },
        label="Detail",
        description="Where the surface's fine detail comes from",
    )
    least_part: float = number(
        0.01,
        0.0,
        10.0,
        label="Least Part",
        unit="% of volume",
        description="Specks and bubbles below this are left out, unless a shape has a part as small, and so are "
        "handles of a few cells that no shape has; 0 keeps them",
    )
    velocity: bool = flag(True, label="Velocity", description="Store how fast each vertex moves, for motion blur")
    attributes: bool = flag(True, label="Attributes", description="Carry colours and materials of the shapes")
    start: float = number(
        0.0, 0.0, float(MAXIMUM_SHAPES - 1), label="From", description="First time; shape k of the chain sits at time k"
    )
    end: float = number(
        0.0,
        0.0,
        float(MAXIMUM_SHAPES - 1),
        label="To",
        description="Last time; 0 means the last shape of the chain",
    )
    keys: str = choice(
        "none",
        {
            "none": "Frames only",
            "auto": "Where the number of parts and handles stays the same from the first shape to the last",
            "always": "Whatever becomes of the surface; the report says where it fails",
        },
        label="Shape Keys",
        description="Whether one mesh is carried through the whole morph as well",
    )
    template: str = choice(
        "source",
        {
            "source": "The first shape's own mesh: its UVs, weights and materials stay alive, its narrow faces too",
            "remesh": "A clean new mesh of even faces, taken where the morph has most surface and carried both ways",
        },
        label="Shape Key Mesh",
        description="Which mesh the shape keys move",
    )
    key_tolerance: float = number(
        0.2,
        0.01,
        5.0,
        label="Shape Key Tolerance",
        unit="% of diagonal",
        description="How far straight ways between two shape keys may lead past the true way; less makes more keys",
    )
    key_vertices: int = number(
        200_000,
        100,
        5_000_000,
        label="Shape Key Vertices",
        unit="vertices",
        description="Most vertices that a mesh with shape keys may have; a larger one becomes a sequence",
    )


COARSEST = 32
"""Cells that a resolution which is asked for must have."""
KEY_SETTINGS = ("template", "key_tolerance", "key_vertices")
"""Settings of the extraction that concern shape keys and no frame; whether keys are made at all is another."""
