"""What seldom happens to a batch: files that are gone or cut off, folders that are taken, listings without places."""

from __future__ import annotations

import io
import json
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PIL import Image

from lipmlp_engine.batch import attempt, capacity, dask_crew, sheets
from lipmlp_engine.batch.batch_errors import ClusterError
from lipmlp_engine.batch.capacity import Capacity, capacity_here
from lipmlp_engine.batch.dask_crew import DaskCrew
from lipmlp_engine.batch.display import Display
from lipmlp_engine.batch.figures import figures_of
from lipmlp_engine.batch.listing import read_list
from lipmlp_engine.batch.local import LocalCrew
from lipmlp_engine.batch.on_worker import _wanted
from lipmlp_engine.batch.orders import mark_of
from lipmlp_engine.batch.story import morphs_in
from lipmlp_engine.batch.tasks import Outcome, Task
from lipmlp_engine.batch.whole import FailedMorphsError, Terms, do_batch, local_crew
from lipmlp_engine.commands import batch as command
from lipmlp_engine.commands.main import main
from lipmlp_engine.job.events import Batch, Failed, MorphProgress
from lipmlp_engine.running.channel import Audience
from tests.engine.batch_lists import PAIR, write_list
from tests.engine.small_jobs import write_job


def task_at(folder: Path, **values: Any) -> Task:
    return Task("morph", str(folder), {"training": {}}, **{"mark": "m", "threads": 1, **values})


def test_a_folder_that_is_taken_is_waited_for_until_nobody_wants_it_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([True, True, False])
    monkeypatch.setattr(attempt, "is_held", lambda folder: next(looks))
    monkeypatch.setattr(attempt, "LOOK_SECONDS", 0.001)
    assert attempt._await_free(tmp_path, lambda: False) and not list(looks)
    monkeypatch.setattr(attempt, "is_held", lambda folder: True)
    assert attempt.perform(task_at(tmp_path), print, lambda: True).state == "cancelled"


def test_a_child_that_leaves_without_a_word_is_cancelled_if_it_was_asked_to_and_else_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [
        sys.executable,
        "-c",
        "import sys; sys.stdin.read(1); sys.stderr.write('one\\nlast words\\n'); sys.exit(7)",
    ]
    monkeypatch.setattr(attempt, "same_engine_command", lambda *_: silent)
    looks = iter([False])  # free, and then nobody wants it any more
    asked = attempt.perform(task_at(tmp_path), print, lambda: next(looks, True))
    assert asked == Outcome("cancelled", "Stopped.", 130, asked.seconds)
    monkeypatch.setattr(
        attempt, "same_engine_command", lambda *_: [sys.executable, "-c", "raise SystemExit('last words')"]
    )
    died = attempt.perform(task_at(tmp_path), print, lambda: False)
    assert died.state == "died" and died.sentence == "The engine was ended with exit code 1: last words."


def test_a_child_that_was_stopped_by_others_is_tried_again_and_one_that_fails_is_not() -> None:
    stopped, failed = (Failed("It was so.", cancelled=cancelled, exit_code=3) for cancelled in (True, False))
    assert attempt._of_failure(stopped, asked=True).state == "cancelled"
    assert [attempt._of_failure(told, asked=False).state for told in (stopped, failed)] == ["died", "failed"]


def test_where_the_system_does_not_tell_its_memory_the_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable(path: Path, **_: Any) -> str:
        raise OSError("no such file")

    monkeypatch.setattr(Path, "read_text", unreadable)
    monkeypatch.setattr(capacity, "memory_limit", lambda: SimpleNamespace(bytes=1000))
    assert capacity_here(cores=1).memory == capacity.FRACTION * 1000
    monkeypatch.setattr(capacity, "memory_limit", lambda: None)
    assert capacity_here(cores=1).memory == float("inf")


def test_no_more_run_than_were_asked_for_and_the_cores_are_shared_out_among_those(tmp_path: Path) -> None:
    def do(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        while not stopping():
            time.sleep(0.005)
        return Outcome("cancelled", "Stopped.", 130)

    crew = LocalCrew(Capacity(8, 1e12, most=2), do)
    first, second = task_at(tmp_path / "a", threads=0), task_at(tmp_path / "b", threads=0)
    crew.start(first, waiting=5)
    assert crew.has_room(second)
    crew.start(second, waiting=5)
    assert not crew.has_room(task_at(tmp_path / "c")) and crew.running == 2
    crew.close()
    ended = {task.folder: task.threads for task, outcome in (crew.inbox.get(), crew.inbox.get())}
    assert ended == {first.folder: 4, second.folder: 4}


def test_a_display_counts_processes_that_have_no_line_and_says_how_long_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    display = Display(io.StringIO())
    display.hear(Batch(40, 0, "out"))
    for number in range(14):
        display.hear(MorphProgress(f"m{number}", f"m{number}", "train", 0.5, None))
    began = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: began + 30)
    said = display._overall(0.25, Counter(done=3, kept=1, failed=2))
    assert "25%  4 of 40 morphs, 2 failed, 14 at work, " in said and said.endswith("left")


