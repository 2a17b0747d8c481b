"""SIGKILL at moments all over a whole job: nothing is lost, nothing is left, and the next run is right.

The moments are drawn with a fixed seed. LIPMORPH_KILLS says how many; every eighth is followed by a whole run, and
every other one by the next killed run, which is to find the folder usable as well.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lipmlp_engine.files.folder_lock import FolderLock
from lipmlp_engine.files.manifest import MANIFEST, Manifest
from lipmlp_engine.files.mesh_frame import MeshFrame
from lipmlp_engine.files.model_metadata import read_metadata
from lipmlp_engine.files.results_folder import ResultsFolder
from lipmlp_engine.job.description import Job
from lipmlp_engine.job.errors import OutputError
from tests.engine.nursery import Nursery
from tests.engine.small_jobs import write_shapes
from tests.processes import is_gone

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL and no fork")

KILLS = int(os.environ.get("LIPMORPH_KILLS", 24))
WHOLE_RUN_EVERY = 8
MINE = {"frames/mine.npz", "frames/frame_0099.npz", "mine.part"}
"""Files that the user puts into the folder as soon as it is ours."""
TINY = [
    *("--preset", "draft", "--guide", "none", "--steps", "20", "--frames", "3", "--resolution", "32"),
    *("--sequence", "ply", "--no-pictures", "--threads", "1", "--device", "cpu"),
    *("--set=sampling.points=2000", "--set=network.width=16", "--set=network.depth=3", "--set=training.batch=256"),
]


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    place = tmp_path_factory.mktemp("nursery")
    nursery = Nursery(["morph", *map(str, write_shapes(place)), "--out", str(place / "out"), *TINY])
    yield nursery
    nursery.close()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def require_whole(folder: Path) -> None:
    """Whatever lies in the folder under its own name is whole."""
    results = ResultsFolder(folder)
    if results.model.exists():
        read_metadata(results.model)
    if results.job.exists():
        Job.read(results.job)
    for path in results.frames():
        if path.relative_to(folder).as_posix() not in MINE:
            MeshFrame.load(path)
    if results.report.exists():
        assert results.report.read_text().endswith("}\n")
    Manifest.read(folder)


def require_free(folder: Path) -> None:
    """Nobody holds the lock any more."""
    if folder.exists():
        lock = FolderLock(folder)
        lock.take()
        story = lock.path.read_bytes()
        lock.release()
        lock.path.write_bytes(story)  # as the killed run has left it


def _killed_on_its_way(
    nursery: Nursery, moment: float, duration: float, box: Path, ball: Path, out: Path
) -> tuple[int, float]:
    """An engine's process, killed when ``moment`` (0 to 1) of a run's ``duration`` has passed; and a run's duration.

    What else the machine does comes and goes: where a run has ended before its moment, a run is shorter than was
    thought, and the moment is tried again.
    """
    for _ in range(20):
        engine = nursery.start("morph", box, ball, "--out", out, *TINY)
        time.sleep(moment * duration)
        if nursery.kill() == -9:
            return engine, duration
        duration *= max(moment, 0.5)
    raise AssertionError(f"every run had ended before {moment:.0%} of {duration:.2f} s")


@pytest.mark.campaign
def test_a_killed_engine_loses_nothing_and_leaves_nothing(nursery: Nursery, tmp_path: Path) -> None:
    box, ball = write_shapes(tmp_path)
    reference, out = tmp_path / "reference", tmp_path / "out"
    began = time.monotonic()
    nursery.start("morph", box, ball, "--out", reference, *TINY)
    assert nursery.end() == 0
    duration = time.monotonic() - began
    right = contents(reference)
    shapes = [path.read_bytes() for path in (box, ball)]
    draws = random.Random(14)
    # One in each of as many stretches of a run: no phase is left out, as it can be where all are drawn from the whole.
    moments = [(stretch + draws.random()) / KILLS for stretch in range(KILLS)]
    draws.shuffle(moments)
    for number, moment in enumerate(moments, 1):
        engine, duration = _killed_on_its_way(nursery, moment, duration, box, ball, out)
        assert is_gone(engine)
        if out.exists():
            require_whole(out)
            require_free(out)
        if (out / MANIFEST).exists():
            for name in MINE:
                (out / name).parent.mkdir(exist_ok=True)
                (out / name).write_bytes(b"the user's")
        if number % WHOLE_RUN_EVERY == 0:
            began = time.monotonic()
            nursery.start("morph", box, ball, "--out", out, *TINY)
            assert nursery.end() == 0
            duration = time.monotonic() - began
            made = contents(out)
            assert made.keys() == right.keys() | MINE, number
            surfaces = {name for name in right if name.startswith(("frames/", "sequence/"))}
            assert all(made[name] == right[name] for name in surfaces), number
            assert all(made[name] == b"the user's" for name in MINE), number
        assert [path.read_bytes() for path in (box, ball)] == shapes


def test_the_lock_of_a_living_run_is_respected_and_that_of_a_killed_one_is_not(
    nursery: Nursery, tmp_path: Path
) -> None:
    box, ball = write_shapes(tmp_path)
    engine = nursery.start("morph", box, ball, "--out", tmp_path / "out", *TINY, "--steps", "1000000")
    while not (tmp_path / "out" / MANIFEST).exists():
        time.sleep(0.01)
    with pytest.raises(OutputError, match=f"process {engine}, "):
        FolderLock(tmp_path / "out").take()
    assert nursery.kill() == -9
    with FolderLock(tmp_path / "out") as lock:
        assert lock.earlier_run.startswith(f"{engine}-")
