"""Runs rings of tests side by side, and shows what each prints as if it ran alone; knows nothing of what they test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

UNFINISHED = '<testsuite><testcase name="ring"><error message="did not finish"/></testcase></testsuite>'
NOTHING_CHOSEN = 5
"""pytest's exit code where none of a ring's tests was asked for."""
LANES = 4
"""The most rings side by side, whatever the cores: each of them holds a Blender or an engine in memory."""
WAITING = 1
"""How many more of those that mostly wait: one leaves half a core to the others."""
AFTER_INTERRUPT = 10.0
"""Seconds that a ring has to tidy up after Ctrl-C."""


@dataclass(frozen=True)
class Ring:
    """A command that counts in the summary: by its tests' result file, or where it has none by its exit code.

    One that ``waits``, for windows and what hands do in them, computes little and takes no lane from the others.
    What it ``needs`` has names that only whoever makes it knows.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    has_tests: bool = True
    may_be_empty: bool = False
    waits: bool = False
    needs: tuple[str, ...] = ()


def lanes_for(cores: int) -> int:
    return max(1, min(cores, LANES))


def run_all(
    rings: list[Ring],
    folder: Path,
    where: Path,
    lanes: int = 1,
    have: Callable[[tuple[str, ...]], bool] = lambda needs: True,
) -> None:
    """Run every ring from a folder, so many side by side, and leave a result file of each in another one.

    What a ring prints goes to a file and from there to the terminal, ring by ring in their order: the first one that
    has not ended can be followed, and the others' words wait for their turn. No ring begins before there is all that it
    needs, as ``have`` says; what that raises ends them all.
    """
    threads = str(max(1, (os.cpu_count() or 1) // lanes))
    waiting, running, ended = list(rings), dict[str, subprocess.Popen[bytes]](), dict[str, float]()
    began = dict[str, float]()
    for ring in rings:
        _results(folder, ring.name).write_text(UNFINISHED, encoding="utf-8")
        _log(folder, ring.name).touch()
    shown = _Shown([(ring.name, _log(folder, ring.name)) for ring in rings])
    try:
        while waiting or running or not shown.all:
            for ring in [ring for ring in rings if ring.name in running]:
                code = running[ring.name].poll()
                if code is not None:
                    del running[ring.name]
                    ended[ring.name] = time.monotonic() - began[ring.name]
                    judge(ring, code, folder)
            while coming := _next(
                [ring for ring in waiting if have(ring.needs)], [ring for ring in rings if ring.name in running], lanes
            ):
                waiting.remove(coming)
                began[coming.name] = time.monotonic()
                running[coming.name] = _start(coming, folder, where, threads)
            shown.go_on(ended)
            time.sleep(0.05)
    except BaseException:
        _end(running.values())
        raise


def _next(waiting: list[Ring], running: list[Ring], lanes: int) -> Ring | None:
    """The first one that has a lane free; with one lane they come strictly one after the other."""
    if lanes == 1:
        return waiting[0] if waiting and not running else None
    idle = sum(ring.waits for ring in running)
    free = {True: WAITING - idle, False: lanes - (len(running) - idle)}
    return next((ring for ring in waiting if free[ring.waits] > 0), None)


def judge(ring: Ring, code: int, folder: Path) -> None:
    """Put into the results what the exit code says beyond them."""
    if not ring.has_tests:
        write_results(_results(folder, ring.name), {ring.name: f"exit code {code}, see above" if code else None})
    elif code == NOTHING_CHOSEN and ring.may_be_empty:
        pass
    elif code and not failures(_results(folder, ring.name)):
        trouble = f"no test failed, but the ring ended with exit code {code}"
        write_results(folder / f"{ring.name}-end.xml", {ring.name: trouble})


def write_results(path: Path, outcomes: dict[str, str | None]) -> None:
    """A result file as pytest writes them: each name with what failed, or None."""
    suite = ElementTree.Element("testsuite")
    for name, trouble in outcomes.items():
        case = ElementTree.SubElement(suite, "testcase", name=name)
        if trouble:
            ElementTree.SubElement(case, "failure", message=trouble)
    ElementTree.ElementTree(suite).write(path)


def failures(results: Path) -> int:
    return sum(1 for element in ElementTree.parse(results).iter() if element.tag in ("failure", "error"))


class _Shown:
    """The rings' logs, passed on to the terminal in their order and as they grow."""

    def __init__(self, logs: list[tuple[str, Path]]) -> None:
        self._left = logs
        self._stream: IO[bytes] | None = None

    @property
    def all(self) -> bool:
        return not self._left

    def go_on(self, ended: dict[str, float]) -> None:
        """Show what there is by now; ``ended`` has the seconds of each ring that will print no more."""
        while self._left:
            name, log = self._left[0]
            if self._stream is None:
                print(f"dev: Ring {name}:", flush=True)
                self._stream = open(log, "rb")  # noqa: SIM115 - followed over many calls
            over = name in ended
            shutil.copyfileobj(self._stream, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            if not over:
                return
            print(f"dev: Ring {name} took {ended[name]:.0f} s.", flush=True)
            self._stream.close()
            self._stream = None
            del self._left[0]


def _start(ring: Ring, folder: Path, where: Path, threads: str) -> subprocess.Popen[bytes]:
    """With its share of the cores: rings that wait for each other's threads take many times as long."""
    environment = {"OMP_NUM_THREADS": threads, **os.environ, **ring.environment}
    with open(_log(folder, ring.name), "wb") as log:
        return subprocess.Popen(
            ring.command, cwd=where, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )


def _end(running: Iterable[subprocess.Popen[bytes]]) -> None:
    """The terminal has sent Ctrl-C to them as well."""
    until = time.monotonic() + AFTER_INTERRUPT
    for process in running:
        try:
            process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _results(folder: Path, name: str) -> Path:
    return folder / f"{name}.xml"


def _log(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"