def test_a_folder_without_a_sound_report_has_no_figures(tmp_path: Path) -> None:
    assert figures_of(tmp_path) == {}
    (tmp_path / "report.json").write_text("[1, 2")
    assert figures_of(tmp_path) == {}


def test_a_worker_that_is_being_closed_is_not_worked_on() -> None:
    states = {"mine": SimpleNamespace(state="executing"), "gone": SimpleNamespace(state="released")}
    worker = SimpleNamespace(status=SimpleNamespace(name="running"), state=SimpleNamespace(tasks=states))
    assert _wanted(worker, "mine") and not _wanted(worker, "gone") and not _wanted(worker, "unknown")
    worker.status.name = "closing_gracefully"
    assert not _wanted(worker, "mine")


def test_a_worker_that_declares_memory_is_told_how_much_a_task_takes_and_what_is_too_much_is_said() -> None:
    crew = cast(Any, DaskCrew.__new__(DaskCrew))
    crew._looked, crew._declared = 0.0, {}
    workers = {"a": {"nthreads": 2, "resources": {"memory": 4.0}}, "b": {"nthreads": 1, "resources": {"memory": 16.0}}}
    crew._client = SimpleNamespace(scheduler_info=lambda n_workers: {"workers": workers})
    crew._look(now=True)
    assert crew._places == 3 and crew._declared == {"memory": 16.0}
    assert "about 20.0 GB of memory; that is more than 16 GB" in crew._too_much(task_at(Path("x"), memory=20e9))
    assert not crew._too_much(task_at(Path("x"), memory=8e9))


def test_a_job_of_a_list_that_goes_on_from_a_model_finds_it_beside_itself(tmp_path: Path) -> None:
    write_job(tmp_path / "there", training={"start_from": "earlier.safetensors"})
    path = tmp_path / "morphs.json"
    path.write_text(json.dumps([{"job": "there/job.json"}]))
    (order,) = read_list(path).orders
    job = order.job()
    assert job.training.start_from == str(tmp_path / "there" / "earlier.safetensors")
    missing = mark_of(job)
    (tmp_path / "there" / "earlier.safetensors").write_bytes(b"a model")
    assert mark_of(job) != missing


def test_a_picture_beyond_all_size_is_left_out_of_the_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("RGB", (40, 30), "red").save(tmp_path / "contact_sheet.png")
    morph = {"name": "m", "folder": str(tmp_path)}
    assert sheets._picture(morph) is not None
    monkeypatch.setattr(sheets, "LARGEST_PIXELS", 1199)
    assert sheets._picture(morph) is None


def test_a_record_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    whole = json.dumps({"event": "morph", "name": "a"})
    (tmp_path / "record.jsonl").write_text(f'{whole}\n{{"event": "died"}}\n{whole[:14]}')
    assert [told["name"] for told in morphs_in(tmp_path / "record.jsonl")] == ["a"]


def test_refused_entries_are_told_and_a_cluster_that_goes_away_ends_the_batch_with_what_was_done(
    tmp_path: Path,
) -> None:
    source = write_list(tmp_path, [{"shapes": ["box.stl"], "name": "bad"}])
    with pytest.raises(FailedMorphsError, match="1 of 1 morphs failed.*a morph takes 2 to"):
        do_batch(read_list(source), source, Terms(0, False, False, False), Audience(), *local_crew(Capacity(1, 1e12)))

    def gone(folder: Path, audience: Audience) -> Any:
        raise ClusterError("The scheduler has gone.")

    with pytest.raises(ClusterError, match="has gone"):
        do_batch(read_list(source), source, Terms(0, False, True, False), Audience(), gone, lambda job: 0)
    assert "1 failed" in (read_list(source).folder / "summary.txt").read_text()


def test_the_command_asks_a_scheduler_or_a_batch_system_and_lets_go_of_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    source = str(write_list(tmp_path, [PAIR]))
    asked: list[Any] = []

    class Cluster:
        def close(self) -> None:
            asked.append("closed")

    def crew(address: Any, *_: Any, **how: Any) -> Any:
        asked.append((address, how))
        raise ClusterError("Nobody comes.")

    monkeypatch.setattr(command, "cluster_of", lambda kind, wanted: asked.append((kind, wanted)) or Cluster())
    monkeypatch.setattr(dask_crew, "DaskCrew", crew)
    options = ["--cluster", "slurm", "--workers", "3", "--worker-gpus", "1", "--queue", "short", "--wait", "7"]
    assert main(["batch", source, *options]) == 105 and "Nobody comes." in capfd.readouterr().err
    (kind, wanted), (address, how), end = asked
    assert kind == "slurm" and (wanted.workers, wanted.gpus, wanted.queue) == (3, 1, "short")
    assert isinstance(address, Cluster) and how == {"patience": 120.0, "wait": 7.0} and end == "closed"
    asked.clear()
    assert main(["batch", source, "--scheduler", "tcp://farm:8786"]) == 105
    assert asked == [("tcp://farm:8786", {"patience": 120.0, "wait": 60.0})]
