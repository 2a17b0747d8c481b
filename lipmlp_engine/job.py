"""The job description: everything a morph depends on, written once and read by the engine, the shell and the add-on.

Standard library only: the add-on imports this inside Blender, where there is no torch, and the engine where there is
no bpy. Defaults are those of the Standard preset.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import JobError
from .settings import check_section, choice, flag, number, section_from_dict, text
from .timing import check_timing, timed

JOB_VERSION = 1
MAXIMUM_SHAPES = 16
BOUNDED_FAMILIES = ("orthogonal", "sll")
"""Families of networks whose slope in space is bounded by ``network.coefficient`` whatever their weights are."""


@dataclass
class ShapeInput:
    """One shape of the chain: a mesh file, or an .npz of the add-on; relative paths are relative to the job file."""

    path: str = text(label="File", description="Mesh file (STL, OBJ, PLY, GLB, OFF, …) or .npz with the shape")
    name: str = text(label="Name", description="What the shape is called in messages and reports")


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
        100_000, 2_000, 4_000_000, label="Samples", unit="per shape", description="Distance samples taken of each shape"
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
        "is at most 1 and it shows distances too short by this factor: 1 gives the longest safe steps",
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
        "transport",
        {
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
        4_500, 0, 1_000_000, label="Steps", unit="steps", description="Training steps; 0 leaves it to the time budget"
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
        128, 32, 512, label="Resolution", unit="cells", description="Cells along the longest side", advanced=False
    )
    faces: str = choice(
        "quads",
        {"quads": "Surface nets: even quads that subdivide well", "triangles": "Triangles"},
        label="Faces",
        description="What the frames are made of",
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
    "sampling": Sampling,
    "network": Network,
    "guide": Guide,
    "training": Training,
    "extraction": Extraction,
    "output": Output,
}

KEY_SETTINGS = ("template", "key_tolerance", "key_vertices")
"""Settings of the extraction that concern shape keys and no frame; whether keys are made at all is another."""

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "draft": {
        "sampling": {"points": 40_000},
        "training": {"steps": 900},
        "extraction": {"resolution": 64},
    },
    "standard": {},
    "final": {
        "sampling": {"points": 1_000_000},
        "network": {"width": 256},
        "training": {"steps": 20_000, "batch": 16_384},
        "extraction": {"frames": 48, "resolution": 256},
    },
    "paper": {
        "sampling": {"near": 0.0},
        "guide": {"kind": "none"},
        "training": {"recipe": "paper", "steps": 100_000, "batch": 512, "rate": 1e-4, "smoothness": 1e-6},
    },
}
PRESET_DESCRIPTIONS = {
    "draft": "A look at the motion in seconds",
    "standard": "Good enough to keep: under a minute on a laptop",
    "final": "Finest detail; best on a GPU",
    "paper": "The research recipe of Liu et al. (2022), for comparison: slow, and nothing guides its in-between",
}


@dataclass
class Job:
    """Shapes in their order along the chain, shape k at time k, and every setting."""

    shapes: list[ShapeInput] = field(default_factory=list)
    landmarks: list[list[list[float] | None]] = field(default_factory=list)
    """Each landmark is one world-space point per shape, or None where a shape has no such point."""
    times: list[float] = field(default_factory=list)
    """Explicit times of the frames; empty means evenly spaced as the extraction section says."""
    timing: list[list[float]] = field(default_factory=list)
    """When the frames are at which time, as `timing.py` says; empty means steadily on."""
    placement: Placement = field(default_factory=Placement)
    sampling: Sampling = field(default_factory=Sampling)
    network: Network = field(default_factory=Network)
    guide: Guide = field(default_factory=Guide)
    training: Training = field(default_factory=Training)
    extraction: Extraction = field(default_factory=Extraction)
    output: Output = field(default_factory=Output)

    @classmethod
    def preset(cls, name: str, **parts: Any) -> Job:
        """A job with a preset's settings: ``Job.preset("draft", shapes=[…])``."""
        if name not in PRESETS:
            raise JobError(f"There is no preset '{name}'; choose one of {', '.join(PRESETS)}.")
        job = cls(**parts)
        for section, values in PRESETS[name].items():
            setattr(job, section, dataclasses.replace(getattr(job, section), **values))
        return job

    def check(self) -> None:
        """Refuse what cannot be run, in one sentence that names the value and what is allowed."""
        if not 2 <= len(self.shapes) <= MAXIMUM_SHAPES:
            raise JobError(f"A morph takes 2 to {MAXIMUM_SHAPES} shapes; this job has {len(self.shapes)}.")
        for index, shape in enumerate(self.shapes):
            check_section(shape, f"shapes[{index}]")
            if not shape.path:
                raise JobError(f"shapes[{index}] has no path.")
        for name in SECTIONS:
            check_section(getattr(self, name), name)
        if self.training.steps == 0 and self.training.seconds == 0:
            raise JobError("training.steps and training.seconds are both 0; set one of them.")
        last = len(self.shapes) - 1
        if not self.extraction.start <= self.last_time <= last or (
            self.extraction.end and self.last_time <= self.extraction.start
        ):
            raise JobError(f"extraction.start and extraction.end must rise and lie between 0 and {last}.")
        for time in self.times:
            if not isinstance(time, (int, float)) or not math.isfinite(time) or not 0 <= time <= last:
                raise JobError(f"times holds {time!r}; times must lie between 0 and {last}.")
        if self.timing:
            check_timing(self.timing, self.extraction.start, self.last_time)
        if self.training.loss != "distance" and self.network.family not in BOUNDED_FAMILIES:
            raise JobError(
                f"training.loss '{self.training.loss}' learns from labels, which needs a network.family that is "
                f"Lipschitz by construction: {' or '.join(BOUNDED_FAMILIES)}."
            )
        for row, points in enumerate(self.landmarks):
            self._check_landmark(row, points)

    def _check_landmark(self, row: int, points: Any) -> None:
        if not isinstance(points, list) or len(points) != len(self.shapes):
            raise JobError(f"landmarks[{row}] must have one point (or null) for each of the {len(self.shapes)} shapes.")
        given = [point for point in points if point is not None]
        if len(given) < 2:
            raise JobError(f"landmarks[{row}] must name a point on at least two shapes.")
        for point in given:
            if (
                not isinstance(point, list)
                or len(point) != 3
                or not all(isinstance(value, (int, float)) and math.isfinite(value) for value in point)
            ):
                raise JobError(f"landmarks[{row}] must hold points of three finite coordinates.")

    @property
    def last_time(self) -> float:
        """The time of the last frame."""
        return self.extraction.end if self.extraction.end else float(len(self.shapes) - 1)

    def frame_times(self) -> list[float]:
        """The times at which surfaces are extracted, rising or as explicitly given."""
        if self.times:
            return [float(time) for time in self.times]
        if self.timing:
            return timed(self.timing, self.extraction.frames)
        count, start, end = self.extraction.frames, self.extraction.start, self.last_time
        return [start + (end - start) * index / (count - 1) for index in range(count)]

    def to_dict(self) -> dict[str, Any]:
        return {"version": JOB_VERSION, **dataclasses.asdict(self)}

    @classmethod
    def from_dict(cls, values: Any) -> Job:
        """Read a job back; whatever is left out has its default, whatever is unknown is refused by name."""
        if not isinstance(values, Mapping):
            raise JobError("A job must be a JSON object.")
        values = dict(values)
        version = values.pop("version", JOB_VERSION)
        if version != JOB_VERSION:
            raise JobError(
                f"The job is of version {version}; this engine reads version {JOB_VERSION}: update the older one."
            )
        known = {entry.name for entry in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise JobError(f"A job has no entry called '{unknown[0]}'; it knows {', '.join(sorted(known))}.")
        for name in ("shapes", "landmarks", "times", "timing"):
            if not isinstance(values.get(name, []), list):
                raise JobError(f"{name} must be a list.")
        job = cls(
            shapes=[
                section_from_dict(ShapeInput, entry, f"shapes[{i}]") for i, entry in enumerate(values.get("shapes", []))
            ],
            landmarks=values.get("landmarks", []),
            times=values.get("times", []),
            timing=values.get("timing", []),
            **{name: section_from_dict(kind, values.get(name, {}), name) for name, kind in SECTIONS.items()},
        )
        job.check()
        return job

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        """Read a job file."""
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise JobError(f"The job file {path} cannot be read: {error.strerror or error}.") from error
        except ValueError as error:
            raise JobError(f"The job file {path} is not valid JSON: {error}.") from error

    def training_hash(self) -> str:
        """A fingerprint of all that decides the trained model; extraction and output leave it unchanged."""
        values = self.to_dict()
        for name in ("extraction", "output", "times", "timing"):
            del values[name]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
