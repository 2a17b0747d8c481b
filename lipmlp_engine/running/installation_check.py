"""Examines the installation: packages, devices, and a morph of ten seconds that shows how fast they are.

Imports nothing heavy before it knows that it is there.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import logging
import platform
import re
import sys
import time
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .. import FOLDER, __version__
from ..job.description import Job
from ..job.errors import Cancelled, EngineError
from ..job.events import PROTOCOL, Progress
from ..job.sections import ShapeInput
from ..machine.devices import Device, available_devices
from .channel import Audience
from .failures import failure_of

if TYPE_CHECKING:
    from ..model.trained_morph import Morph
    from ..shapes import Shape

TRAINING_STEPS = 200
TRAINING_LIMIT = 5.0
"""Seconds after which the trial training is stopped; its rate is known by then."""
DISTANCES = 200_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Figure:
    """One thing the self-test has measured."""

    name: str
    value: float
    unit: str


@dataclass
class Findings:
    """What the examination found."""

    engine: str = __version__
    protocol: int = PROTOCOL
    python: str = field(default_factory=platform.python_version)
    executable: str = sys.executable
    system: str = field(default_factory=lambda: f"{platform.system()} {platform.machine()}")
    packages: dict[str, str | None] = field(default_factory=dict)
    """Version of every package that the engine needs, None where it is missing."""
    devices: list[Device] = field(default_factory=list)
    self_test: list[Figure] = field(default_factory=list)
    healthy: bool = False
    message: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "torch": self.packages.get("torch") or ""}


def examine(self_test: bool = True) -> Findings:
    """Look at everything; what is wrong is in the findings' message, never raised."""
    findings = Findings()
    needed = needed_packages()
    findings.packages = {_name_of(package): _installed(_name_of(package)) for package in needed}
    missing = [package for package in needed if findings.packages[_name_of(package)] is None]
    if missing:
        wanted = " ".join(f'"{package}"' for package in missing)
        findings.message = f"Something is missing; install it with: {sys.executable} -m pip install {wanted}"
        return findings
    try:
        findings.devices = available_devices()
        if self_test:
            findings.self_test = try_out()
    except Exception as error:
        log.info("The examination failed", exc_info=error)
        findings.message = str(failure_of(error))
        return findings
    findings.healthy = True
    findings.message = "Everything is here and works."
    return findings


def needed_packages() -> list[str]:
    """The packages that the engine needs, as pip takes them; named in one place, of which a copy goes everywhere."""
    listed = FOLDER / "requirements.txt"
    if listed.is_file():
        return listed.read_text(encoding="utf-8").split("\n")[:-1]
    project = FOLDER.parent / "pyproject.toml"
    if project.is_file():
        return list(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"])
    try:
        listed_there = importlib.metadata.requires("lipmlp-engine") or []
        return [package for package in listed_there if "extra ==" not in package]  # nobody has to have those
    except importlib.metadata.PackageNotFoundError as error:
        raise EngineError(f"This copy of the engine is incomplete: {listed} is missing.") from error


def try_out() -> list[Figure]:
    """Distances, training steps and extraction on two simple shapes, each with its rate."""
    import numpy as np

    from ..machine.device_choice import choose_device
    from ..shapes.distance import DistanceField
    from ..surface.frame_assembly import frame_at

    ball, ring = ball_and_ring()
    job = Job(shapes=[ShapeInput("ball", "ball"), ShapeInput("ring", "ring")])
    device = choose_device(job.training.device).type
    points = np.random.default_rng(0).uniform(-1, 1, (DISTANCES, 3)).astype(np.float32)
    distances = DistanceField(ring.vertices, ring.triangles, device=device)
    distances.signed(points[:1000])
    started = time.monotonic()
    distances.signed(points)
    figures = [Figure("distances", DISTANCES / (time.monotonic() - started), "points/s")]
    morph, rate = _try_training(job, [ball, ring])
    figures.append(Figure("training", rate, "steps/s"))
    if morph is not None:
        extraction = dataclasses.replace(job.extraction, attributes=False)
        started = time.monotonic()
        frame = frame_at(morph, 0.5, extraction)
        figures.append(Figure("extraction", len(frame.vertices) / (time.monotonic() - started), "vertices/s"))
    return figures


def _try_training(job: Job, shapes: list[Shape]) -> tuple[Morph | None, float]:
    """A short unguided training, and its steps per second."""
    from .method import train

    job = dataclasses.replace(
        job,
        sampling=dataclasses.replace(job.sampling, points=20_000),
        guide=dataclasses.replace(job.guide, kind="none"),
        training=dataclasses.replace(job.training, steps=TRAINING_STEPS),
    )
    audience = Audience()
    watch = {"started": 0.0, "rate": 0.0}

    def hear(message: object) -> None:
        if isinstance(message, Progress) and message.phase == "train":
            now = time.monotonic()
            started = watch["started"] = watch["started"] or now
            if now > started:
                watch["rate"] = message.fraction * TRAINING_STEPS / (now - started)
            if now - started > TRAINING_LIMIT:
                audience.stop()

    try:
        return train(job, shapes, hear, audience.stopping), watch["rate"]
    except Cancelled:
        return None, watch["rate"]


def ball_and_ring(rows: int = 60) -> tuple[Shape, Shape]:
    """Two closed shapes of different topology."""
    import numpy as np

    from ..shapes import Shape

    turn, roll = np.meshgrid(*[np.arange(rows) * 2 * np.pi / rows] * 2, indexing="ij")
    across = 0.5 + 0.2 * np.cos(roll)
    ring = np.stack([across * np.cos(turn), across * np.sin(turn), 0.2 * np.sin(roll)], -1).reshape(-1, 3)
    index = np.arange(rows * rows).reshape(rows, rows)
    east, north = np.roll(index, -1, 0), np.roll(index, -1, 1)
    both = np.roll(east, -1, 1)
    quads = np.stack([index, east, both, north], -1).reshape(-1, 4)
    triangles = quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3).astype(np.int32)
    corners, sides = _octahedron()
    return Shape("ball", corners, sides), Shape("ring", ring, triangles)


def _octahedron() -> tuple[Any, Any]:
    """An octahedron, subdivided onto the sphere."""
    import numpy as np

    corners = [np.array(c, float) for c in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))]
    sides = np.array([(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)])
    vertices = np.array(corners)
    for _ in range(4):
        edges = np.sort(sides[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
        unique, which = np.unique(edges, axis=0, return_inverse=True)
        middle = len(vertices) + which.reshape(-1, 3)
        vertices = np.concatenate([vertices, vertices[unique].mean(axis=1)])
        a, b, c = sides.T
        ab, bc, ca = middle.T
        sides = np.concatenate([np.stack(t, 1) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])
    vertices *= 0.6 / np.linalg.norm(vertices, axis=1, keepdims=True)
    return vertices, sides.astype(np.int32)


def _name_of(package: str) -> str:
    """The name in a requirement."""
    return re.split(r"[<>=!~;\[ ]", package, maxsplit=1)[0]


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
