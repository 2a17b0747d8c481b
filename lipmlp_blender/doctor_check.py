"""Asks the engine's doctor whether a Python can run the engine, in the background. No bpy in here."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .engine_process import engine_environment
from .line_buffer import MOST_BYTES
from .lipmlp_engine.job.hearsay import HearsayError, built, parsed_group
from .lipmlp_engine.machine.launch import engine_command
from .process_group import ProcessGroup

LARGEST_ANSWER = 1_000_000
LIMIT_SECONDS = 300.0
"""The first import of torch on a slow disk, and the self-test."""


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor has found."""

    healthy: bool
    sentence: str
    facts: dict[str, Any] = field(default_factory=dict)
    """The doctor's own answer."""


@dataclass
class _Device:
    kind: str = ""
    name: str = ""


@dataclass
class _Figure:
    name: str = ""
    value: float = 0.0
    unit: str = ""


@dataclass
class _Facts:
    """Of what the doctor says, that which a panel shows."""

    engine: str = ""
    python: str = ""
    torch: str = ""
    message: str = ""
    devices: list[_Device] = field(default_factory=list)
    self_test: list[_Figure] = field(default_factory=list)


def facts_from(values: Any) -> dict[str, Any]:
    """A doctor's answer as it may be shown; empty where it is none. It lies in a file between two sessions."""
    try:
        return dataclasses.asdict(built(_Facts, values))
    except HearsayError:
        return {}


class DoctorCheck:
    """One examination; call ``tick`` until ``running`` is False, then read ``diagnosis``."""

    def __init__(self, python: Path, engine_folder: Path, log: Path) -> None:
        self.diagnosis = Diagnosis(False, "The engine has not been checked.")
        self._written: list[str] = []
        self._group: ProcessGroup | None = None
        self._started = time.monotonic()
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            self._group = ProcessGroup(
                engine_command(python, engine_folder, "doctor", "--json"), log=log, environment=engine_environment()
            )
        except OSError as error:
            self.diagnosis = Diagnosis(False, f"{python} cannot be started: {error.strerror or error}.")

    @property
    def running(self) -> bool:
        return self._group is not None

    def tick(self) -> None:
        """Read what there is to read, without waiting."""
        if self._group is None:
            return
        ended = self._group.drained
        self._written += self._group.lines()
        if ended:
            self._conclude(diagnosis_from(self._written, self._group.exit_code or 0))
        elif sum(map(len, self._written)) > MOST_BYTES:
            self._conclude(Diagnosis(False, "This Python prints without end and cannot be the engine's."))
        elif time.monotonic() - self._started > LIMIT_SECONDS:
            self._conclude(Diagnosis(False, f"The engine's check took longer than {LIMIT_SECONDS:.0f} s."))

    def cancel(self) -> None:
        if self._group is not None:
            self._conclude(Diagnosis(False, "The check was cancelled."))

    def _conclude(self, diagnosis: Diagnosis) -> None:
        assert self._group is not None
        self._group.kill()
        self._group = None
        self.diagnosis = diagnosis


def diagnosis_from(written: list[str], exit_code: int) -> Diagnosis:
    """Read the doctor's answer out of what it printed."""
    text = "\n".join(written)
    try:
        facts = facts_from(parsed_group(text[text.index("{") : text.rindex("}") + 1], LARGEST_ANSWER))
    except ValueError:
        return Diagnosis(False, "This Python cannot run the engine; the log says more.")
    if exit_code != 0:
        return Diagnosis(False, str(facts.get("message") or "The engine's check failed; the log says more."), facts)
    return Diagnosis(True, "The engine works.", facts)
