"""What one process does: a whole morph, or a part of a film; and what came of it. Both travel between machines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Figures = dict[str, float]
"""What a summary says of a morph, by name."""


@dataclass(frozen=True)
class Task:
    """One process's work."""

    name: str
    folder: str
    """Where its results go; for some frames of a film, a folder of their own."""
    job: dict[str, Any]
    mark: str = ""
    """What the folder is marked with once all is there; nothing for a model that frames are still to be taken of."""
    stage: str = "whole"
    """"whole", "model", "frames" or "assemble"."""
    frames: tuple[int, int] = (0, 0)
    """First and one past the last, of a stage that makes some."""
    model: str = ""
    """That they are taken out of."""
    parts: tuple[str, ...] = ()
    """The folders that an assembly takes them from."""
    threads: int = 0
    memory: float = 0.0
    """Bytes."""
    gpus: int = 0
    attempt: int = 1
    force: bool = False
    again: bool = False
    """Whether what is done already is to be done once more."""

    @property
    def title(self) -> str:
        """The morph, and which part of it."""
        told = {"model": "model", "frames": f"frames {self.frames[0]}–{self.frames[1] - 1}", "assemble": "assembly"}
        return f"{self.name}, {told[self.stage]}" if self.stage in told else self.name


@dataclass(frozen=True)
class Outcome:
    """How a process has ended."""

    state: str
    """"done", "kept" (it was done already), "failed", "died" (to be tried again), "lost" (it never ran to its end, and
    that says nothing about it) or "cancelled"."""
    sentence: str = ""
    exit_code: int = 0
    seconds: float = 0.0
    where: str = ""
    figures: Figures = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.state in ("done", "kept")
