"""The job description: everything a morph depends on, written once and read by the engine, the shell and the add-on.

Standard library only: the add-on imports this inside Blender, where there is no torch, and the engine where there is
no bpy.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any

from .errors import JobError
from .frame_timing import check_timing, is_number, timed
from .hearsay import HearsayError, is_remote, read_group, shown
from .sections import (
    BOUNDED_FAMILIES,
    COARSEST,
    MACHINE_SETTINGS,
    MAXIMUM_SHAPES,
    SECTIONS,
    Extraction,
    Guide,
    Network,
    Output,
    Placement,
    Sampling,
    ShapeInput,
    Training,
)
from .sections.points import Points
from .setting_kinds import check_section, section_from_dict

JOB_VERSION = 1
MOST_TIMES = 10_000
MOST_LANDMARKS = 100_000

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "draft": {
        "sampling": {"points": 30_000},
        "training": {"steps": 400},
        "extraction": {"budget": 4_000},
    },
    "standard": {},
    "final": {
        "sampling": {"points": 1_000_000},
        "network": {"width": 256},
        "training": {"steps": 20_000, "batch": 16_384},
        "extraction": {"frames": 48, "resolution": 256},
    },
    "paper": {
        "sampling": {"near": 0.0, "points": 100_000},
        "guide": {"kind": "none"},
        "training": {"recipe": "paper", "steps": 100_000, "batch": 512, "rate": 1e-4, "smoothness": 1e-6},
        "extraction": {"detail": "network", "resolution": 128},
    },
}
PRESET_DESCRIPTIONS = {
    "draft": "A look at the motion in seconds",
    "standard": "Good enough to keep: half a minute on a laptop",
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
    """When the frames are at which time, as `frame_timing.py` says; empty means steadily on."""
    placement: Placement = field(default_factory=Placement)
    points: Points = field(default_factory=Points)
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
        if 0 < self.extraction.resolution < COARSEST:
            raise JobError(
                f"extraction.resolution is {self.extraction.resolution}; it must be 0, which leaves it to the shapes, "
                f"or at least {COARSEST}."
            )
        last = len(self.shapes) - 1
        if not self.extraction.start <= self.last_time <= last or (
            self.extraction.end and self.last_time <= self.extraction.start
        ):
            raise JobError(f"extraction.start and extraction.end must rise and lie between 0 and {last}.")
        if len(self.times) > MOST_TIMES or len(self.timing) > MOST_TIMES:
            raise JobError(f"times and timing hold at most {MOST_TIMES:,} entries each.")
        for time in self.times:
            if not is_number(time) or not 0 <= time <= last:
                raise JobError(f"times holds {shown(repr(time), 60)}; times must lie between 0 and {last}.")
        if self.timing:
            check_timing(self.timing, self.extraction.start, self.last_time)
        if self.training.loss != "distance" and self.network.family not in BOUNDED_FAMILIES:
            raise JobError(
                f"training.loss '{self.training.loss}' learns from labels, which needs a network.family that is "
                f"Lipschitz by construction: {' or '.join(BOUNDED_FAMILIES)}."
            )
        if len(self.landmarks) > MOST_LANDMARKS:
            raise JobError(f"A job has at most {MOST_LANDMARKS:,} landmarks; this one has {len(self.landmarks):,}.")
        for row, points in enumerate(self.landmarks):
            self._check_landmark(row, points)

    def _check_landmark(self, row: int, points: Any) -> None:
        if not isinstance(points, list) or len(points) != len(self.shapes):
            raise JobError(f"landmarks[{row}] must have one point (or null) for each of the {len(self.shapes)} shapes.")
        given = [point for point in points if point is not None]
        if len(given) < 2:
            raise JobError(f"landmarks[{row}] must name a point on at least two shapes.")
        for point in given:
            if not isinstance(point, list) or len(point) != 3 or not all(is_number(value) for value in point):
                raise JobError(f"landmarks[{row}] must hold points of three finite coordinates.")

    def without_orders(self) -> Job:
        """The job without what it would have this machine do: one that comes with a model may be a stranger's.

        Which files are written and where, with which programs, on which device and from which other model is only for
        whoever asks to say; and no file on another machine is looked at because a model names it.
        """
        ours = {name: getattr(Training(), name) for name in MACHINE_SETTINGS}
        near = [
            dataclasses.replace(shape, path=PureWindowsPath(shape.path).name) if is_remote(shape.path) else shape
            for shape in self.shapes
        ]
        return dataclasses.replace(
            self,
            shapes=near,
            training=dataclasses.replace(self.training, **ours),
            output=Output(pictures=self.output.pictures),
        )

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
                f"The job is of version {shown(version, 20)}; this engine reads version {JOB_VERSION}: "
                "update the older one."
            )
        known = {entry.name for entry in dataclasses.fields(cls)}
        unknown = sorted(set(values) - known)
        if unknown:
            raise JobError(f"A job has no entry called '{shown(unknown[0], 60)}'; it knows {', '.join(sorted(known))}.")
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
            return cls.from_dict(read_group(path))
        except OSError as error:
            raise JobError(f"The job file {path} cannot be read: {error.strerror or error}.") from error
        except HearsayError as error:
            raise JobError(f"The job file {path} is not valid JSON: {error}.") from error

    def training_hash(self) -> str:
        """A fingerprint of all that decides the trained model; extraction and output leave it unchanged."""
        values = self.to_dict()
        for name in ("extraction", "output", "times", "timing"):
            del values[name]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
