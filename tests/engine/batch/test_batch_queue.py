"""The queue of a batch with simulated processes: who gets what, what is tried again, and what is never kept in mind."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.batch import queue_of
from lipmlp_engine.batch.capacity import Capacity, capacity_here
from lipmlp_engine.batch.conduct import conduct
from lipmlp_engine.batch.display import Display
from lipmlp_engine.batch.listing import read_list
from lipmlp_engine.batch.local import LocalCrew
from lipmlp_engine.batch.sheets import draw_sheets
from lipmlp_engine.batch.steps import Steps
from lipmlp_engine.batch.story import Story, morphs_in
from lipmlp_engine.batch.summary import write_summary
from lipmlp_engine.batch.tasks import Outcome, Task
from lipmlp_engine.job.events import Batch, MorphBegun, MorphEnded, MorphProgress, Progress
from tests.engine.batch_lists import Heard
from tests.engine.small_jobs import write_shapes


def run(
    place: Path, entries: list[dict[str, Any]], do: Any, capacity: Capacity | None = None, retries: int = 2,
    stopping: Any = lambda: False,
) -> tuple[Heard, Story]:  # fmt: skip
    if not (place / "box.stl").exists():
        write_shapes(place)
    path = place / "morphs.json"
    shapes = {"shapes": ["box.stl", "ball.obj"]}
    path.write_text(json.dumps([{"name": f"m{k}", **shapes, **entry} for k, entry in enumerate(entries)]))
    listing, heard = read_list(path), Heard()
    assert listing.refused == []
    story = Story(len(listing.orders), place / "record.jsonl", heard)
    crew = LocalCrew(capacity or Capacity(2, 1e12), do)
    left = listing.orders[::-1]
    steps = Steps((left.pop() for _ in range(len(left))), retries, gpus=lambda job: 0)
    conduct(steps, crew, story, stopping, lambda: len(left))
    crew.close()
    story.close()
    return heard, story


def test_as_many_run_side_by_side_as_there_is_room_for(tmp_path: Path) -> None:
    lock, at_once, most, threads = threading.Lock(), [0], [0], []

    def do(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        with lock:
            at_once[0] += 1
            most[0] = max(most[0], at_once[0])
            threads.append(task.threads)
        time.sleep(0.02)
        with lock:
            at_once[0] -= 1
        return Outcome("done")

    run(tmp_path, [{}] * 9, do, Capacity(4, 1e12))
    assert most[0] <= 4 and set(threads) >= {1}
    most[0] = 0
    run(tmp_path, [{"memory": 3}] * 6, do, Capacity(4, 7e9))
    assert most[0] == 2
    most[0] = 0
    run(tmp_path, [{"memory": 30}] * 2, do, Capacity(4, 7e9))  # more than there is: alone
    assert most[0] == 1
    threads.clear()
    run(tmp_path, [{"threads": 3}, {}], do, Capacity(4, 1e12))
    assert sorted(threads) == [1, 3]


def test_gpus_are_lent_and_given_back(tmp_path: Path) -> None:
    seen: list[str] = []

    def do(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        seen.append(around["CUDA_VISIBLE_DEVICES"])
        time.sleep(0.01)
        return Outcome("done")

    run(tmp_path, [{"gpus": 1}] * 4 + [{}] * 2, do, Capacity(6, 1e12, ("0", "1")))
    assert Counter(seen) == {"0": 2, "1": 2, "": 2}


def test_the_machine_is_asked_for_its_gpus_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    assert capacity_here(gpu_jobs=2).gpus == ("2", "2", "5", "5")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    here = capacity_here(cores=3, memory=5e9, most=1)
    assert here == Capacity(3, 5e9, (), 1)


def test_one_that_dies_is_tried_again_and_one_that_fails_is_not(tmp_path: Path) -> None:
    tries: Counter[str] = Counter()

    def do(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        tries[task.name] += 1
        hear(Progress("train", 0.5))
        if task.name == "m0" and task.attempt == 1:
            return Outcome("died", "The engine was ended by signal 9.", -9)
        if task.name == "m1":
            return Outcome("died", "The engine was ended by signal 9.", -9)
        if task.name == "m2":
            return Outcome("failed", "The shape is empty.", 3)
        if task.name == "m3":
            raise RuntimeError("a bug")
        return Outcome("done")

    heard, story = run(tmp_path, [{}] * 6, do, retries=2)
    assert tries == {"m0": 2, "m1": 3, "m2": 1, "m3": 1, "m4": 1, "m5": 1}
    assert {name: event.state for name, event in heard.ended.items()} == {
        "m0": "done", "m1": "failed", "m2": "failed", "m3": "failed", "m4": "done", "m5": "done",
    }  # fmt: skip
    assert heard.ended["m1"].sentence == "Tried 3 times: The engine was ended by signal 9."
    assert story.exit_code() == 3 and heard.done == sorted(heard.done)
    counts = write_summary(tmp_path / "record.jsonl", tmp_path / "summary.txt", tmp_path / "summary.json", 61.0)
    assert counts == {"done": 3, "failed": 3}
    table = (tmp_path / "summary.txt").read_text()
    assert "6 morphs in 61 s: 3 made, 3 failed" in table and "The shape is empty." in table
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["counts"] == {"done": 3, "failed": 3} and len(told["morphs"]) == 6
    (sheet,) = draw_sheets(tmp_path / "record.jsonl", tmp_path)
    assert sheet.stat().st_size > 1000


def test_a_film_is_trained_once_and_its_frames_are_shared_out(tmp_path: Path) -> None:
    stages: list[tuple[str, tuple[int, int]]] = []

    def do(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        stages.append((task.stage, task.frames))
        if task.frames == (3, 6) and task.attempt == 1:
            return Outcome("died", "Killed.", -9)
        return Outcome("done")

    heard, _ = run(tmp_path, [{"split": 3, "settings": {"extraction.frames": 9}}], do, Capacity(3, 1e12))
    assert stages[0] == ("model", (0, 0)) and stages[-1] == ("assemble", (0, 0))
    assert sorted(stages[1:-1]) == [("frames", (0, 3)), ("frames", (3, 6)), ("frames", (3, 6)), ("frames", (6, 9))]
    assert heard.ended["m0"].state == "done" and heard.ended["m0"].attempts == 2


def test_a_film_that_fails_in_one_part_fails_once(tmp_path: Path) -> None:
    def do(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        return Outcome("failed", "No room.", 4) if task.stage == "frames" else Outcome("done")

    heard, story = run(tmp_path, [{"split": 3}, {}], do)
    assert {name: event.state for name, event in heard.ended.items()} == {"m0": "failed", "m1": "done"}
    assert story.failed == 1


def test_stopping_ends_what_runs_and_tells_of_the_rest(tmp_path: Path) -> None:
    began = threading.Event()

    def do(task: Task, hear: Any, stopping: Any, around: Any = None) -> Outcome:
        began.set()
        while not stopping():
            time.sleep(0.01)
        return Outcome("cancelled", "Stopped.", 130)

    heard, story = run(tmp_path, [{}] * 5, do, stopping=began.is_set)
    assert {event.state for event in heard.ended.values()} == {"cancelled"} and len(heard.ended) == 5
    assert len(list(morphs_in(tmp_path / "record.jsonl"))) == 5 and story.exit_code() == 0


def test_the_exit_code_counts_to_a_hundred(tmp_path: Path) -> None:
    story = Story(300, tmp_path / "record.jsonl", Heard())
    for number in range(300):
        story.refuse(f"morph {number}", "no")
    story.close()
    assert story.exit_code() == 100 and len(story.failures) <= 20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells its memory so")
def test_a_long_queue_does_not_grow(tmp_path: Path) -> None:
    told = queue_of(tmp_path, 600)
    assert told["done"] == 600
    assert told["growth from the first tenth on, MB"] < 4


class Screen(io.StringIO):
    """A terminal that is asked for nothing but its lines."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_has_a_line_for_each_process_and_one_for_all() -> None:
    screen = Screen()
    display = Display(screen)
    display.hear(Batch(3, 1, "/results"))
    for name in ("cat", "dog"):
        display.hear(MorphBegun(name, name, f"/results/{name}", 1))
    display.hear(MorphProgress("cat", "cat", "train", 0.5, 90.0))
    display.overall(0.25, Counter({"failed": 1}))
    lines = screen.getvalue().split("\n")
    assert "cat: Training  2 min left" in lines[-3] and " 50%" in lines[-3]
    assert lines[-2] == "dog: starting" and lines[-1].endswith("25%  0 of 4 morphs, 1 failed")
    display.hear(MorphEnded("cat", "/results/cat", "done", seconds=61.0, attempts=2))
    drawn = screen.getvalue().rpartition("\x1b[2A")[2]
    assert drawn == "\x1b[JDone: cat in 61 s, 2 attempts\n"
    display.overall(0.5, Counter({"failed": 1, "done": 1}))
    assert screen.getvalue().rpartition("attempts\n")[2].count("\n") == 1
    display.hear(MorphEnded("evil\x1b[2J", "", "failed", "no\nroom"))
    display.close()
    assert "\x1b[2J" not in screen.getvalue() and "no room" in screen.getvalue()
