"""Low memory is called by its name, by whatever name a library calls it, with what would fit."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import ShapeError
from lipmlp_engine.job.sections import ShapeInput
from lipmlp_engine.machine import memory
from lipmlp_engine.machine.memory import (
    FRACTION,
    GIGABYTE,
    Limit,
    is_low_memory,
    low_memory,
    memory_kills,
    memory_limit,
    memory_of,
    what_fits,
)
from tests.engine.small_jobs import SMALL_OPTIONS, surroundings, write_shapes
from tests.engine.staged_addon import behave, events_of, job_path, part, python, start

__all__ = ["behave", "job_path", "part", "python", "start"]


class OutOfMemoryError(RuntimeError):
    """Named as torch names its own."""


def raised(work: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as error:
        work()
    return error.value


def read_too_much() -> None:
    try:
        np.empty(1 << 60, np.uint8)
    except MemoryError as error:
        raise ShapeError("The file cannot be read.") from error


@pytest.mark.parametrize(
    "error",
    [
        raised(lambda: torch.empty(1 << 60, dtype=torch.uint8)),
        raised(lambda: np.empty(1 << 60, np.uint8)),
        raised(read_too_much),
        OutOfMemoryError("CUDA out of memory"),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("std::bad_alloc"),
        RuntimeError("can't start new thread"),
        RuntimeError("Failed to allocate 4096 bytes on device 'cpu'"),
        ImportError("libtorch_cpu.so: failed to map segment from shared object"),
    ],
    ids=str,
)
def test_every_name_of_low_memory_is_known(error: BaseException) -> None:
    assert is_low_memory(error)


def test_an_error_that_is_its_own_cause_is_read_to_the_end() -> None:
    error = ShapeError("There is no shape file.")
    error.__cause__ = error
    assert not is_low_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("matrix is singular"), OSError(errno.ENOSPC, "No space"), KeyError()])
def test_other_errors_are_not_called_so(error: BaseException) -> None:
    assert not is_low_memory(error)


def job(preset: str) -> Job:
    return Job.preset(preset, shapes=[ShapeInput("a.stl", "a"), ShapeInput("b.stl", "b")])


@pytest.mark.parametrize("preset", ["draft", "standard", "final"])
@pytest.mark.parametrize("gigabytes", [0.75, 1.0, 2.0, 16.0])
def test_what_is_said_to_fit_does(preset: str, gigabytes: float) -> None:
    limit = Limit(gigabytes * GIGABYTE, "are allowed")
    smaller = what_fits(job(preset), limit)
    assert memory_of(smaller) < memory_of(job(preset))
    assert memory_of(smaller) <= FRACTION * limit.bytes
    smaller.check()


def test_the_sentence_says_how_much_there_is_and_what_would_fit() -> None:
    said = low_memory(job("final"), Limit(1.0 * GIGABYTE, "are allowed (control group)"))
    assert said.startswith("There is not enough memory: this job takes about ")
    assert "1.0 GB are allowed (control group); what would fit: resolution 64 instead of 256, points 5" in said
    assert low_memory(job("draft"), Limit(0.3 * GIGABYTE, "are in this machine")).endswith("no job fits into that.")


def test_the_closest_limit_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = tmp_path / "slice"
    inner = outer / "job"
    inner.mkdir(parents=True)
    (outer / "memory.max").write_text("600000000\n")
    (inner / "memory.max").write_text("max\n")
    (inner / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")
    monkeypatch.setattr(memory, "_groups", lambda: [(inner, "memory.max")])
    limit = memory_limit()
    assert limit is not None and limit.bytes == 600_000_000 and "control group" in limit.of
    assert memory_kills() == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="address space is limited otherwise there")
@pytest.mark.parametrize("megabytes", [400, 1150])
def test_a_limit_on_address_space_ends_in_a_sentence(megabytes: int, tmp_path: Path) -> None:
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]) << 20, -1))\n"
        "from lipmlp_engine.commands import main as cli; sys.exit(cli.main(sys.argv[2:]))"
    )
    words = ["morph", *map(str, write_shapes(tmp_path)), "--out", str(tmp_path / "out"), *SMALL_OPTIONS]
    ran = subprocess.run(
        [sys.executable, "-c", limited, str(megabytes), *words],
        capture_output=True,
        text=True,
        env=surroundings(),
        timeout=120,
    )
    assert ran.returncode == 1, ran.stderr
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("lipmorph: There is not enough memory: ") and "are allowed (ulimit -v)" in last
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.name != "posix", reason="the fake engine is a shell script")
def test_the_addon_reads_it_out_of_the_log_of_an_engine_that_fell(
    start: Callable[[], Any], behave: Callable[[str], None]
) -> None:
    behave("bad_alloc")
    said = events_of(start())[-1].message
    assert said.startswith("There is not enough memory: this job takes about ") and "what would fit" in said


def test_the_addon_tells_what_the_system_has_ended(part: Any, tmp_path: Path) -> None:
    said = part("last_words").why_it_stopped(-9, "", tmp_path, True)
    assert said.startswith("The system has ended the engine because memory ran out: the engine takes at least ")
