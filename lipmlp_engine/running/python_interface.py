"""What Python programs and notebooks call: morphs out of shape files, frames out of morphs. Writes only what is asked.

It goes the way that every job goes, ``method.py``, and keeps nothing in folders of its own.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..files.mesh_frame import MeshFrame
from ..job.description import Job
from ..job.errors import JobError
from ..job.events import PHASES, Event, Notice, Progress
from ..job.sections import SECTIONS, ShapeInput
from ..machine.device_choice import choose_device
from ..model.trained_morph import Morph
from ..reading.load import load_shapes
from ..reading.vertex_matches import given_landmarks
from ..shapes import Shape
from . import method
from .account import Account
from .channel import Audience
from .progress import expected_seconds
from .terminal import Terminal

Hear = Callable[[float, str], object]
"""Told a fraction from 0 to 1, and what is going on or a note, as a sentence for people."""
TRAINING_PHASES = ("load", "guide", "sample", "train")


class TrainedMorph:
    """A trained morph: frames at any time, and the function behind them."""

    def __init__(self, model: Morph, shapes: list[Shape], notes: list[str]) -> None:
        self.model = model
        """All that was learned and settled."""
        self.shapes = shapes
        """As they were morphed: mended, closed, merged, placed."""
        self.notes = notes
        """What there was to say on the way, a sentence each."""

    def frames(
        self,
        times: int | Sequence[float] | None = None,
        *,
        progress: bool | Hear = True,
        **extraction: Any,
    ) -> list[MeshFrame]:
        """Surfaces of the morph: so many, evenly spaced from the first shape to the last, or at the given times.

        Shape k of the chain sits at time k. Settings of the job's section *extraction* may be given by name, as in
        ``frames(24, resolution=256, faces="triangles")``. The vertices are in the units and axes of the shapes.
        """
        wanted = {**dataclasses.asdict(self.model.job.extraction), **extraction}
        job = self.model.job.to_dict() | {"extraction": wanted}
        if isinstance(times, int):
            job |= {"times": [], "timing": [], "extraction": {**wanted, "frames": times}}
        elif times is not None:
            job |= {"times": [float(time) for time in times]}
        settled = Job.from_dict(job)
        chosen, found = settled.frame_times(), []
        with _told(progress, {"extract": 1.0}) as account, account.phase("extract"):
            coming = method.frames(dataclasses.replace(self.model, job=settled), chosen, self.shapes)
            with closing(coming):
                for index, frame in enumerate(coming):
                    found.append(frame)
                    account.course.step(index + 1, len(chosen))
        return found

    def values(self, points: NDArray[np.floating], time: float) -> NDArray[np.float64]:
        """The trained function at points of the world, (n, 3): below zero inside the surface of that time.

        In world units, and about the distance where it is small.
        """
        pose = self.model.pose(time)
        device = self.model.layers[0][0].device
        places = torch.from_numpy(pose.to_training(np.asarray(points, np.float64)).astype(np.float32))
        found = self.model.field(time).values(places.to(device))
        return found.detach().cpu().numpy().astype(np.float64) * pose.scale

    def save(self, path: str | Path) -> None:
        """Write model.safetensors, which ``load``, ``lipmorph extract`` and the add-on read."""
        self.model.save(Path(path))


def morph(
    *shapes: str | Path,
    preset: str = "standard",
    landmarks: Sequence[Sequence[Sequence[float] | None]] = (),
    progress: bool | Hear = True,
    **sections: Mapping[str, Any],
) -> TrainedMorph:
    """Train a morph through two or more shape files, in their order."""
    unknown = [name for name in sections if name not in SECTIONS]
    if unknown:
        raise JobError(f"A job has no section called '{unknown[0]}'; it knows {', '.join(SECTIONS)}.")
    described = Job.preset(preset, shapes=[ShapeInput(str(path), Path(path).stem) for path in shapes]).to_dict()
    for name, values in sections.items():
        described[name] = {**described[name], **values}
    described["landmarks"] = [
        [None if point is None else [float(value) for value in point] for point in row] for row in landmarks
    ]
    job = Job.from_dict(described)
    base, expected = Path.cwd(), expected_seconds(job, trained=False)
    with _told(progress, {phase: expected[phase] for phase in TRAINING_PHASES}) as account:
        with account.phase("load"):
            loaded = load_shapes(job, base, account.note, lambda done: account.course.step(round(1000 * done), 1000))
            given = given_landmarks(job, base)
        with account.phase("guide"):
            steered = dataclasses.replace(job, landmarks=[*job.landmarks, *given])
            model = method.train(steered, loaded, account.hear, account.audience.stopping)
    return TrainedMorph(dataclasses.replace(model, job=job), loaded, account.notes)


def load(path: str | Path, device: str = "auto") -> TrainedMorph:
    """Read a morph that was saved: nothing is trained, and no other file is needed."""
    model = Morph.load(Path(path), choose_device(device))
    model.job = model.job.without_orders()
    return TrainedMorph(model, model.shapes, [])


@contextmanager
def _told(progress: bool | Hear, shares: dict[str, float]) -> Iterator[Account]:
    """An account that whoever is to hear follows; no unfinished line is left behind."""
    audience = audience_of(progress)
    try:
        yield Account(audience, shares)
    finally:
        if isinstance(audience, Terminal):
            audience.clear()


class _Told(Audience):
    """An audience that is a function."""

    def __init__(self, hear: Hear) -> None:
        super().__init__()
        self._hear = hear
        self._fraction = 0.0

    def tell(self, event: Event) -> None:
        if isinstance(event, Progress):
            self._fraction = event.fraction
            self._hear(event.fraction, PHASES.get(event.phase, event.phase))
        elif isinstance(event, Notice):
            self._hear(self._fraction, event.message)


def audience_of(progress: bool | Hear) -> Audience:
    """Whoever is to hear: the given function, a person at a terminal or a notebook, or nobody."""
    if callable(progress):
        return _Told(progress)
    notebook = "ipykernel" in sys.modules
    if progress and sys.stderr is not None and (notebook or sys.stderr.isatty()):
        return Terminal(sys.stderr, moving=True)
    return Audience()
