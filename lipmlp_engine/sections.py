"""The sections of a job: each setting with its default, range, unit and description, written once.

Standard library only. Defaults are those of the Standard preset; the panel, the command line and the job file are made
from these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .points.section import Points
from .settings import choice, flag, number, text

MAXIMUM_SHAPES = 16
FEWEST_POINTS = 40
"""Points below which no surface can be told."""
BOUNDED_FAMILIES = ("orthogonal", "sll")
"""Families of networks whose slope in space is bounded by ``network.coefficient`` whatever their weights are."""


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
        description="Thickness given to open surfaces that enclose nothing",
    )
    repair: bool = flag(True, label="Repair", description="Mend inconsistent orientation and degenerate faces")
    union: bool = flag(True, label="Union", description="Merge overlapping closed parts, so that inner walls vanish")


@dataclass
class Network:
    """The function f(x, t) that is trained."""

    family: str = choice(
        "lipschitz",
        {
            "lipschitz": "Lipschitz MLP of the paper: a learned bound per layer, softly penalised",
            "plain": "Ordinary MLP, for comparison",
            "orthogonal": "1-Lipschitz by construction: orthogonal layers",
            "sll": "1-Lipschitz by construction: SDP-based residual layers",
        },
        label="Family",
        description="What kind of network represents the morph",
    )
    width: int = number(64, 8, 1024, label="Width", unit="neurons", description="Neurons in each hidden layer")
    depth: int = number(5, 1, 16, label="Depth", unit="layers", description="Hidden layers")
    activation: str = choice(
        "auto",
        {
            "auto": "What suits the family: ReLU, or the absolute value between orthogonal layers",
            "relu": "Fast and sharp",
            "tanh": "Smooth",
            "softplus": "Smooth ReLU",
            "sine": "Periodic, fits detail quickly",
            "groupsort": "Sorts pairs (MaxMin); keeps gradients at norm one",
            "absolute": "Absolute value; keeps gradients at norm one and is the fastest that does",
            "fullsort": "Sorts a whole layer; keeps gradients at norm one, slow",
            "householder": "Reflects pairs at learned angles; keeps gradients at norm one. Orthogonal family only",
        },
        label="Activation",
        description="Non-linearity between the layers; the SLL family always uses ReLU",
    )
    coefficient: float = number(
        1.4,
        0.1,
        10.0,
        label="Slope Bound",
        description="Bound on the slope in space of the families that are Lipschitz by construction, while they are "
        "trained: more gives finer detail in the same time. The finished function is divided by it, so that its slope "
        "is at most 1 and it shows distances too short by this factor or more: 1 gives the longest safe steps",
    )
    input_scale: float = number(
        1.0,
        0.1,
        100.0,
        label="Detail Scale",
        description="Scale of space before the first layer: larger allows finer detail at the same smoothness in time",
    )


@dataclass
class Guide:
    """What determines the in-betweens, which the two ends alone do not."""

    kind: str = choice(
        "auto",
        {
            "auto": "Poses where the shapes are surely poses of one shape, transport else",
            "poses": "Swing limbs: match the shapes as poses of one shape and keep lengths on the way; "
            "transport where they do not match at all",
            "transport": "Carry the shape along a smooth flow that moves as little as it can",
            "none": "Leave the in-between to the network alone, as in the paper",
        },
        label="Guide",
        description="What shapes the in-between",
        advanced=False,
    )
    turn: str = choice(
        "auto",
        {
            "auto": "Turn only where a rotation explains the target almost exactly",
            "never": "Never turn; move, scale and deform only",
            "always": "Turn by the best-fitting rotation",
        },
        label="Rotation",
        description="Whether the in-between turns the shape as a whole",
    )
    rigidity: float = number(
        0.5,
        0.0,
        1.0,
        label="Rigidity",
        description="0 lets every part flow freely, 1 keeps the shape as stiff as it can be",
        advanced=False,
    )
    volume: float = number(
        0.5,
        0.0,
        1.0,
        label="Volume",
        description="How strictly the in-between keeps to a steady volume",
        advanced=False,
    )
    correspondence: str = choice(
        "none",
        {
            "none": "Find out which part becomes which",
            "vertices": "Each vertex becomes the vertex of the same number, for shapes that have the same faces: "
            "a second shape key, a sculpted copy",
        },
        label="Correspondence",
        description="Whether the shapes' vertices say which part becomes which",
    )
    share: float = number(
        0.35, 0.05, 0.9, label="Training Share", description="Share of the training spent on in-betweens"
    )


@dataclass
class Training:
    """How the network is fitted."""

    recipe: str = choice(
        "swift",
        {
            "swift": "L1 loss, samples near the surface, Muon and Adam with warm-up and cosine decay",
            "paper": "The paper's own: mean square error, uniform samples, Adam at a constant rate",
        },
        label="Recipe",
        description="Loss, optimiser and schedule",
    )
    loss: str = choice(
        "distance",
        {
            "distance": "Signed distances to the shapes",
            "hkr": "Inside or outside is all that is used: hinge Kantorovich-Rubinstein, for soups and scans",
            "hinge": "Inside or outside only: hinge",
            "crossentropy": "Inside or outside only: cross-entropy at a temperature",
        },
        label="Fitted To",
        description="What the network learns from; labels need a family that is Lipschitz by construction",
    )
    safety: float = number(
        0.2,
        0.0,
        1.0,
        label="Detail or Safety",
        description="When learning from labels: 0 follows the finest detail, 1 keeps a wide margin around the surface",
    )
    steps: int = number(
        1_500, 0, 1_000_000, label="Steps", unit="steps", description="Training steps; 0 leaves it to the time budget"
    )
    seconds: float = number(
        0.0, 0.0, 86_400.0, label="Time Budget", unit="s", description="Stop training after this time; 0 is no limit"
    )
    batch: int = number(2_048, 64, 1_048_576, label="Batch", unit="samples", description="Samples in one training step")
    rate: float = number(3e-3, 1e-6, 1.0, label="Learning Rate", description="Peak learning rate of Adam")
    smoothness: float = number(
        1e-7,
        0.0,
        1.0,
        label="Smoothness",
        description="Weight α of the product of the layers' bounds: more is smoother in space and time",
    )
    tolerance: float = number(
        0.0,
        0.0,
        10.0,
        label="Early Stop",
        unit="% of diagonal",
        description="Stop once the mean end error falls below this; 0 trains to the end",
    )
    seed: int = number(
        0, 0, 2_147_483_647, label="Seed", description="Same seed and device, same result", advanced=False
    )
    device: str = choice(
        "auto",
        {
            "auto": "The GPU where there is one, else the CPU",
            "cpu": "Processor",
            "cuda": "NVIDIA GPU",
            "mps": "Apple GPU (untested)",
        },
        label="Device",
        description="Where the network is trained",
        advanced=False,
    )
    threads: int = number(0, 0, 256, label="Threads", description="CPU threads; 0 uses every core")
    start_from: str = text("", label="Start From", description="Earlier model (model.safetensors) to go on from")


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
        description="About the most vertices that a frame may have where the resolution is left to the shapes",
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
        description="Specks and bubbles below this are left out, unless a shape has a part as small; 0 keeps them",
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


@dataclass
class Output:
    """What is written beside the frames."""

    folder: str = text("", label="Folder", description="Where results go; relative to the job file")
    preview_seconds: float = number(
        0.0, 0.0, 600.0, label="Preview Every", unit="s", description="Write a coarse preview this often; 0 writes none"
    )
    sequence: str = choice(
        "none",
        {"none": "Only the .npz frames", "ply": "PLY files", "obj": "OBJ files", "glb": "GLB files"},
        label="Sequence",
        description="Mesh files written beside the frames",
    )
    pictures: bool = flag(True, label="Pictures", description="Draw a contact sheet and a plot of the morph")
    film: bool = flag(False, label="Film", description="Write an .mp4 where ffmpeg is found")


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

COARSEST = 32
"""Cells that a resolution which is asked for must have."""
MACHINE_SETTINGS = ("start_from", "device", "threads")
"""Settings of the training that concern the machine it runs on and no trained model."""

KEY_SETTINGS = ("template", "key_tolerance", "key_vertices")
"""Settings of the extraction that concern shape keys and no frame; whether keys are made at all is another."""
