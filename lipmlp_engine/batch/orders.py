"""One morph of a list, light enough to wait in a queue of thousands, and the job that is made of it when it is due."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..job.description import Job
from ..job.errors import JobError
from ..job.hearsay import shown
from ..job.sections import SECTIONS, ShapeInput, Training
from ..job.setting_kinds import check_section

GIGABYTE = 1e9


@dataclass(frozen=True)
class Demands:
    """What each process of a morph takes of a machine; 0 (or None) leaves it to the rule."""

    threads: int = 0
    memory: float = 0.0
    """Gigabytes."""
    gpus: int | None = None


@dataclass(frozen=True)
class Recipe:
    """What the morphs of an entry of the list have in common."""

    number: int
    """Of the entry, from 1 on."""
    preset: str = "standard"
    settings: dict[str, Any] = field(default_factory=dict)
    up: tuple[str, ...] = ("auto",)
    landmarks: list[Any] = field(default_factory=list)
    timing: list[Any] = field(default_factory=list)
    demands: Demands = Demands()
    split: int = 1


@dataclass(frozen=True)
class Order:
    """One morph that is to be made."""

    name: str
    folder: str
    recipe: Recipe
    shapes: tuple[str, ...] = ()
    seed: int | None = None
    job_file: str = ""
    """A whole job, instead of shapes."""

    def job(self) -> Job:
        """The job with its places in full; raises JobError for what cannot be run."""
        recipe = self.recipe
        if self.job_file:
            job = Job.read(Path(self.job_file))
            base = os.path.dirname(self.job_file)
            job.shapes = [dataclasses.replace(s, path=os.path.abspath(os.path.join(base, s.path))) for s in job.shapes]
            if job.training.start_from:
                job.training.start_from = os.path.abspath(os.path.join(base, job.training.start_from))
        else:
            ups = recipe.up * len(self.shapes) if len(recipe.up) == 1 else recipe.up
            if len(ups) != len(self.shapes):
                raise JobError(f"up names {len(ups)} axes; give one for all shapes, or one for each.")
            shapes = [ShapeInput(p, Path(p).stem, up) for p, up in zip(self.shapes, ups, strict=True)]
            job = Job.preset(recipe.preset, shapes=shapes)
        job.landmarks, job.timing = recipe.landmarks or job.landmarks, recipe.timing or job.timing
        with_settings(job, recipe.settings)
        if self.seed is not None:
            with_settings(job, {"training.seed": self.seed})
        if recipe.demands.threads:
            with_settings(job, {"training.threads": recipe.demands.threads})
        job.output = dataclasses.replace(job.output, folder=self.folder)
        job.check()
        return job


def with_settings(job: Job, settings: dict[str, Any]) -> None:
    """Change a job as a list says it: ``{"training.steps": 400}`` or ``{"training": {"steps": 400}}``."""
    for name, value in settings.items():
        section, dot, setting = name.partition(".")
        if section not in SECTIONS or (not dot and not isinstance(value, dict)):
            raise JobError(f"There is no setting '{shown(name, 60)}'; settings have the form section.name.")
        entries = {setting: value} if dot else value
        known = {entry.name for entry in dataclasses.fields(SECTIONS[section])}
        for entry in entries:
            if entry not in known:
                raise JobError(f"{section} has no setting called '{shown(entry, 60)}'; `lipmorph presets` lists all.")
        replaced = dataclasses.replace(getattr(job, section), **entries)
        check_section(replaced, section)
        setattr(job, section, replaced)


def mark_of(job: Job) -> str:
    """A fingerprint of all that decides the results, the content of the files included; not of where they are made."""
    free = dataclasses.replace(job.training, threads=Training().threads)
    output = dataclasses.replace(job.output, folder="", preview_seconds=0.0)
    values = dataclasses.replace(job, training=free, output=output).to_dict()
    files = [shape.path for shape in job.shapes] + [job.training.start_from] * bool(job.training.start_from)
    told = json.dumps([values, [_content(path, *_stamp(path)) for path in files]], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _stamp(path: str) -> tuple[int, int]:
    try:
        status = os.stat(path)
    except OSError:
        return (0, 0)
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=4096)
def _content(path: str, _time: int, _size: int) -> str:
    """A fingerprint of a file; nothing where it cannot be read, which the job itself will say."""
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
