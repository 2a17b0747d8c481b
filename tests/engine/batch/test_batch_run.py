"""``lipmorph batch`` with real processes: results as a single run makes them, whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lipmlp_engine.batch.attempt import perform
from lipmlp_engine.batch.listing import read_list
from lipmlp_engine.batch.orders import mark_of
from lipmlp_engine.batch.tasks import Task
from lipmlp_engine.files.done_mark import is_done
from lipmlp_engine.files.folder_lock import LOCK
from lipmlp_engine.job.events import Done, MorphEnded, Progress
from lipmlp_engine.running.pipeline import run_job
from tests.engine.batch_lists import PAIR, TINY, write_list
from tests.engine.small_jobs import ENDLESS, SMALL, Following, command, engine, surroundings
from tests.processes import is_gone

posix = pytest.mark.skipif(os.name != "posix", reason="there is no SIGKILL")


def test_a_film_made_in_parts_is_the_same_film(tmp_path: Path) -> None:
    source = write_list(
        tmp_path,
        [
            {**PAIR, "name": "parts", "split": 2, "settings": {"extraction.frames": 4}},
            {"shapes": ["box.stl", "nothing.obj"], "name": "bad"},
        ],
        {**TINY, "output": {"pictures": True}},
    )
    # In one piece, in this process, and without pictures.
    job = read_list(source).orders[0].job()
    job.output.pictures = False
    whole = run_job(job, tmp_path / "whole")
    following = Following("batch", source, "--events")
    code = following.end()
    ended = {event.name: event.state for event in following.events if isinstance(event, MorphEnded)}
    assert ended == {"parts": "done", "bad": "failed"} and code == 1, following.events[-3:]
    out = tmp_path / "morphs_morphs"
    assert len(whole.frames) == 4
    for frame in map(Path, whole.frames):
        assert (out / "parts" / "frames" / frame.name).read_bytes() == frame.read_bytes()
    assert (out / "contact_sheet.png").stat().st_size > 10_000 and (out / "parts" / "report.json").is_file()
    assert not list(out.glob("parts.part-*")) and "1 failed" in (out / "summary.txt").read_text()
    again = engine("batch", source)  # only what is missing is looked at once more
    assert again.returncode == 1 and again.stderr.count("Done before: ") == 1, again.stderr
    assert "nothing.obj" in again.stderr and "Traceback" not in again.stderr


@posix
def test_a_killed_process_is_resumed_where_it_stood(tmp_path: Path) -> None:
    order = read_list(write_list(tmp_path, [{**PAIR, "name": "killed"}])).orders[0]
    job = order.job()
    task = Task(order.name, order.folder, job.to_dict(), mark_of(job), threads=1)
    lock = Path(order.folder) / LOCK

    def kill(progress: Progress) -> None:
        if progress.phase == "extract" and lock.exists():
            os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)

    outcome = perform(task, kill, lambda: False)
    assert outcome.state == "died" and "signal 9" in outcome.sentence, outcome
    model = (Path(order.folder) / "model.safetensors").stat()
    phases: list[str] = []
    outcome = perform(task, lambda progress: phases.append(progress.phase), lambda: False)
    assert outcome.state == "done" and outcome.figures["frames"] == 3 and is_done(Path(order.folder), task.mark)
    assert "train" not in phases and model.st_size == (Path(order.folder) / "model.safetensors").stat().st_size
    assert perform(task, phases.append, lambda: False).state == "kept"  # as a scheduler that lost the answer sends it


@posix
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_its_batch(tmp_path: Path, how: signal.Signals, wait_for: Callable[..., None]) -> None:
    source = write_list(tmp_path, [PAIR], {**SMALL, "training": {**SMALL["training"], **ENDLESS["training"]}})
    batch = subprocess.Popen(
        command("batch", source), env=surroundings(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    lock = tmp_path / "morphs_morphs" / "box_to_ball" / LOCK
    wait_for(lambda: lock.exists() and lock.stat().st_size, what="the lock of the morph's folder")
    child = json.loads(lock.read_text())["pid"]
    batch.send_signal(how)
    assert is_gone(child, 60)
    assert batch.wait(60) == (130 if how == signal.SIGINT else -9)
    assert batch.stderr is not None
    said = batch.stderr.read()
    batch.stderr.close()
    if how == signal.SIGINT:
        assert "The same command goes on from there" in said and "Traceback" not in said
    time.sleep(0.1)
    assert not [name for name in os.listdir(lock.parent.parent) if name.endswith(".part")]


def test_one_batch_at_a_time_and_wrong_options_have_their_own_codes(tmp_path: Path) -> None:
    source = write_list(tmp_path, [{"shapes": ["box.stl", "nothing.obj"]}])
    assert engine("batch", tmp_path / "missing.json").returncode == 102
    assert engine("batch", source, "--nonsense").returncode == 102
    (tmp_path / "taken").write_text("a file")
    refused = engine("batch", source, "--out", tmp_path / "taken")
    assert refused.returncode == 104 and "cannot be written to" in refused.stderr


def test_no_picture_of_somebody_else_is_drawn_over(tmp_path: Path) -> None:
    source = write_list(tmp_path, [{**PAIR, "name": f"morph {number}"} for number in range(61)])
    theirs = tmp_path / "morphs_morphs" / "contact_sheet_2.png"
    theirs.parent.mkdir()
    theirs.write_bytes(b"a picture of theirs")
    refused = engine("batch", source)
    assert refused.returncode == 104 and "contact_sheet_2.png" in refused.stderr
    assert theirs.read_bytes() == b"a picture of theirs"


def test_a_program_hears_the_end(tmp_path: Path) -> None:
    source = write_list(tmp_path, [PAIR])
    out = tmp_path / "morphs_morphs"
    order = read_list(source).orders[0]
    job = order.job()
    # Done already, as another batch with the same list has left it.
    from lipmlp_engine.files.done_mark import write_mark
    from lipmlp_engine.files.manifest import Manifest
    from lipmlp_engine.files.results_folder import ResultsFolder

    results = ResultsFolder(Path(order.folder))
    results.path.mkdir(parents=True)
    manifest = Manifest(results.path)
    manifest.claim(results.report)
    results.report.write_text("{}")
    write_mark(results, manifest, mark_of(job))
    following = Following("batch", source, "--events", "--no-sheet")
    assert following.end() == 0
    done = following.events[-1]
    assert isinstance(done, Done) and done.report == str(out / "summary.json")
    assert [event.state for event in following.events if isinstance(event, MorphEnded)] == ["kept"]
    results.report.write_text("{ }")  # another size: not as it was written
    assert not is_done(results.path, mark_of(job))
